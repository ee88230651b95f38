/**
 * Chapter 9.2 — Whose connection it is: the peer's address, behind proxies too, and how many come from it.
 *
 * A proxy connects in the name of its clients, and appends to X-Forwarded-For whom it speaks for. What it appended is
 * as true as the proxy is trusted; what stands left of that came with the request, and may be invented.
 *
 *     X-Forwarded-For: 203.0.113.9, 198.51.100.7, 10.0.0.2        connected: 10.0.0.1
 *                      ▲ invented?  ▲ the client  ▲ trusted                  ▲ trusted      ◀ read from here
 *
 * So it is read from the right, and the first address that is not a trusted proxy's is the client's.
 *
 * What this file must not know: requests, sockets, what becomes of whom.
 * Next: opening.ts.
 */

import { BlockList, isIP, SocketAddress } from "node:net";
import { detached } from "../../protocol/fields.ts";
import { quote } from "../../protocol/refusal.ts";
import { readAuthority } from "./origin.ts";

/**
 * Who may speak for others: nobody (`false`); who has one of these addresses: `"10.0.0.1"`, `"10.0.0.0/8"`,
 * `"fd00::/8"`, or `"loopback"`; or so many hops, whatever their addresses, the connection itself being the first. A
 * number is right only where nobody can reach the server past the proxies. It is the way to trust one that connects
 * over a Unix socket, which has no address.
 */
export type TrustProxyOption = false | number | readonly string[];

/** Whether `address`, so many hops away from this server, is a proxy that tells the truth. */
export type TrustedProxies = (address: string, hop: number) => boolean;

/**
 * The most proxies that are followed. Decision: real chains are shorter by far, and each step takes 1 to 3 µs,
 * which a header full of trusted addresses would otherwise make the server spend two thousand times.
 */
export const MAX_HOPS = 32;

// --- Who is trusted ---------------------------------------------------------------------------------------------

export function trustedProxies(option: TrustProxyOption = false): TrustedProxies {
  if (option === false) return () => false;
  if (typeof option === "number") {
    if (!Number.isInteger(option) || option < 1 || option > MAX_HOPS) {
      throw new RangeError(`trustProxy: must be a number of hops from 1 to ${MAX_HOPS}; got ${option}`);
    }
    return (_address, hop) => hop < option;
  }
  if (!Array.isArray(option)) {
    throw new TypeError("trustProxy: must be false, a number of hops, or a list of addresses and ranges");
  }
  const ranges = new Ranges();
  for (const entry of option) addEntry(ranges, entry);
  return (address) => ranges.has(address);
}

const LOOPBACK = ["127.0.0.0/8", "::1"];

function addEntry(ranges: Ranges, entry: unknown): void {
  if (typeof entry !== "string") throw new TypeError("trustProxy: the list must consist of strings");
  if (entry === "loopback") {
    for (const range of LOOPBACK) ranges.add(range);
  } else if (!ranges.add(entry)) {
    throw new TypeError(
      `trustProxy: ${quote(entry)} must be an address, a range such as 10.0.0.0/8, or loopback`,
    );
  }
}

/**
 * Sets of addresses. One list for each version, because a `BlockList` of both takes IPv4 addresses for the IPv6 ones
 * they can be written as: to trust `::/0` would be to trust every IPv4 address too.
 */
class Ranges {
  readonly #v4 = new BlockList();
  readonly #v6 = new BlockList();

  /** Returns false, and adds nothing, if `text` is no address and no range. */
  add(text: string): boolean {
    const slash = text.indexOf("/");
    const written = slash === -1 ? text : text.slice(0, slash);
    const address = normalAddress(written);
    if (address === undefined) return false;
    // A range of IPv4 addresses in their IPv6 form is 96 bits longer.
    const ignored = isIP(address) === isIP(written) ? 0 : 96;
    const version = isIP(address) === 4 ? "ipv4" : "ipv6";
    const bits = version === "ipv4" ? 32 : 128;
    const prefix = slash === -1 ? bits : decimal(text.slice(slash + 1)) - ignored;
    if (!(prefix >= 0 && prefix <= bits)) return false;
    (version === "ipv4" ? this.#v4 : this.#v6).addSubnet(address, prefix, version);
    return true;
  }

  /** `address` is one as `normalAddress` writes it, or none. */
  has(address: string): boolean {
    const version = isIP(address);
    if (version === 4) return this.#v4.check(address, "ipv4");
    return version === 6 && this.#v6.check(address, "ipv6");
  }
}

/** NaN for anything but a whole number as it is usually written. */
function decimal(text: string): number {
  const value = Number(text);
  return Number.isInteger(value) && String(value) === text ? value : Number.NaN;
}

// --- Who it is --------------------------------------------------------------------------------------------------

/**
 * The address of the client, in its shortest form: IPv4 as such, also where the socket writes it as IPv6. "" for a
 * peer without one: on a Unix socket, or gone already. `forwardedFor` is X-Forwarded-For, several fields as one list.
 *
 * Decision: an entry that is no address ends the walk at the proxy that wrote it: nobody vouches for anything left of
 * it. So does the end of the list, and the last of MAX_HOPS.
 */
export function clientAddress(
  remoteAddress: string | undefined,
  forwardedFor: string | undefined,
  trusted: TrustedProxies,
): string {
  let address = socketAddress(remoteAddress);
  let unread = forwardedFor;
  for (let hop = 0; unread !== undefined && hop < MAX_HOPS && trusted(address, hop); hop++) {
    const comma = unread.lastIndexOf(",");
    const reported = readEntry(unread.slice(comma + 1));
    if (reported === undefined) break;
    address = reported;
    unread = comma === -1 ? undefined : unread.slice(0, comma);
  }
  return address;
}

/** Whether a client that came through a trusted proxy came to it by https: X-Forwarded-Proto, the nearest entry. */
export function cameSecurely(
  remoteAddress: string | undefined,
  forwardedProto: string | undefined,
  trusted: TrustedProxies,
): boolean {
  if (forwardedProto === undefined || !trusted(socketAddress(remoteAddress), 0)) return false;
  return (
    forwardedProto
      .slice(forwardedProto.lastIndexOf(",") + 1)
      .trim()
      .toLowerCase() === "https"
  );
}

/** The zone of a link-local address names an interface of this machine: it says nothing of the peer. */
function socketAddress(remoteAddress = ""): string {
  const zone = remoteAddress.indexOf("%");
  return normalAddress(zone === -1 ? remoteAddress : remoteAddress.slice(0, zone)) ?? "";
}

/** The longest entry: an IPv6 address that ends like an IPv4 one, in brackets, with a port. */
const LONGEST_ENTRY: number = "[0000:0000:0000:0000:0000:ffff:255.255.255.255]:65535".length;

/** No standard says what an entry looks like: some proxies add the port, and then put IPv6 addresses in brackets. */
function readEntry(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed.length > LONGEST_ENTRY) return undefined;
  const entry = detached(trimmed);
  const host = readAuthority(entry)?.host;
  if (host === undefined) return normalAddress(entry); // an IPv6 address without brackets
  return normalAddress(host.startsWith("[") ? host.slice(1, -1) : host);
}

const MAPPED = "::ffff:";

/**
 * The one form that each address has here: undefined for what is none.
 * RFC 4291 §2.5.5.2: an IPv4 address may come as an IPv6 one, which a socket for both versions does with every
 * address. It is the same host.
 */
function normalAddress(text: string): string | undefined {
  const version = isIP(text);
  if (version === 4) return text;
  if (version !== 6 || text.includes("%")) return undefined;
  const { address } = new SocketAddress({ address: text, family: "ipv6" });
  const mapped = address.startsWith(MAPPED) ? address.slice(MAPPED.length) : "";
  return isIP(mapped) === 4 ? mapped : address;
}

// --- How many ---------------------------------------------------------------------------------------------------

/**
 * How many connections each address has, as `clientAddress` writes it. Only those that have any are remembered.
 *
 * Decision: IPv6 addresses are counted by their first 64 bits. The other 64 name an interface within its network
 * (RFC 4291 §2.5.1), and a host may give itself another one for each connection.
 * Decision: those without an address are not counted: they would all count as one.
 */
export class AddressCounter {
  readonly #counts = new Map<string, number>();

  /** How many different addresses, or networks, have connections. */
  get size(): number {
    return this.#counts.size;
  }

  count(address: string): number {
    return this.#counts.get(networkOf(address)) ?? 0;
  }

  /** Counts one more connection, and says how many there are now. */
  add(address: string): number {
    if (address === "") return 0;
    const network = networkOf(address);
    const count = (this.#counts.get(network) ?? 0) + 1;
    this.#counts.set(network, count);
    return count;
  }

  /** Counts one connection less: exactly once for each `add`. */
  remove(address: string): void {
    if (address === "") return;
    const network = networkOf(address);
    const count = this.#counts.get(network);
    if (count === undefined) throw new Error(`remove: no connection of ${quote(address)} is counted`);
    if (count > 1) this.#counts.set(network, count - 1);
    else this.#counts.delete(network);
  }
}

const GROUPS = 8;

/** The first half of an IPv6 address, where `::` stands for as many groups of zero as are missing. */
function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const gap = address.indexOf("::");
  const before = groupsOf(gap === -1 ? address : address.slice(0, gap));
  const behind = groupsOf(gap === -1 ? "" : address.slice(gap + 2));
  const zeros = new Array<string>(GROUPS - before.length - behind.length).fill("0");
  return [...before, ...zeros, ...behind].slice(0, GROUPS / 2).join(":");
}

function groupsOf(text: string): string[] {
  return text === "" ? [] : text.split(":");
}
