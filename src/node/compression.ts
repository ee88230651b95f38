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
  /** 0 to 9. Default 3: messages are compressed on the event loop. */
  level?: number;
  /** 1 to 9. Default 8. */
  memoryLevel?: number;
}

const DEFAULT_LEVEL = 3;
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
    memoryLevel,
  } = option === true ? {} : option;
  return [
    permessageDeflate({
      compression: codecs(),
      level,
      maxSize,
      serverNoContextTakeover: !contextTakeover,
      clientNoContextTakeover: !contextTakeover,
      ...(threshold !== undefined && { threshold }),
      ...(memoryLevel !== undefined && { memoryLevel }),
      ...(windowBits !== undefined && { serverMaxWindowBits: windowBits, clientMaxWindowBits: windowBits }),
    }),
  ];
}
