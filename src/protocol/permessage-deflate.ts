/**
 * Chapter 5.1 — permessage-deflate (RFC 7692 §7): offers, answers, and the transform of each message.
 *
 * Owns the four parameters. Two of them bind the compressor of one side, two that of the other:
 *
 *   server_no_context_takeover, server_max_window_bits     what the server sends
 *   client_no_context_takeover, client_max_window_bits     what the client sends
 *
 * A direction with context takeover needs a codec of its own per connection, made when its first message comes. One
 * without borrows a codec from a pool for each message, so an idle connection holds none.
 *
 * What this file must not know: DEFLATE itself (behind the seam of deflate/codec.ts), frames, states.
 * Next: pipeline.ts.
 */

import type { ByteBuffer } from "../bytes.ts";
import { type Compression, type Deflater, Inflated, type Inflater } from "../deflate/codec.ts";
import { portable } from "../deflate/index.ts";
import { type Agreement, Decoded, type Extension, type MessageCodec, type Parameter } from "./extension.ts";
import type { Role } from "./frame.ts";

const NAME = "permessage-deflate";
const SERVER_NO_CONTEXT_TAKEOVER = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS = "client_max_window_bits";

/** RFC 7692 §6.2: the mark of a compressed message is RSV1. */
const RSV1 = 0b100;

const SMALLEST_WINDOW_BITS = 8;
const LARGEST_WINDOW_BITS = 15;

const NO_LIMIT = Number.POSITIVE_INFINITY;

/** §7.2.1: every message ends with these octets of an empty stored block, which are not sent. */
const TAIL = Uint8Array.of(0x00, 0x00, 0xff, 0xff);

export interface DeflateParameters {
  /** The server forgets its window after each message. */
  serverNoContextTakeover?: boolean;
  /** The client forgets its window after each message. */
  clientNoContextTakeover?: boolean;
  /** The server's window: as a client, what to demand; as a server, the most to use. */
  serverMaxWindowBits?: number;
  /** The client's window: as a client, the most it will use; as a server, what to demand. */
  clientMaxWindowBits?: number;
}

export interface PermessageDeflateOptions extends DeflateParameters {
  /** As a client: further offers, in order of preference, for servers that decline the first (§5). */
  alternatives?: readonly DeflateParameters[];
  /** Messages below this size are sent as they are. Default 1024. */
  threshold?: number;
  /**
   * Messages above this size are sent as they are, too: nothing else is done while one is compressed. Default: no
   * limit. A message in pieces is compressed piece by piece, and not meant here.
   */
  maxSize?: number;
  /** 0 (stored) to 9 (smallest). Default 6. */
  level?: number;
  /** 1 to 9: the compressor's memory against its ratio. Default 8. */
  memoryLevel?: number;
  /** The codec. Default: the portable one. */
  compression?: Compression;
}

/** What one side's compressor is bound to. */
interface Direction {
  readonly contextTakeover: boolean;
  readonly windowBits: number;
}

/** What all codecs of one extension share. */
interface Shared extends Pools {
  readonly threshold: number;
  readonly maxSize: number;
  readonly smallestWindowBits: number;
}

/** The extension, ready to be handed to a handshake of either role. One value serves all connections. */
export function permessageDeflate(options: PermessageDeflateOptions = {}): Extension {
  const {
    compression = portable,
    threshold = 1024,
    maxSize = NO_LIMIT,
    level = 6,
    memoryLevel = 8,
    alternatives = [],
  } = options;
  checkInteger("threshold", threshold, 0, Number.MAX_SAFE_INTEGER);
  if (maxSize !== NO_LIMIT) checkInteger("maxSize", maxSize, 0, Number.MAX_SAFE_INTEGER);
  checkInteger("level", level, 0, 9);
  checkInteger("memoryLevel", memoryLevel, 1, 9);
  for (const parameters of [options, ...alternatives]) checkParameters(parameters, compression);
  const { smallestWindowBits } = compression;
  const shared: Shared = {
    threshold,
    maxSize,
    smallestWindowBits,
    ...makePools(compression, level, memoryLevel),
  };
  return {
    name: NAME,
    reservedBit: RSV1,
    offers: () => [options, ...alternatives].map(writeOffer),
    accept: (offer) => accept(offer, options, shared),
    confirm: (answer) => confirm(answer, [options, ...alternatives], shared),
  };
}

// --- Parameters (§7.1) ---------------------------------------------------------------------------------------

/** The parameters of an element as it was received; `true` is client_max_window_bits without a value. */
interface Received {
  serverNoContextTakeover: boolean;
  clientNoContextTakeover: boolean;
  serverMaxWindowBits: number | undefined;
  clientMaxWindowBits: number | true | undefined;
}

/** §7, RFC 6455 §9.1: a parameter that is unknown, doubled or badly valued spoils its element. A string says which. */
function read(parameters: readonly Parameter[]): Received | string {
  const received: Received = {
    serverNoContextTakeover: false,
    clientNoContextTakeover: false,
    serverMaxWindowBits: undefined,
    clientMaxWindowBits: undefined,
  };
  const seen = new Set<string>();
  for (const { name, value } of parameters) {
    if (seen.has(name)) return `the parameter ${name} stands there twice`;
    seen.add(name);
    const windowBits = value === true ? undefined : readWindowBits(value);
    switch (name) {
      case SERVER_NO_CONTEXT_TAKEOVER:
      case CLIENT_NO_CONTEXT_TAKEOVER:
        if (value !== true) return `the parameter ${name} has a value`;
        if (name === SERVER_NO_CONTEXT_TAKEOVER) received.serverNoContextTakeover = true;
        else received.clientNoContextTakeover = true;
        break;
      case SERVER_MAX_WINDOW_BITS:
        if (windowBits === undefined) return `the parameter ${name} is not a number from 8 to 15`;
        received.serverMaxWindowBits = windowBits;
        break;
      case CLIENT_MAX_WINDOW_BITS:
        if (value !== true && windowBits === undefined)
          return `the parameter ${name} is not a number from 8 to 15`;
        received.clientMaxWindowBits = windowBits ?? true;
        break;
      default:
        return `the parameter ${name} is unknown`;
    }
  }
  return received;
}

/** §7.1.2: a decimal integer from 8 to 15, without leading zeroes. */
function readWindowBits(value: string): number | undefined {
  for (let bits = SMALLEST_WINDOW_BITS; bits <= LARGEST_WINDOW_BITS; bits++) {
    if (value === String(bits)) return bits;
  }
  return undefined;
}

function flag(name: string): Parameter {
  return { name, value: true };
}

// --- The client's offer and its judgement of the answer ------------------------------------------------------

function writeOffer(offered: DeflateParameters): readonly Parameter[] {
  const parameters: Parameter[] = [];
  if (offered.serverNoContextTakeover) parameters.push(flag(SERVER_NO_CONTEXT_TAKEOVER));
  if (offered.clientNoContextTakeover) parameters.push(flag(CLIENT_NO_CONTEXT_TAKEOVER));
  if (offered.serverMaxWindowBits !== undefined) {
    parameters.push({ name: SERVER_MAX_WINDOW_BITS, value: String(offered.serverMaxWindowBits) });
  }
  // §7.1.2.2: always there, since without it no server may limit our window; with a value it is a hint.
  const hint = offered.clientMaxWindowBits;
  parameters.push(
    hint === undefined ? flag(CLIENT_MAX_WINDOW_BITS) : { name: CLIENT_MAX_WINDOW_BITS, value: String(hint) },
  );
  return parameters;
}

/** §7, §7.1: the answer must be well-formed, and must grant one of the offers what it demanded. */
function confirm(
  answer: readonly Parameter[],
  offers: readonly DeflateParameters[],
  shared: Shared,
): Agreement | string {
  const received = read(answer);
  if (typeof received === "string") return received;
  if (received.clientMaxWindowBits === true) return `the parameter ${CLIENT_MAX_WINDOW_BITS} has no value`;
  const granted = offers.find((offer) => grants(received, offer));
  if (granted === undefined) return "the answer grants none of the offers what it demanded";
  const ours = Math.min(
    received.clientMaxWindowBits ?? LARGEST_WINDOW_BITS,
    granted.clientMaxWindowBits ?? LARGEST_WINDOW_BITS,
  );
  if (ours < shared.smallestWindowBits) {
    return `the parameter ${CLIENT_MAX_WINDOW_BITS}=${ours} asks for a window that this side cannot compress with`;
  }
  return agreement(
    answer,
    {
      contextTakeover: !received.serverNoContextTakeover,
      windowBits: received.serverMaxWindowBits ?? LARGEST_WINDOW_BITS,
    },
    {
      contextTakeover: !received.clientNoContextTakeover && !granted.clientNoContextTakeover,
      windowBits: ours,
    },
    shared,
  );
}

/** §7.1.1.1, §7.1.2.1: what binds the server must be confirmed; what binds us, it may answer as it likes. */
function grants(answer: Received, offer: DeflateParameters): boolean {
  if (offer.serverNoContextTakeover && !answer.serverNoContextTakeover) return false;
  if (offer.serverMaxWindowBits === undefined) return true;
  return answer.serverMaxWindowBits !== undefined && answer.serverMaxWindowBits <= offer.serverMaxWindowBits;
}

// --- The server's answer -------------------------------------------------------------------------------------

/** §7: an offer that is malformed, or that cannot be met, is declined; the next one may be better. */
function accept(offer: readonly Parameter[], own: DeflateParameters, shared: Shared): Agreement | undefined {
  const offered = read(offer);
  if (typeof offered === "string") return undefined;
  const serverBits = Math.min(
    offered.serverMaxWindowBits ?? LARGEST_WINDOW_BITS,
    own.serverMaxWindowBits ?? LARGEST_WINDOW_BITS,
  );
  if (serverBits < shared.smallestWindowBits) return undefined;
  const clientBits = own.clientMaxWindowBits;
  // §7.1.2.2: only a client that mentioned the parameter can be told a limit. Decision: when ours cannot be told,
  // the offer is declined, since memory was promised to the application.
  if (
    clientBits !== undefined &&
    clientBits < LARGEST_WINDOW_BITS &&
    offered.clientMaxWindowBits === undefined
  )
    return undefined;

  const server = {
    contextTakeover: !(offered.serverNoContextTakeover || own.serverNoContextTakeover),
    windowBits: serverBits,
  };
  // Decision: a client's wish to keep no context (§7.1.1.2), or a smaller window, is always confirmed: it saves memory.
  const hint =
    typeof offered.clientMaxWindowBits === "number" ? offered.clientMaxWindowBits : LARGEST_WINDOW_BITS;
  const client = {
    contextTakeover: !(offered.clientNoContextTakeover || own.clientNoContextTakeover),
    windowBits: Math.min(clientBits ?? LARGEST_WINDOW_BITS, hint),
  };

  const answer: Parameter[] = [];
  if (!server.contextTakeover) answer.push(flag(SERVER_NO_CONTEXT_TAKEOVER));
  if (!client.contextTakeover) answer.push(flag(CLIENT_NO_CONTEXT_TAKEOVER));
  if (offered.serverMaxWindowBits !== undefined || serverBits < LARGEST_WINDOW_BITS) {
    answer.push({ name: SERVER_MAX_WINDOW_BITS, value: String(serverBits) });
  }
  if (offered.clientMaxWindowBits !== undefined && client.windowBits < LARGEST_WINDOW_BITS) {
    answer.push({ name: CLIENT_MAX_WINDOW_BITS, value: String(client.windowBits) });
  }
  return agreement(answer, server, client, shared);
}

function agreement(
  parameters: readonly Parameter[],
  server: Direction,
  client: Direction,
  shared: Shared,
): Agreement {
  return {
    name: NAME,
    reservedBit: RSV1,
    parameters,
    codec: (role: Role) =>
      role === "server" ? new DeflateCodec(server, client, shared) : new DeflateCodec(client, server, shared),
  };
}

// --- The transform (§7.2) ------------------------------------------------------------------------------------

class DeflateCodec implements MessageCodec {
  readonly sharing?: object;
  readonly #threshold: number;
  readonly #maxSize: number;
  readonly #outgoing: Direction;
  readonly #incoming: Direction;
  readonly #deflaters: Pool<Deflater>;
  readonly #inflaters: Pool<Inflater>;
  #deflater: Deflater | undefined = undefined;
  #inflater: Inflater | undefined = undefined;

  constructor(outgoing: Direction, incoming: Direction, shared: Shared) {
    this.#threshold = shared.threshold;
    this.#maxSize = shared.maxSize;
    this.#outgoing = outgoing;
    this.#incoming = incoming;
    if (!outgoing.contextTakeover) this.sharing = shared.deflaters[outgoing.windowBits]!;
    this.#deflaters = shared.deflaters[outgoing.windowBits]!;
    this.#inflaters = shared.inflaters[incoming.windowBits]!;
  }

  wants(size: number): boolean {
    return size >= this.#threshold && (size <= this.#maxSize || size === Number.POSITIVE_INFINITY);
  }

  /** §7.2.1: compresses, and takes the tail off; only the last piece of a message loses it. */
  encode(input: Uint8Array, output: ByteBuffer, last: boolean): void {
    this.#deflater ??= this.#deflaters.take();
    this.#deflater.deflate(input, output);
    if (!last) return;
    output.length -= TAIL.length;
    if (this.#outgoing.contextTakeover) return;
    this.#deflaters.giveBack(this.#deflater);
    this.#deflater = undefined;
  }

  /** §7.2.2: puts the tail back, and inflates. */
  decode(input: Uint8Array, output: ByteBuffer, limit: number, last: boolean): Decoded {
    this.#inflater ??= this.#inflaters.take();
    const decoded = inflate(this.#inflater, input, output, limit, last);
    if (decoded !== Decoded.Ok || (last && !this.#incoming.contextTakeover)) {
      this.#inflaters.giveBack(this.#inflater);
      this.#inflater = undefined;
    }
    return decoded;
  }
}

function inflate(
  inflater: Inflater,
  input: Uint8Array,
  output: ByteBuffer,
  limit: number,
  last: boolean,
): Decoded {
  let inflated = inflater.inflate(input, output, limit);
  if (inflated === Inflated.Ok && last) {
    const length = output.length;
    inflated = inflater.inflate(TAIL, output, limit);
    // A message that was cut off swallows the tail as data: it ends inside a block, or has grown by its own tail.
    if (inflated === Inflated.Ok && (!inflater.atBoundary || output.length > length))
      return Decoded.Truncated;
  }
  if (inflated === Inflated.Ok) return Decoded.Ok;
  return inflated === Inflated.LimitReached ? Decoded.TooBig : Decoded.Corrupt;
}

/** Codecs without a context, to be had again by whoever needs one next. */
class Pool<Codec extends { reset(): void }> {
  readonly #make: () => Codec;
  readonly #free: Codec[] = [];

  constructor(make: () => Codec) {
    this.#make = make;
  }

  take(): Codec {
    return this.#free.pop() ?? this.#make();
  }

  giveBack(codec: Codec): void {
    codec.reset();
    if (this.#free.length < MOST_POOLED) this.#free.push(codec);
  }
}

const MOST_POOLED = 4;

interface Pools {
  /** By window bits. */
  readonly deflaters: readonly Pool<Deflater>[];
  readonly inflaters: readonly Pool<Inflater>[];
}

function makePools(compression: Compression, level: number, memoryLevel: number): Pools {
  const deflaters: Pool<Deflater>[] = [];
  const inflaters: Pool<Inflater>[] = [];
  for (let windowBits = SMALLEST_WINDOW_BITS; windowBits <= LARGEST_WINDOW_BITS; windowBits++) {
    deflaters[windowBits] = new Pool(() => compression.deflater({ windowBits, level, memoryLevel }));
    inflaters[windowBits] = new Pool(() => compression.inflater(windowBits));
  }
  return { deflaters, inflaters };
}

// --- What an application may ask for -------------------------------------------------------------------------

function checkParameters(parameters: DeflateParameters, compression: Compression): void {
  const { smallestWindowBits } = compression;
  for (const name of ["serverNoContextTakeover", "clientNoContextTakeover"] as const) {
    const value = parameters[name];
    if (value !== undefined && typeof value !== "boolean")
      throw new TypeError(`${name}: must be true or false`);
  }
  for (const name of ["serverMaxWindowBits", "clientMaxWindowBits"] as const) {
    const value = parameters[name];
    if (value !== undefined) checkInteger(name, value, smallestWindowBits, LARGEST_WINDOW_BITS);
  }
}

function checkInteger(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${name}: must be a whole number from ${least} to ${most}; got ${String(value)}`);
}
