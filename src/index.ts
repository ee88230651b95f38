/**
 * Chapter 12 — What "framewright" exports: the core, chapter by chapter. README.md beside this file has the order to
 * read them in.
 */

export type { Compression, Deflater, DeflateSettings, Inflater } from "./deflate/codec.ts";
export { Inflated } from "./deflate/codec.ts";
export { acceptValue } from "./protocol/accept.ts";
export {
  ClientHandshake,
  type ClientHandshakeOptions,
  type Established,
  type Failed,
  judgeResponse,
  type Offer,
} from "./protocol/client-handshake.ts";
export { CloseCode, isValidCloseCode } from "./protocol/close.ts";
export { Connection } from "./protocol/connection.ts";
export type {
  Closed,
  ConnectionOptions,
  Event,
  Flushable,
  Handler,
  MessageType,
  State,
} from "./protocol/contract.ts";
export { type DescribeOptions, Describer, describe } from "./protocol/describe.ts";
export {
  type Agreement,
  Decoded,
  type Extension,
  type MessageCodec,
  type ReservedBit,
} from "./protocol/extension.ts";
export { type ExtensionElement, Fields, type FieldsInput, type Parameter } from "./protocol/fields.ts";
export { Opcode, type Role } from "./protocol/frame.ts";
export {
  type HeadLimits,
  HeadReader,
  type HeadResult,
  type RequestHead,
  type ResponseHead,
} from "./protocol/http.ts";
export { type Peers, type PeersOptions, peers } from "./protocol/peers.ts";
export {
  type DeflateParameters,
  type PermessageDeflateOptions,
  permessageDeflate,
} from "./protocol/permessage-deflate.ts";
export { PreparedMessage } from "./protocol/prepared-message.ts";
export {
  HandshakeError,
  type Refusal,
  type RequestRule,
  type ResponseRefusal,
  type ResponseRule,
} from "./protocol/refusal.ts";
export {
  type Accepted,
  type AcceptOptions,
  type Answer,
  acceptUpgrade,
  composeRefusal,
  type OfferLimits,
  readUpgrade,
  refuse,
  type ServerAccepted,
  ServerHandshake,
  type ServerHandshakeOptions,
  type ServerRefused,
  type UpgradeRequest,
} from "./protocol/server-handshake.ts";
export { ProtocolError, type Rule, type Violation, violations } from "./protocol/violation.ts";
