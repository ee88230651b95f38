import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type OriginOption, originPolicy, readAuthority } from "../../../src/node/server/origin.ts";

const HOST = "example.com";

/** Whether a page of `origin` may connect to `host`. */
function allows(
  option: OriginOption<unknown> | undefined,
  origin: string | undefined,
  host = HOST,
  secure = false,
): boolean {
  return originPolicy(option)(origin, host, secure, {});
}

describe("every policy", () => {
  it("[RFC6455-4.2.1-08] lets pass who sends no Origin, and is no browser", () => {
    for (const option of ["same", "any", [], ["https://a.example"], () => false] as const) {
      expect(allows(option, undefined)).toBe(true);
    }
  });

  it("is one of four, and anything else is a mistake", () => {
    for (const option of [null, true, "none", 7, {}, new Set(["https://a.example"])]) {
      expect(() => originPolicy(option as never)).toThrow(TypeError);
      expect(() => originPolicy(option as never)).toThrow("origin: must be");
    }
  });
});

describe("the same origin", () => {
  it("[RFC6455-10.2-01] is the default: a page of another host is refused", () => {
    expect(allows(undefined, "http://example.com")).toBe(true);
    expect(allows(undefined, "http://evil.example")).toBe(false);
    expect(allows("same", "http://evil.example")).toBe(false);
  });

  it("has the same host, in any case, and no other that begins or ends like it", () => {
    expect(allows("same", "http://EXAMPLE.com", "example.COM")).toBe(true);
    for (const origin of [
      "http://www.example.com",
      "http://example.com.evil.example",
      "http://evil-example.com",
      "http://example.co",
      "http://xample.com",
      "http://example.com.",
    ]) {
      expect(allows("same", origin)).toBe(false);
    }
  });

  it("has the same port, where the default one need not be written", () => {
    for (const [origin, host, secure] of [
      ["http://example.com", "example.com:80", false],
      ["http://example.com:80", "example.com", false],
      ["http://example.com:", "example.com:", false],
      ["http://example.com:8080", "example.com:8080", false],
      ["http://example.com:8080", "example.com:08080", false],
      ["https://example.com", "example.com:443", true],
      ["https://example.com:443", "example.com", true],
    ] as const) {
      expect(allows("same", origin, host, secure), `${origin} → ${host}`).toBe(true);
    }
    for (const [origin, host, secure] of [
      ["http://example.com", "example.com:8080", false],
      ["http://example.com:8080", "example.com", false],
      ["http://example.com", "example.com:443", false],
      ["https://example.com", "example.com:80", true],
      ["https://example.com:80", "example.com", true],
    ] as const) {
      expect(allows("same", origin, host, secure), `${origin} → ${host}`).toBe(false);
    }
  });

  it("may be an address of either version", () => {
    expect(allows("same", "http://127.0.0.1:9001", "127.0.0.1:9001")).toBe(true);
    expect(allows("same", "http://[::1]:9001", "[::1]:9001")).toBe(true);
    expect(allows("same", "https://[2001:DB8::1]", "[2001:db8::1]", true)).toBe(true);
    expect(allows("same", "http://[::1]:9001", "[::2]:9001")).toBe(false);
    expect(allows("same", "http://[::1]", "[::1]:9001")).toBe(false);
  });

  it("is not that of a page without encryption, where the connection is encrypted", () => {
    expect(allows("same", "http://example.com", "example.com", true)).toBe(false);
    expect(allows("same", "http://example.com:443", "example.com:443", true)).toBe(false);
    expect(allows("same", "https://example.com", "example.com", true)).toBe(true);
  });

  it("may be that of an encrypted page where a proxy has ended the encryption", () => {
    expect(allows("same", "https://example.com", "example.com", false)).toBe(true);
    expect(allows("same", "https://example.com:8443", "example.com:8443", false)).toBe(true);
    expect(allows("same", "https://example.com", "example.com:80", false)).toBe(false);
  });

  it("is never null, several origins, or anything that is not an origin", () => {
    for (const origin of [
      "",
      "null",
      "NULL",
      "example.com",
      "//example.com",
      "://example.com",
      "http:example.com",
      "http:/example.com",
      "http://",
      "http://example.com/",
      "http://example.com/path",
      "http://example.com?",
      "http://example.com#",
      "http://example.com http://example.com",
      "http://example.com, http://example.com",
      " http://example.com",
      "http://user@example.com",
      "http://evil.example\\@example.com",
      "http://example.com:0x50",
      "http://example.com:-1",
      "http://example.com:65536",
      "http://[::1",
      "ws://example.com",
      "file://example.com",
      "chrome-extension://example.com",
    ]) {
      expect(allows("same", origin), origin).toBe(false);
    }
  });

  it("needs a Host that is one", () => {
    for (const host of ["", ":80", "a b", "[::1", "null"]) {
      expect(allows("same", "http://example.com", host)).toBe(false);
      expect(allows("same", `http://${host}x`, host)).toBe(false);
    }
  });

  it("never throws, and never agrees with a host that does not stand in the origin", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.boolean(), (origin, host, secure) => {
        if (allows("same", origin, host, secure)) {
          expect(origin.toLowerCase()).toContain(readAuthority(host)?.host);
        }
      }),
    );
    const anyPart = fc.constantFrom(
      "http",
      "https",
      "://",
      ":",
      "80",
      "443",
      "example.com",
      "[::1]",
      ".",
      "@",
    );
    const anyOrigin = fc.array(anyPart, { maxLength: 7 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(anyOrigin, anyOrigin, fc.boolean(), (origin, host, secure) => {
        if (!allows("same", origin, host, secure)) return;
        // The platform's own parser agrees that this is one origin.
        const page = new URL(origin);
        expect(page.host).toBe(new URL(`${page.protocol}//${host}`).host);
      }),
    );
  });
});

describe("any", () => {
  it("is any, even what is no origin", () => {
    for (const origin of ["https://evil.example", "null", "", "nonsense"]) {
      expect(allows("any", origin)).toBe(true);
    }
  });
});

describe("a list", () => {
  it("allows its origins, exactly: scheme, host and port", () => {
    const list = ["https://example.com", "http://localhost:3000", "capacitor://localhost", "http://[::1]:80"];
    for (const origin of [
      "https://example.com",
      "HTTPS://Example.com:443",
      "http://localhost:3000",
      "capacitor://localhost",
      "http://[::1]",
    ]) {
      expect(allows(list, origin), origin).toBe(true);
    }
    for (const origin of [
      "http://example.com",
      "https://example.com:444",
      "https://www.example.com",
      "https://example.com.evil.example",
      "http://localhost",
      "capacitor://localhost:80",
      "https://[::1]:80",
      "null",
      "nonsense",
    ]) {
      expect(allows(list, origin), origin).toBe(false);
    }
  });

  it("does not allow the server's own host, unless it is named", () => {
    expect(allows(["https://other.example"], "https://example.com", "example.com", true)).toBe(false);
    expect(allows([], "https://example.com", "example.com", true)).toBe(false);
  });

  it("may name all subdomains of a domain, which is not among them", () => {
    const list = ["https://*.example.com", "http://*.Localhost:8080"];
    for (const origin of [
      "https://a.example.com",
      "https://a.b.example.com",
      "https://A.Example.COM:443",
      "http://app.localhost:8080",
    ]) {
      expect(allows(list, origin), origin).toBe(true);
    }
    for (const origin of [
      "https://example.com",
      "https://.example.com",
      "https://evil-example.com",
      "https://example.com.evil.example",
      "https://a.example.com.",
      "https://a.example.com:8443",
      "http://a.example.com",
      "http://app.localhost",
      "https://a@.example.com",
      "https://evil.example/.example.com",
      "https://evil.example#.example.com",
    ]) {
      expect(allows(list, origin), origin).toBe(false);
    }
  });

  it("is checked when it is given", () => {
    for (const entry of [
      "",
      "example.com",
      "//example.com",
      "https://",
      "https://example.com/",
      "https://example.com/path",
      "https://user@example.com",
      "https://example.com:port",
      "https://example.com:65536",
      "https://*",
      "https://*.",
      "https://*..com",
      "https://*.*.com",
      "https://*example.com",
      "https://a.*.example.com",
      "https://*.[::1]",
      "https://exa mple.com",
      "ht tp://example.com",
      "://example.com",
      "null",
      undefined,
      7,
      /example/,
    ]) {
      expect(() => originPolicy(["https://example.com", entry as string]), String(entry)).toThrow(TypeError);
      expect(() => originPolicy([entry as string])).toThrow("origin: ");
    }
    expect(() => originPolicy(["null"])).toThrow("sandboxed frame");
    expect(() => originPolicy(["https://example.com/\n"])).toThrow('"https://example.com/\\u000a" must be');
  });

  it("cannot be changed afterwards", () => {
    const list = ["https://example.com"];
    const policy = originPolicy(list);
    list.push("https://evil.example");
    expect(policy("https://evil.example", HOST, true, {})).toBe(false);
  });
});

describe("a function", () => {
  it("decides, and is told the origin as it was written, and the request", () => {
    const asked: unknown[] = [];
    const policy = originPolicy((origin: string, request: { target: string }) => {
      asked.push(origin, request.target);
      return request.target === "/public";
    });
    expect(policy("null", HOST, false, { target: "/public" })).toBe(true);
    expect(policy("HTTPS://Evil.example", HOST, false, { target: "/private" })).toBe(false);
    expect(policy(undefined, HOST, false, { target: "/private" })).toBe(true);
    expect(asked).toEqual(["null", "/public", "HTTPS://Evil.example", "/private"]);
  });

  it("must answer with true or false: a promise would be neither", () => {
    for (const answer of [Promise.resolve(false), undefined, 1, "yes"]) {
      const policy = originPolicy((() => answer) as never);
      expect(() => policy("https://evil.example", HOST, true, {})).toThrow(
        "origin: the function must return true or false",
      );
    }
  });
});

it("time grows with the length of an Origin only", () => {
  const hostile = [
    `https://${"a.".repeat(100_000)}example.com`,
    `https://${"[".repeat(100_000)}`,
    `https://[${":".repeat(100_000)}]`,
    `${"://".repeat(100_000)}`,
    `https://example.com:${"0".repeat(100_000)}`,
    `https://${"%41".repeat(50_000)}%`,
  ];
  const list = Array.from({ length: 100 }, (_, index) => `https://*.a${index}.example.com`);
  const before = performance.now();
  for (const origin of hostile) {
    expect(allows("same", origin)).toBe(false);
    expect(allows(list, origin)).toBe(false);
  }
  expect(performance.now() - before).toBeLessThan(1000); // it takes 30 ms
});

describe("an authority", () => {
  it("is a host in lower case, and a port if one is written", () => {
    for (const [text, host, port] of [
      ["Example.COM", "example.com", undefined],
      ["example.com:", "example.com", undefined],
      ["example.com:080", "example.com", 80],
      ["[2001:DB8::1]", "[2001:db8::1]", undefined],
      ["[::1]:9001", "[::1]", 9001],
      ["127.0.0.1:0", "127.0.0.1", 0],
    ] as const) {
      expect(readAuthority(text)).toEqual({ host, port });
    }
    for (const text of ["", ":80", "::1", "[::1]80", "a:b", "a:1:2", "a/b"]) {
      expect(readAuthority(text)).toBeUndefined();
    }
  });
});
