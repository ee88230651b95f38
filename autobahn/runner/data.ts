/**
 * The judge, 12 — Data: what the cases send. The bodies of categories 12 and 13 are grown here, the same in each run,
 * as long as the suite's files to within one in a hundred, and as compressible.
 *
 * Decision: their lengths share large factors with those of the messages (16 to 131072), so that what is read of them
 * over and over repeats after few messages. So the judge compresses little: see `Deflater.rounds`.
 *
 * What this file must not know: what is sent when. Next: cases/expectations.ts.
 */

/** `pattern` over and over, `length` octets of it. */
export function repeated(pattern: string | Uint8Array, length: number): Uint8Array {
  return length === 0 ? new Uint8Array(0) : new Uint8Array(Buffer.alloc(length, pattern));
}

export function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, "hex"));
}

/** A file that messages are cut from: text in code points, anything else in octets. */
export class Corpus {
  readonly title: string;
  readonly isText: boolean;
  readonly #make: () => string | Uint8Array;
  #octets: Uint8Array | undefined;
  /** Where each unit begins, and the end; none if a unit is an octet. */
  #starts: Uint32Array | undefined;

  constructor(title: string, isText: boolean, make: () => string | Uint8Array) {
    this.title = title;
    this.isText = isText;
    this.#make = make;
  }

  get octets(): Uint8Array {
    if (this.#octets === undefined) {
      const made = this.#make();
      this.#octets = typeof made === "string" ? new TextEncoder().encode(made) : made;
    }
    return this.#octets;
  }

  /**
   * The messages of `length` units each that reading on and on gives, at most `most`, until the first one comes again.
   */
  messages(length: number, most: number): Uint8Array[] {
    const { octets } = this;
    const starts = this.isText ? (this.#starts ??= codePointStarts(octets)) : undefined;
    const units = starts === undefined ? octets.length : starts.length - 1;
    const count = Math.min(most, units / greatestCommonDivisor(units, length));
    const offset = (unit: number): number => starts?.[unit] ?? unit;
    return Array.from({ length: count }, (_, index) => {
      const pieces: Uint8Array[] = [];
      for (let at = (index * length) % units, rest = length; rest > 0; at = 0) {
        const taken = Math.min(rest, units - at);
        pieces.push(octets.subarray(offset(at), offset(at + taken)));
        rest -= taken;
      }
      return pieces.length === 1 ? pieces[0]! : new Uint8Array(Buffer.concat(pieces));
    });
  }
}

function codePointStarts(octets: Uint8Array): Uint32Array {
  const starts: number[] = [];
  octets.forEach((octet, index) => {
    if ((octet & 0xc0) !== 0x80) starts.push(index);
  });
  starts.push(octets.length);
  return Uint32Array.from(starts);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

// --- The five files -------------------------------------------------------------------------------------------

const JSON_LENGTH = 190 * 1024;
const IMAGE_SIDE = 512;
const KEYS_LENGTH = 27 * 8192;
const HTML_LENGTH = 129 * 2048;
const DOCUMENT_LENGTH = 1024 * 1024;

/** Numbers from 0 to 2^32 - 1 that look random and are the same in each run (Marsaglia's xorshift). */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % sides;
  };
}

/** `length` code points of what `piece` goes on saying. */
function grown(length: number, piece: () => string): string {
  const points: string[] = [];
  while (points.length < length) points.push(...piece());
  return points.slice(0, length).join("");
}

/** A table of results, as a test suite writes it. */
export const json: Corpus = new Corpus("a table of results in JSON", true, () => {
  const roll = dice(1);
  let number = 0;
  return grown(JSON_LENGTH, () => {
    const id = `${1 + (number >> 6)}.${1 + ((number >> 3) & 7)}.${1 + (number++ & 7)}`;
    return [
      `"${id}": {`,
      `   "behavior": "${roll(50) === 0 ? "NON-STRICT" : "OK"}",`,
      '   "behaviorClose": "OK",',
      `   "duration": ${roll(4)},`,
      '   "remoteCloseCode": 1000,',
      `   "reportfile": "agent_case_${id.replaceAll(".", "_")}.json"`,
      "},\n",
    ].join("\n");
  });
});

/** A grey test picture: bands of noise, with flat ones between them. */
export const image: Corpus = new Corpus("a grey picture", false, () => {
  const roll = dice(2);
  return Uint8Array.from({ length: IMAGE_SIDE * IMAGE_SIDE }, (_, index) =>
    Math.floor(index / IMAGE_SIDE) % 128 < 108 ? roll(256) : 128,
  );
});

/** A list of keys, with a few words on each. */
export const keys: Corpus = new Corpus("a list of keys", false, () => {
  const roll = dice(3);
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  let number = 0;
  return grown(KEYS_LENGTH, () => {
    const key = Array.from({ length: 70 }, () => digits[roll(64)]).join("");
    return `Key ${number++}: ${key}==, made for member ${roll(2000)} of the society, who may sign letters with it, but no bills.\n`;
  });
});

/** A page of results, with some letters that take more than one octet. */
export const html: Corpus = new Corpus("a page in HTML", true, () => {
  const roll = dice(4);
  let number = 0;
  return grown(HTML_LENGTH, () =>
    [
      '<tr class="case">',
      `  <td class="name"><a href="#case_${number}">Prüfung ${number++} · ἐξέτασις</a></td>`,
      `  <td class="verdict ${roll(9) === 0 ? "warn" : "pass"}">${roll(9) === 0 ? "Non-Strict" : "Pass"}</td>`,
      `  <td class="duration">${roll(1000)}.${roll(100000)} ms</td>`,
      `  <td class="close"><span title="how the connection was closed">${1000 + roll(3000)}</span></td>`,
      "</tr>\n",
    ].join("\n"),
  );
});

/** A document whose pictures are compressed already, and whose pages are not. */
export const document: Corpus = new Corpus("a document with pictures", false, () => {
  const roll = dice(5);
  const octets = Uint8Array.from({ length: DOCUMENT_LENGTH }, () => roll(256));
  const page = html.octets.subarray(0, 16 * 1024);
  for (let at = 0; at < DOCUMENT_LENGTH; at += 64 * 1024) octets.set(page, at);
  return octets;
});
