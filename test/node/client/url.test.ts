import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { basicAuthorization, readUrl } from "../../../src/node/client/url.ts";
import { ClientHandshake } from "../../../src/protocol/client-handshake.ts";

/** What `call` throws. */
function thrownBy(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

describe("a URL", () => {
  it("says where to connect to, and what to ask for", () => {
    expect(readUrl("wss://User:s%C3%A9cret@Example.COM:8443/chat?room=1")).toEqual({
      secure: true,
      hostname: "example.com",
      port: 8443,
      host: "example.com:8443",
      target: "/chat?room=1",
      credentials: { username: "User", password: "sécret" },
      href: "wss://example.com:8443/chat?room=1",
      origin: "wss://example.com:8443",
    });
  });

  it("may be a URL object, which stays as it is", () => {
    const url = new URL("http://me:secret@example.com/#");
    url.hash = "";
    const before = url.href;
    expect(readUrl(url)).toEqual(readUrl("ws://me:secret@example.com/"));
    expect(url.href).toBe(before);
  });

  it("[RFC6455-3-01] has port 80 or 443 by default, which Host leaves out and the origin does not", () => {
    for (const [text, port, host, origin] of [
      ["ws://h", 80, "h", "ws://h:80"],
      ["ws://h:80", 80, "h", "ws://h:80"],
      ["ws://h:", 80, "h", "ws://h:80"],
      ["wss://h", 443, "h", "wss://h:443"],
      ["wss://h:0443", 443, "h", "wss://h:443"],
      ["ws://h:443", 443, "h:443", "ws://h:443"],
      ["wss://h:80", 80, "h:80", "wss://h:80"],
      ["http://h:443", 443, "h:443", "ws://h:443"],
      ["ws://h:65535", 65535, "h:65535", "ws://h:65535"],
    ] as const) {
      expect(readUrl(text)).toMatchObject({ port, host, origin });
    }
  });

  it("[RFC6455-3-02] [WHATWG-WS-2.1-01] asks for its path and its query, and for / where there is no path", () => {
    for (const [text, target] of [
      ["ws://h", "/"],
      ["ws://h/", "/"],
      ["ws://h?q", "/?q"],
      ["ws://h/?", "/"],
      ["ws://h/a/b", "/a/b"],
      ["ws://h/a/../b?c=d?e", "/b?c=d?e"],
      ["ws://h//evil.example/x", "//evil.example/x"],
    ] as const) {
      expect(readUrl(text).target).toBe(target);
    }
  });

  it("[RFC6455-3-03] has no fragment, not even an empty one", () => {
    for (const text of ["ws://h/#f", "ws://h/#", "ws://h/?q#", "ws://h#", "ws://h/##"]) {
      expect(() => readUrl(text)).toThrow(new TypeError("url: must not have a fragment (#)"));
      expect(() => readUrl(new URL(text))).toThrow(TypeError);
    }
  });

  it("[RFC6455-3-04] keeps a # that is escaped", () => {
    expect(readUrl("ws://h/a%23b?c%23d").target).toBe("/a%23b?c%23d");
  });

  it("[RFC6455-3-05] [WHATWG-WS-2.1-02] is secure with the scheme wss, in any case, and with https, which means it", () => {
    for (const [text, secure, href] of [
      ["ws://h/", false, "ws://h/"],
      ["WS://h/", false, "ws://h/"],
      ["http://h/", false, "ws://h/"],
      ["wss://h/", true, "wss://h/"],
      ["WsS://h/", true, "wss://h/"],
      ["HTTPS://h/", true, "wss://h/"],
    ] as const) {
      expect(readUrl(text)).toMatchObject({ secure, href });
    }
  });

  it("[RFC6455-11.1.1-01] [RFC6455-11.1.2-01] writes an international name in ASCII", () => {
    expect(readUrl("ws://Bücher.example/").hostname).toBe("xn--bcher-kva.example");
    expect(readUrl("wss://bücher.example/").host).toBe("xn--bcher-kva.example");
  });

  it("[RFC6455-11.1.1-02] [RFC6455-11.1.2-02] writes all else that is not ASCII as escapes of its UTF-8", () => {
    expect(readUrl("ws://h/ü x?é").target).toBe("/%C3%BC%20x?%C3%A9");
    expect(readUrl("wss://h/ü x?é").target).toBe("/%C3%BC%20x?%C3%A9");
  });

  it("has an IPv6 address in brackets for Host, and without for the connection", () => {
    expect(readUrl("ws://[0:0::1]:8080/")).toMatchObject({
      hostname: "::1",
      host: "[::1]:8080",
      origin: "ws://[::1]:8080",
    });
  });

  it("has one form for each IPv4 address, so that no other spelling passes for another host", () => {
    for (const text of ["ws://127.0.0.1/", "ws://127.1/", "ws://0x7f000001/", "ws://2130706433/"]) {
      expect(readUrl(text).hostname).toBe("127.0.0.1");
    }
  });

  it("is no URL of a WebSocket with any other scheme", () => {
    for (const scheme of ["ftp", "file", "javascript", "data", "blob", "wsss", "localhost"]) {
      expect(() => readUrl(`${scheme}://h/`)).toThrow(
        new TypeError(`url: the scheme must be ws, wss, http or https, not "${scheme}:"`),
      );
    }
  });

  it("is absolute, and has a host", () => {
    for (const input of [
      "",
      "/chat",
      "example.com",
      "//example.com",
      "ws://",
      "ws://:80/",
      "ws://?q",
      null,
      7,
    ]) {
      expect(() => readUrl(input as never)).toThrow(
        new TypeError("url: must be an absolute URL, such as wss://example.com/chat"),
      );
    }
    expect(() => readUrl(Symbol("ws://h/") as never)).toThrow("url: must be");
  });

  it("has a host that can stand in a header field", () => {
    for (const host of ['a"b', "a{b", "a`b", "a%22b"]) {
      expect(() => readUrl(`ws://${host}/`)).toThrow(/^url: ".*" is not a host$/);
    }
  });

  it("has a port where something can listen", () => {
    expect(() => readUrl("ws://h:0/")).toThrow(new TypeError("url: nothing can listen on port 0"));
    expect(() => readUrl("ws://h:65536/")).toThrow("url: must be");
  });

  it("may be that of another option, which an error names", () => {
    expect(() => readUrl("/", "proxy")).toThrow("proxy: must be");
    expect(() => readUrl("ftp://h/", "proxy")).toThrow("proxy: the scheme");
    expect(() => readUrl("ws://h/#", "proxy")).toThrow("proxy: must not");
    expect(() => readUrl("ws://a{b/", "proxy")).toThrow("proxy: ");
    expect(() => readUrl("ws://h:0/", "proxy")).toThrow("proxy: nothing");
    expect(() => readUrl("ws://%:@h/", "proxy")).toThrow("proxy: in the username");
  });

  it("[RFC6455-4.1-03] is either refused with a TypeError, or good for a handshake and equal to its own href, whatever it is", () => {
    const beginnings = [
      "",
      "ws://",
      "ws:",
      "ws://u:",
      "wss://example.com",
      "https://h:",
      "http://[::1]/",
      "wss://h/",
      "ws://h?",
    ];
    const odd = fc.string({
      unit: fc.constantFrom(..."abc012:/?#[]@%\\ \t\n.\"'{}|^`é\u{1f600}\ud800\x7f\0-_~!*"),
    });
    const texts = fc.tuple(fc.constantFrom(...beginnings), odd).map((parts) => parts.join(""));
    fc.assert(
      fc.property(texts, (text) => {
        let url: ReturnType<typeof readUrl>;
        try {
          url = readUrl(text);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          expect((error as Error).message).toMatch(/^url: /);
          return;
        }
        expect(() => new ClientHandshake({ host: url.host, target: url.target })).not.toThrow();
        expect(readUrl(url.href)).toEqual({ ...url, credentials: undefined });
      }),
      { numRuns: 500 },
    );
  });
});

describe("the credentials of a URL", () => {
  it("are there when either of them is", () => {
    expect(readUrl("ws://h/").credentials).toBeUndefined();
    expect(readUrl("ws://:@h/").credentials).toBeUndefined();
    expect(readUrl("ws://me@h/").credentials).toEqual({ username: "me", password: "" });
    expect(readUrl("ws://:secret@h/").credentials).toEqual({ username: "", password: "secret" });
  });

  it("come without their escapes", () => {
    expect(readUrl("ws://a%40b:c%3Ad%25@h/").credentials).toEqual({ username: "a@b", password: "c:d%" });
  });

  it("are refused where the escapes are none, instead of being sent as something else", () => {
    for (const text of ["ws://me:100%sure@h/", "ws://100%:x@h/", "ws://me:%ff@h/"]) {
      expect(() => readUrl(text)).toThrow("url: in the username or the password");
    }
  });

  it("are in no other part of the URL", () => {
    const { credentials: _, ...others } = readUrl("ws://myself:hunter2@h:81/x?y");
    expect(JSON.stringify(others)).not.toMatch(/myself|hunter2/);
  });

  it("are in no error, whatever is wrong with the URL", () => {
    for (const rest of ["h/#", "h:0/", "a{b/", "h:99999/", "", "h o/", "[::/", "h/%#"]) {
      const error = thrownBy(() => readUrl(`ws://me:hunter2@${rest}`));
      expect(JSON.stringify([error.message, error.stack, error.cause, { ...error }])).not.toContain(
        "hunter2",
      );
    }
    expect(thrownBy(() => readUrl("ftp://me:hunter2@h/")).message).not.toContain("hunter2");
    expect(thrownBy(() => readUrl("ws://me:hunter2%@h/")).message).not.toContain("hunter2");
  });
});

describe("basic authorization", () => {
  it("is base64 of both, with a colon between them", () => {
    expect(basicAuthorization({ username: "Aladdin", password: "open sesame" })).toBe(
      "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
    );
    expect(basicAuthorization({ username: "", password: ":" })).toBe("Basic Ojo=");
  });

  it("is UTF-8, as in the example of RFC 7617", () => {
    expect(basicAuthorization({ username: "test", password: "123£" })).toBe("Basic dGVzdDoxMjPCow==");
  });

  it("has no username with a colon, and no controls, and does not show them", () => {
    for (const [username, password] of [
      ["hunter2:", ""],
      ["hunter2\n", ""],
      ["me", "hunter2\x7f"],
      ["me", "hunter2\0"],
    ] as const) {
      const error = thrownBy(() => basicAuthorization({ username, password }));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(/^credentials: /);
      expect(error.message).not.toContain("hunter2");
    }
  });
});
