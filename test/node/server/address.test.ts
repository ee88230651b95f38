import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  AddressCounter,
  cameSecurely,
  clientAddress,
  MAX_HOPS,
  type TrustProxyOption,
  trustedProxies,
} from "../../../src/node/server/address.ts";

const CLIENT = "203.0.113.7";

/** Who it is, when `remote` connects and reports `forwardedFor`. */
function client(remote: string | undefined, forwardedFor: string | undefined, trust?: TrustProxyOption) {
  return clientAddress(remote, forwardedFor, trustedProxies(trust));
}

const trusts = (address: string, ...ranges: string[]): boolean => trustedProxies(ranges)(address, 0);

describe("without trusted proxies", () => {
  it("the peer is who connects, whatever it reports", () => {
    expect(client(CLIENT, undefined)).toBe(CLIENT);
    expect(client(CLIENT, "127.0.0.1")).toBe(CLIENT);
    expect(client("127.0.0.1", CLIENT, false)).toBe("127.0.0.1");
  });

  it("an address has one form: IPv4 as such, IPv6 in its shortest, without a zone", () => {
    for (const [remote, address] of [
      ["::ffff:203.0.113.7", CLIENT],
      ["::FFFF:cb00:7107", CLIENT],
      ["0:0:0:0:0:ffff:203.0.113.7", CLIENT],
      ["2001:0DB8:0:0:0:0:0:1", "2001:db8::1"],
      ["::1", "::1"],
      ["::ffff:1:203.0.113.7", "::ffff:1:cb00:7107"],
      ["fe80::1%eth0", "fe80::1"],
    ] as const) {
      expect(client(remote, undefined)).toBe(address);
    }
  });

  it("a peer on a Unix socket, or gone already, has none", () => {
    expect(client(undefined, undefined)).toBe("");
    expect(client("", undefined)).toBe("");
    expect(client("nonsense", undefined)).toBe("");
  });
});

describe("a number of hops", () => {
  it("counts the connection itself as the first, and entries from the right", () => {
    const forwarded = "1.1.1.1, 2.2.2.2, 3.3.3.3";
    expect(client("10.0.0.1", forwarded, 1)).toBe("3.3.3.3");
    expect(client("10.0.0.1", forwarded, 2)).toBe("2.2.2.2");
    expect(client("10.0.0.1", forwarded, 3)).toBe("1.1.1.1");
  });

  it("stops where the header ends", () => {
    expect(client("10.0.0.1", "1.1.1.1", 3)).toBe("1.1.1.1");
    expect(client("10.0.0.1", undefined, 3)).toBe("10.0.0.1");
  });

  it("trusts a proxy that has no address", () => {
    expect(client(undefined, CLIENT, 1)).toBe(CLIENT);
  });

  it("is at least one, and at most what is followed", () => {
    expect(() => trustedProxies(MAX_HOPS)).not.toThrow();
    for (const hops of [0, -1, 1.5, MAX_HOPS + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => trustedProxies(hops)).toThrow(RangeError);
      expect(() => trustedProxies(hops)).toThrow("trustProxy: must be a number of hops from 1 to 32");
    }
  });
});

describe("a list of proxies", () => {
  it("lets only those speak for others, and the first other one is the client", () => {
    const trust = ["10.0.0.0/8", "192.168.1.1"];
    expect(client("10.0.0.1", CLIENT, trust)).toBe(CLIENT);
    expect(client("10.0.0.1", `1.2.3.4, ${CLIENT}, 192.168.1.1`, trust)).toBe(CLIENT);
    expect(client("192.168.1.2", CLIENT, trust)).toBe("192.168.1.2");
    expect(client("10.0.0.1", `${CLIENT},10.0.0.3,10.0.0.2`, trust)).toBe(CLIENT);
    expect(client("10.0.0.1", "10.0.0.3,10.0.0.2", trust)).toBe("10.0.0.3");
  });

  it("knows them in every form that a socket or a header gives", () => {
    const trust = ["10.0.0.1", "FD00:0::/16"];
    expect(client("::ffff:10.0.0.1", CLIENT, trust)).toBe(CLIENT);
    expect(client("::ffff:a00:1", `${CLIENT}, fd00::00ff`, trust)).toBe(CLIENT);
    expect(client("fd00::1%eth0", CLIENT, trust)).toBe(CLIENT);
    expect(client("fd01::1", CLIENT, trust)).toBe("fd01::1");
  });

  it("does not trust what has no address", () => {
    expect(client(undefined, CLIENT, ["0.0.0.0/0", "::/0"])).toBe("");
  });

  it("takes loopback for both versions", () => {
    for (const address of ["127.0.0.1", "127.255.255.254", "::1"]) {
      expect(trusts(address, "loopback")).toBe(true);
    }
    for (const address of ["128.0.0.1", "126.255.255.255", "::2", "::", ""]) {
      expect(trusts(address, "loopback")).toBe(false);
    }
  });

  it("keeps the versions apart", () => {
    expect(trusts("10.1.1.1", "::/0")).toBe(false);
    expect(trusts("2001:db8::1", "::/0")).toBe(true);
    expect(trusts("2001:db8::1", "0.0.0.0/0")).toBe(false);
    expect(trusts("10.1.1.1", "0.0.0.0/0")).toBe(true);
  });

  it("reads a range of IPv4 addresses also in its IPv6 form", () => {
    expect(trusts("10.1.1.1", "::ffff:10.0.0.0/104")).toBe(true);
    expect(trusts("11.1.1.1", "::ffff:10.0.0.0/104")).toBe(false);
    expect(trusts("10.1.1.1", "::ffff:10.1.1.1")).toBe(true);
    expect(trusts("10.1.1.2", "::ffff:10.1.1.1/128")).toBe(false);
  });

  it("compares exactly the bits of the prefix", () => {
    const anyBytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    const v4 = (bytes: Uint8Array): string => bytes.join(".");
    const v6 = (bytes: Uint8Array): string =>
      Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16)).join(":");
    for (const [length, write] of [
      [4, v4],
      [16, v6],
    ] as const) {
      const anyCase = fc.tuple(anyBytes(length), fc.nat(length * 8), fc.nat(length * 8 - 1));
      fc.assert(
        fc.property(anyCase, ([bytes, prefix, bit]) => {
          const other = bytes.slice();
          other[bit >> 3]! ^= 0x80 >> (bit & 7);
          const address = client(write(other), undefined);
          fc.pre(length === 4 || address.includes(":")); // not one of IPv4 after all
          expect(trusts(address, `${write(bytes)}/${prefix}`)).toBe(bit >= prefix);
        }),
      );
    }
  });

  it("is checked when it is given", () => {
    for (const entry of [
      "",
      "proxy.example",
      "10.0.0",
      "10.0.0.256",
      "10.0.0.1:80",
      "[::1]",
      "fe80::1%eth0",
      "Loopback",
      "10.0.0.0/",
      "10.0.0.0/33",
      "10.0.0.0/-1",
      "10.0.0.0/8.5",
      "10.0.0.0/08",
      "10.0.0.0/ 8",
      "10.0.0.0/1e1",
      "10.0.0.0/8/8",
      "10.0.0.0/255.0.0.0",
      "::/129",
      "::ffff:10.0.0.0/95",
      "/8",
      7,
      null,
    ]) {
      expect(() => trustedProxies(["10.0.0.1", entry as string]), String(entry)).toThrow(TypeError);
      expect(() => trustedProxies([entry as string])).toThrow("trustProxy: ");
    }
    for (const option of [true, null, "loopback", {}]) {
      expect(() => trustedProxies(option as never)).toThrow(TypeError);
      expect(() => trustedProxies(option as never)).toThrow("trustProxy: must be false, a number");
    }
  });
});

describe("an entry of X-Forwarded-For", () => {
  it("may have a port, brackets, and space around it", () => {
    for (const [entry, address] of [
      [`${CLIENT}:4711`, CLIENT],
      [` \t${CLIENT} `, CLIENT],
      ["2001:DB8::1", "2001:db8::1"],
      ["[2001:db8::1]", "2001:db8::1"],
      ["[2001:db8::1]:4711", "2001:db8::1"],
      ["[::ffff:203.0.113.7]:4711", CLIENT],
      ["::ffff:203.0.113.7", CLIENT],
      ["::1", "::1"],
      [`${CLIENT}:`, CLIENT],
      ["[0000:0000:0000:0000:0000:ffff:203.100.113.107]:65535", "203.100.113.107"],
    ] as const) {
      expect(client("10.0.0.1", entry, 1), entry).toBe(address);
    }
  });

  it("that is no address ends the walk at the proxy that wrote it", () => {
    for (const entry of [
      "",
      " ",
      "unknown",
      "_hidden",
      "203.0.113",
      "203.0.113.07",
      "203.0.113.7:port",
      "203.0.113.7:65536",
      "203.0.113.7/32",
      "203.0.113.7 203.0.113.8",
      "[203.0.113.7]",
      "[2001:db8::1",
      "2001:db8::1]",
      "[2001:db8::1]4711",
      "[[2001:db8::1]]",
      "2001:db8::1::2",
      "fe80::1%eth0",
      "[fe80::1%eth0]",
      '"203.0.113.7"',
      "for=203.0.113.7",
      "[0000:0000:0000:0000:0000:ffff:203.000.113.007]:65535",
      `1.1.1.1:${"0".repeat(100_000)}80`,
      `[${":".repeat(100_000)}]`,
    ]) {
      expect(client("10.0.0.1", entry, 2), entry).toBe("10.0.0.1");
      expect(client("10.0.0.1", `1.1.1.1, ${entry}, 10.0.0.2`, 3), entry).toBe("10.0.0.2");
    }
  });

  it("that a client invented is never reached, whatever it says", () => {
    fc.assert(
      fc.property(fc.string(), (invented) => {
        expect(client("10.0.0.1", `${invented}, ${CLIENT}`, ["10.0.0.1"])).toBe(CLIENT);
      }),
    );
  });

  it("never makes anybody throw, and gives an address of the header or the proxy's", () => {
    const part = fc.constantFrom(
      "10.0.0.1",
      "fd00::1",
      CLIENT,
      ",",
      ", ",
      ":",
      "[",
      "]",
      "%",
      "::",
      "80",
      "x",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const address = client("10.0.0.1", parts.join(""), ["10.0.0.0/8", "fd00::/8"]);
        expect(client(address, undefined)).toBe(address);
        expect(address).not.toBe("");
      }),
    );
  });
});

it("a header full of trusted addresses is followed for 32 hops, and no further", () => {
  let asked = 0;
  const address = clientAddress("10.0.0.1", Array(5000).fill("10.0.0.2").join(), (_, hop) => {
    expect(hop).toBe(asked++);
    return true;
  });
  expect(asked).toBe(MAX_HOPS);
  expect(address).toBe("10.0.0.2");
});

describe("the counter", () => {
  it("counts the connections of each address, and forgets those that have none", () => {
    const counter = new AddressCounter();
    expect([counter.add("10.0.0.1"), counter.add("10.0.0.1"), counter.add("10.0.0.2")]).toEqual([1, 2, 1]);
    expect([counter.count("10.0.0.1"), counter.count("10.0.0.3"), counter.size]).toEqual([2, 0, 2]);
    counter.remove("10.0.0.1");
    expect(counter.count("10.0.0.1")).toBe(1);
    counter.remove("10.0.0.1");
    counter.remove("10.0.0.2");
    expect([counter.count("10.0.0.1"), counter.size]).toEqual([0, 0]);
  });

  it("counts IPv6 addresses by their network of 64 bits", () => {
    for (const [one, other] of [
      ["2001:db8::1", "2001:db8::2:3:4:5"],
      ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"],
      ["2001:db8:1:2::7", "2001:db8:1:2:ffff:ffff:ffff:ffff"],
      ["::1", "::2"],
      ["fe80::1", "fe80::2"],
      ["1::2:3:4:5:6:7", "1:0:2:3:9:9:9:9"],
      ["0:0:1::", "0:0:1:0:1::"],
    ] as const) {
      const counter = new AddressCounter();
      counter.add(one);
      expect(counter.add(other), `${one} ${other}`).toBe(2);
      expect(counter.size).toBe(1);
    }
    for (const [one, other] of [
      ["2001:db8::1", "2001:db8:0:1::1"],
      ["2001:db8:1:2::", "2001:db8:1:3::"],
      ["::1", "1::1"],
      ["::1:0:0:0:1", "::1"],
      ["1::2:3:4:5:6:7", "1::3:4:5:6:7"],
    ] as const) {
      const counter = new AddressCounter();
      counter.add(one);
      expect(counter.add(other), `${one} ${other}`).toBe(1);
    }
  });

  it("counts IPv4 addresses one by one", () => {
    const counter = new AddressCounter();
    counter.add(client("::ffff:10.0.0.1", undefined));
    expect(counter.add("10.0.0.1")).toBe(2);
    expect(counter.add("10.0.0.2")).toBe(1);
  });

  it("does not count peers without an address", () => {
    const counter = new AddressCounter();
    expect([counter.add(""), counter.add(""), counter.size]).toEqual([0, 0, 0]);
    counter.remove("");
  });

  it("finds a connection that is taken off twice", () => {
    const counter = new AddressCounter();
    counter.add("10.0.0.1");
    counter.remove("10.0.0.1");
    expect(() => counter.remove("10.0.0.1")).toThrow('remove: no connection of "10.0.0.1" is counted');
  });

  it("is empty again after any number of connections, in any order", () => {
    const anyAddress = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom("10.0.0.1", "::1", ""));
    fc.assert(
      fc.property(fc.array(anyAddress), fc.infiniteStream(fc.nat()), (written, order) => {
        const counter = new AddressCounter();
        const left = written.map((text) => client(text, undefined));
        for (const address of left) counter.add(address);
        while (left.length > 0) {
          const [address = ""] = left.splice(order.next().value % left.length, 1);
          counter.remove(address);
        }
        expect(counter.size).toBe(0);
      }),
    );
  });
});

describe("the scheme a client used", () => {
  const trusted = trustedProxies(["loopback"]);

  it("is what the nearest proxy says, if it is trusted", () => {
    expect(cameSecurely("127.0.0.1", "https", trusted)).toBe(true);
    expect(cameSecurely("::ffff:127.0.0.1", "http, HTTPS ", trusted)).toBe(true);
    expect(cameSecurely("127.0.0.1", "https, http", trusted)).toBe(false);
    expect(cameSecurely("127.0.0.1", undefined, trusted)).toBe(false);
    expect(cameSecurely("192.0.2.1", "https", trusted)).toBe(false);
    expect(cameSecurely(undefined, "https", trusted)).toBe(false);
  });
});
