import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { follow, isRedirect, type Redirect } from "../../../src/node/client/redirect.ts";
import { readUrl } from "../../../src/node/client/url.ts";
import { Fields } from "../../../src/protocol/fields.ts";

const FROM = "ws://me:hunter2@example.com/a/b?c";
const SECRETS = {
  Authorization: "Basic x",
  Cookie: "session=x",
  Cookie2: "x",
  "Proxy-Authorization": "Basic x",
  "X-Api-Key": "x",
};
const HARMLESS = { "User-Agent": "framewright", "accept-language": "de" };

/** A redirect from `from`, with one Location; and what it leads to, if it leads anywhere. */
function redirect(location: string, from = FROM, fields: Record<string, string> = {}): Redirect {
  return follow(readUrl(from), [location], new Fields(fields));
}

function hrefBehind(location: string, from?: string): string | undefined {
  const result = redirect(location, from);
  return result.ok ? result.url.href : undefined;
}

function namesBehind(result: Redirect): string[] {
  if (!result.ok) throw new Error(result.rule);
  return Array.from(result.fields, ([name]) => name);
}

describe("a redirect", () => {
  it("is one of five statuses, and no other of the third class", () => {
    const redirects = Array.from({ length: 500 }, (_, index) => index + 100).filter(isRedirect);
    expect(redirects).toEqual([301, 302, 303, 307, 308]);
  });

  it("leads to an absolute Location, in whichever scheme it is written", () => {
    for (const [location, href] of [
      ["ws://other.example/x", "ws://other.example/x"],
      ["http://other.example/x", "ws://other.example/x"],
      ["wss://other.example:8443", "wss://other.example:8443/"],
      ["HTTPS://other.example", "wss://other.example/"],
    ] as const) {
      expect(hrefBehind(location)).toBe(href);
    }
  });

  it("leads to a relative Location, from the URL that was asked for", () => {
    for (const [location, href] of [
      ["/x?y", "ws://example.com/x?y"],
      ["x", "ws://example.com/a/x"],
      ["../x", "ws://example.com/x"],
      ["?y", "ws://example.com/a/b?y"],
      ["//other.example/x", "ws://other.example/x"],
    ] as const) {
      expect(hrefBehind(location)).toBe(href);
    }
    expect(hrefBehind("//other.example/x", "wss://example.com/")).toBe("wss://other.example/x");
  });

  it("leads to a Location without its fragment", () => {
    expect(hrefBehind("/x#y")).toBe("ws://example.com/x");
    expect(hrefBehind("#")).toBe("ws://example.com/a/b?c");
  });

  it("leads nowhere without a Location", () => {
    expect(follow(readUrl(FROM), [], new Fields())).toEqual({
      ok: false,
      rule: "redirect-without-location",
      detail: "",
    });
  });

  it("leads nowhere with two Locations, equal ones too", () => {
    for (const locations of [
      ["/x", "/x"],
      ["/x", "/y", "/z"],
    ]) {
      expect(follow(readUrl(FROM), locations, new Fields())).toEqual({
        ok: false,
        rule: "redirect-to-invalid-url",
        detail: `${locations.length} Locations`,
      });
    }
  });

  it("leads nowhere with a Location that is no URL of a WebSocket", () => {
    for (const location of [
      "",
      " ",
      "/x y",
      "/\u00fc",
      "/\x7f",
      "/x, /y",
      "http://",
      "http://h:99999/",
      "http://h:0/",
      "http://a{b/",
      "http://[::/",
      "ftp://other.example/",
      "file:///etc/passwd",
      "javascript:alert(1)",
      "data:,x",
    ]) {
      expect(redirect(location)).toMatchObject({ ok: false, rule: "redirect-to-invalid-url" });
    }
    expect(redirect("ftp://h/")).toMatchObject({ detail: '"ftp://h/"' });
  });

  it("leads nowhere with credentials in the Location, and does not show them", () => {
    for (const location of [
      "ws://you:secret@example.com/",
      "http://you@other.example/",
      "//:secret@example.com/",
      "//%:secret@example.com/",
      "https://you:secret@h:99999/",
    ]) {
      const result = redirect(location);
      expect(result).toMatchObject({ ok: false, rule: "redirect-to-invalid-url" });
      expect(JSON.stringify(result)).not.toContain("secret");
    }
  });

  it("does not lead from an encrypted connection to one that is not", () => {
    for (const location of ["ws://example.com/", "http://example.com/", "http://other.example:443/"]) {
      expect(redirect(location, "wss://example.com/")).toEqual({
        ok: false,
        rule: "redirect-to-insecure",
        detail: `"${location}"`,
      });
    }
    expect(hrefBehind("https://example.com/", "wss://example.com/x")).toBe("wss://example.com/");
    expect(hrefBehind("https://example.com/", "ws://example.com/x")).toBe("wss://example.com/");
  });

  it("has a detail that fits on a line, whatever the server wrote", () => {
    const result = redirect(`/${"\u00ff".repeat(5000)}`);
    expect(result.ok ? "" : result.detail).toMatch(/^[\x20-\x7e…]{1,500}$/);
  });

  it("never throws, and never leads anywhere with credentials of the server's, whatever it answers", () => {
    const odd = fc.string({ unit: fc.constantFrom(..."ab0:/@#?%.\\ \xff\u{1f600}") });
    const beginnings = fc.constantFrom(
      "",
      "/",
      "//",
      "ws://h/",
      "https://h:8443/",
      "http://",
      "wss:",
      "ftp://",
    );
    const locations = fc.array(
      fc.tuple(beginnings, odd).map((parts) => parts.join("")),
      { maxLength: 2 },
    );
    fc.assert(
      fc.property(locations, fc.constantFrom(FROM, "wss://h:8443/"), (list, from) => {
        const result = follow(readUrl(from), list, new Fields(SECRETS));
        if (!result.ok) return;
        const same = result.url.origin === readUrl(from).origin;
        expect(result.url.credentials).toEqual(same ? readUrl(from).credentials : undefined);
        expect(result.fields.size).toBe(same ? Object.keys(SECRETS).length : 0);
        expect(result.url.secure || !readUrl(from).secure).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe("what goes along with a redirect", () => {
  it("is everything, to the same origin", () => {
    for (const location of ["/x", "x", "http://EXAMPLE.com:80/x", "ws://example.com"]) {
      const result = redirect(location, FROM, { ...SECRETS, ...HARMLESS });
      expect(namesBehind(result)).toEqual(Object.keys({ ...SECRETS, ...HARMLESS }));
      expect(result).toMatchObject({ url: { credentials: { username: "me", password: "hunter2" } } });
    }
  });

  it("is only what is harmless, to another host, another port, another scheme", () => {
    for (const location of [
      "ws://other.example/",
      "ws://sub.example.com/",
      "ws://example.com.evil.example/",
      "ws://example.com./",
      "ws://example.com:8080/",
      "wss://example.com/",
      "https://example.com/",
    ]) {
      const result = redirect(location, FROM, { ...SECRETS, ...HARMLESS });
      expect(namesBehind(result)).toEqual(Object.keys(HARMLESS));
      expect(result).toMatchObject({ ok: true, url: { credentials: undefined } });
    }
  });

  it("does not come back when a later redirect does", () => {
    const away = redirect("ws://other.example/", FROM, { ...SECRETS, ...HARMLESS });
    if (!away.ok) throw new Error(away.rule);
    const back = follow(away.url, ["ws://example.com/"], away.fields);
    expect(namesBehind(back)).toEqual(Object.keys(HARMLESS));
    expect(back).toMatchObject({ url: { credentials: undefined } });
  });
});
