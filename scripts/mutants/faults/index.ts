/**
 * Mutants 2 — All faults there are: one file for each file of the source.
 *
 * Next: ../options.ts.
 */

import type { Faults } from "../fault.ts";
import { alphabets } from "./deflate/alphabets.ts";
import { bitReader } from "./deflate/bit-reader.ts";
import { bitWriter } from "./deflate/bit-writer.ts";
import { blockCodes } from "./deflate/block-codes.ts";
import { blockWriter } from "./deflate/block-writer.ts";
import { codeLengths } from "./deflate/code-lengths.ts";
import { codec } from "./deflate/codec.ts";
import { deflate } from "./deflate/deflate.ts";
import { dynamicHeader } from "./deflate/dynamic-header.ts";
import { huffman } from "./deflate/huffman.ts";
import { index as deflateIndex } from "./deflate/index.ts";
import { inflate } from "./deflate/inflate.ts";
import { inflateFast } from "./deflate/inflate-fast.ts";
import { matchFinder } from "./deflate/match-finder.ts";
import { window } from "./deflate/window.ts";
import { accept } from "./protocol/accept.ts";
import { clientHandshake } from "./protocol/client-handshake.ts";
import { close } from "./protocol/close.ts";
import { connection } from "./protocol/connection.ts";
import { contract } from "./protocol/contract.ts";
import { describe } from "./protocol/describe.ts";
import { extension } from "./protocol/extension.ts";
import { fields } from "./protocol/fields.ts";
import { frame } from "./protocol/frame.ts";
import { frameReader } from "./protocol/frame-reader.ts";
import { frameWriter } from "./protocol/frame-writer.ts";
import { handshake } from "./protocol/handshake.ts";
import { http } from "./protocol/http.ts";
import { mask } from "./protocol/mask.ts";
import { messageReader } from "./protocol/message-reader.ts";
import { messageWriter } from "./protocol/message-writer.ts";
import { peers } from "./protocol/peers.ts";
import { permessageDeflate } from "./protocol/permessage-deflate.ts";
import { pipeline } from "./protocol/pipeline.ts";
import { preparedMessage } from "./protocol/prepared-message.ts";
import { refusal } from "./protocol/refusal.ts";
import { serverHandshake } from "./protocol/server-handshake.ts";
import { sha1 } from "./protocol/sha1.ts";
import { utf8 } from "./protocol/utf8.ts";
import { violation } from "./protocol/violation.ts";

export const FAULTS: readonly Faults[] = [
  alphabets,
  bitReader,
  bitWriter,
  blockCodes,
  blockWriter,
  codeLengths,
  codec,
  deflate,
  dynamicHeader,
  huffman,
  deflateIndex,
  inflateFast,
  inflate,
  matchFinder,
  window,
  accept,
  clientHandshake,
  close,
  connection,
  contract,
  describe,
  extension,
  fields,
  frameReader,
  frameWriter,
  frame,
  handshake,
  http,
  mask,
  messageReader,
  messageWriter,
  peers,
  permessageDeflate,
  pipeline,
  preparedMessage,
  refusal,
  serverHandshake,
  sha1,
  utf8,
  violation,
];
