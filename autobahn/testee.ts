/**
 * The testee: what the suite is let loose on. An echo, the same at both ends, since a peer is the same at both ends.
 *
 * Public API and nothing else; where it differs from the defaults it says why.
 * Next: server.ts.
 */

import type { CompressionOptions, Handlers, PeerOptions } from "../src/node/index.ts";

/** Who this is, in the suite's reports. */
export const AGENT = "framewright";

const MIB = 1024 * 1024;
const LARGEST_MESSAGE = 64 * MIB;

export const TESTEE_OPTIONS: PeerOptions & { readonly compression: CompressionOptions } = {
  maxMessageSize: LARGEST_MESSAGE,
  // An echo is as long as what it answers, and may have to wait until the suite takes it.
  maxBufferedBytes: 2 * LARGEST_MESSAGE,
  // Categories 12 and 13 are about compression: every message is compressed, however short, and the window is kept
  // unless the suite asks for the contrary. By default short messages go as they are, and no window is kept.
  compression: { threshold: 0, contextTakeover: true },
};

export const ECHO: Handlers & Required<Pick<Handlers, "message">> = {
  message: (peer, data) => peer.send(data),
};
