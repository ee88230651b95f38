/**
 * Chapter 8.3 — The option `compression`: permessage-deflate (RFC 7692) as an application asks for it.
 *
 * What this file must not know: how either codec works, which side asks.
 * Next: timers.ts.
 */

import type { Extension } from "../protocol/extension.ts";
import { permessageDeflate } from "../protocol/permessage-deflate.ts";
import { compression as codecs } from "./zlib.ts";

export interface CompressionOptions {
  /** Messages below this size are sent as they are. Default 1024. */
  threshold?: number;
  /** Messages above this size are sent as they are, too: while one is compressed, nothing else happens. Default 1 MiB. */
  maxSize?: number;
  /** Keep the window from message to message: a better ratio, for memory on each connection. Default false. */
  contextTakeover?: boolean;
  /** The window of both sides, 9 to 15. Default 15. */
  windowBits?: number;
  /** 0 to 9. Default 2: messages are compressed on the event loop. */
  level?: number;
  /** How much a codec with a window of its own remembers places with, 1 to 9. Default 5. */
  memoryLevel?: number;
}

/**
 * Decision: where windows are kept, level 2 makes 4 to 7 % more bytes than level 3 in clearly less time: JSON of 128 B and
 * 1 KiB in 2.3 and 6.5 µs instead of 2.8 and 9 to 12, 16 KiB in 39 to 104 instead of 113 to 146. Level 6, which is zlib's own
 * default, makes 8 to 12 % less of it than level 2, in 1.5 to 5 times the time (`npm run bench:compression`, Node 20.20).
 */
const DEFAULT_LEVEL = 2;
/**
 * Decision: less than zlib's own default of 8. JSON becomes no larger by it, and more of the tables stays in the cache: 64
 * connections that keep their windows took 62 µs instead of 71 for an echo of 1 KiB.
 */
const DEFAULT_MEMORY_LEVEL = 5;
const DEFAULT_MAX_COMPRESSED = 1024 * 1024;

/** The extension that the option stands for; none for `false`. */
export function compressionOf(option: boolean | CompressionOptions = false): Extension[] {
  if (option === false) return [];
  if (option !== true && (typeof option !== "object" || option === null)) {
    throw new TypeError("compression: must be true, false or an object");
  }
  const {
    threshold,
    maxSize = DEFAULT_MAX_COMPRESSED,
    contextTakeover = false,
    windowBits,
    level = DEFAULT_LEVEL,
    memoryLevel = DEFAULT_MEMORY_LEVEL,
  } = option === true ? {} : option;
  return [
    permessageDeflate({
      compression: codecs(),
      level,
      memoryLevel,
      maxSize,
      serverNoContextTakeover: !contextTakeover,
      clientNoContextTakeover: !contextTakeover,
      ...(threshold !== undefined && { threshold }),
      ...(windowBits !== undefined && { serverMaxWindowBits: windowBits, clientMaxWindowBits: windowBits }),
    }),
  ];
}
