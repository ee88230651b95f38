/**
 * Target: the grammars of header fields (RFC 9110 §5.6, RFC 6455 §4.3, §9.1), judged against plainer readings.
 *
 * The whole input is one field value.
 */

import { isIPv6 } from "node:net";
import {
  type ExtensionElement,
  Fields,
  fromLatin1,
  isHost,
  isKey,
  isToken,
  type Parameter,
  readExtensions,
  readProtocols,
  readTokens,
  toLatin1,
  writeExtension,
} from "../../src/protocol/fields.ts";
import { readTarget } from "../../src/protocol/http.ts";
import { bytesOf } from "../../test/helpers/frames.ts";
import { check, checkSame, checkSameBytes } from "../check.ts";
import type { Target } from "../executor.ts";

// Regular expressions are no way to read what a peer has sent, but a good second opinion.
const CHARACTER = "[-!#$%&'*+.^_`|~\\w]";
const TOKEN = new RegExp(`^${CHARACTER}+$`);
const PROTOCOL = new RegExp(`^${CHARACTER}+(/${CHARACTER}+)?$`);
const VALUE = `((?<token>${CHARACTER}+)|"(?<quoted>(\\\\?${CHARACTER})+)")`;
const PARAMETER = new RegExp(`^(?<name>${CHARACTER}+)([ \\t]*=[ \\t]*${VALUE})?$`);
const OUTER_SPACE = /^[ \t]+|[ \t]+$/g;
const KEY = /^[A-Za-z0-9+/]{22}==$/;

function run(data: Uint8Array): number {
  const value = fromLatin1(data);
  checkSameBytes(toLatin1(value), data, "fromLatin1, toLatin1: bytes do not come back");

  checkSame(isToken(value), TOKEN.test(value), "isToken: it disagrees with its grammar");
  checkSame(readTokens(value), plainList(value, TOKEN), "readTokens: it disagrees with its grammar");
  checkSame(readProtocols(value), plainList(value, PROTOCOL), "readProtocols: it disagrees with its grammar");
  checkSame(isKey(value), KEY.test(value), "isKey: it disagrees with its grammar");
  checkExtensions(value);
  checkHost(value);
  checkFields(value);

  const read = readTarget(value);
  if (read !== undefined) {
    check(read.path.startsWith("/"), "readTarget: a path does not begin with a slash", read);
    checkSame(readTarget(read.path)?.path, read.path, "readTarget: it does not accept its own path");
    check(
      read.authority === undefined || isHost(read.authority),
      "readTarget: an authority is no host",
      read,
    );
  }
  return data.length;
}

/** `#element`: between commas, without the empty ones, each without the space around it. */
function plainList(value: string, element: RegExp): string[] | undefined {
  const elements = value.split(",").map(withoutOuterSpace);
  const present = elements.filter((one) => one !== "");
  return present.every((one) => element.test(one)) ? present : undefined;
}

function withoutOuterSpace(text: string): string {
  return text.replaceAll(OUTER_SPACE, "");
}

function checkExtensions(value: string): void {
  const elements = readExtensions(value);
  checkSame(elements, plainExtensions(value), "readExtensions: it disagrees with its grammar");
  if (elements === undefined) return;
  const written = elements.map(writeExtension).join(", ");
  checkSame(readExtensions(written), elements, "readExtensions: what was read and written reads differently");
}

/** What stands in quotation marks is a token (§9.1), so a comma or a semicolon is always a separator. */
function plainExtensions(value: string): ExtensionElement[] | undefined {
  const elements: ExtensionElement[] = [];
  for (const element of value.split(",").map(withoutOuterSpace)) {
    if (element === "") continue;
    const [name, ...rest] = element.split(";").map(withoutOuterSpace);
    const parameters = rest.map((parameter) => PARAMETER.exec(parameter)?.groups);
    if (!TOKEN.test(name!) || parameters.includes(undefined)) return undefined;
    elements.push({ name: name!, parameters: parameters.map((groups) => plainParameter(groups!)) });
  }
  return elements.length === 0 ? undefined : elements;
}

function plainParameter({ name, token, quoted }: Record<string, string | undefined>): Parameter {
  return { name: name!, value: token ?? quoted?.replaceAll("\\", "") ?? true };
}

function checkHost(value: string): void {
  // Node also takes zones ("%eth0"), which RFC 3986 knows nothing of.
  const plain = isIPv6(value) && !value.includes("%");
  checkSame(isHost(`[${value}]`), plain, "isHost: it disagrees with node:net about an IPv6 address");
  if (!isHost(value)) return;
  check(!/[\s/?#@\\]/.test(value), "isHost: a host contains a delimiter", value);
}

/** Each element of the value as a name: none of them is special, whatever JavaScript thinks of it. */
function checkFields(value: string): void {
  const names = value.split(",");
  const all = new Fields(names.map((name, index) => [name, `${index}`] as const));
  checkSame(all.size, names.length, "Fields: some are lost");
  for (const [index, name] of names.entries()) {
    check(all.has(name) && all.all(name).includes(`${index}`), "Fields: one is not found by its name", name);
  }
}

const dictionary: readonly Uint8Array[] = [
  ...["permessage-deflate", "; ", "client_max_window_bits", "=", '="10"', '"', "\\", ", ", ",,", "\t"],
  ...[
    "websocket",
    "Upgrade",
    "/1.1",
    "__proto__",
    "constructor",
    "AQIDBAUGBwgJCgsMDQ4PEA==",
    "dGhlIHNhbXBsZSBub25jZQ==",
  ],
  ...[
    "::",
    "::1",
    "1:2:3:4:5:6:7:8",
    "127.0.0.1",
    "ffff",
    "%20",
    ":65535",
    "http://",
    "wss://",
    "/",
    "?",
    "#",
    "@",
  ],
].map(bytesOf);

export const target: Target = { run, settings: 0, dictionary };
