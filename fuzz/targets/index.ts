/**
 * Fuzzing 8 — The targets: each a plain function of bytes that throws when an oracle fails.
 *
 * Next: ../session.ts.
 */

import type { Target } from "../executor.ts";
import { close } from "./close.ts";
import { connection, connectionDictionary } from "./connection.ts";
import { deflate } from "./deflate.ts";
import { describe } from "./describe.ts";
import { fieldDictionary, fields } from "./fields.ts";
import { frames } from "./frames.ts";
import { handshakeClient, responseDictionary } from "./handshake-client.ts";
import { handshakeServer, requestDictionary } from "./handshake-server.ts";
import { deflateDictionary, inflate } from "./inflate.ts";
import { sseEncoder } from "./sse-encoder.ts";
import { sseDictionary, sseParser } from "./sse-parser.ts";
import { utf8, utf8Dictionary } from "./utf8.ts";

export const targets: Readonly<Record<string, Target>> = {
  frames,
  connection,
  "handshake-server": handshakeServer,
  "handshake-client": handshakeClient,
  fields,
  close,
  utf8,
  inflate,
  deflate,
  "sse-parser": sseParser,
  "sse-encoder": sseEncoder,
  describe,
};

/** Byte strings that mean something to a target. One without any does well enough with its corpus. */
export const dictionaries: Readonly<Record<string, readonly Uint8Array[]>> = {
  frames: connectionDictionary,
  connection: connectionDictionary,
  "handshake-server": requestDictionary,
  "handshake-client": responseDictionary,
  fields: fieldDictionary,
  close: utf8Dictionary,
  utf8: utf8Dictionary,
  inflate: deflateDictionary,
  "sse-parser": sseDictionary,
  "sse-encoder": sseDictionary,
  describe: connectionDictionary,
};
