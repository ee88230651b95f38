/**
 * What a server of somebody else's has to do so that our client can talk to it: the same for all of them. ws-partner.ts
 * and python-websockets.ts have two of them, client-partners.ts talks to both.
 *
 * The target says what the server does:
 *
 *     /                            sends every message back
 *     /pieces                      sends every message back in three fragments, the second of them empty
 *     /burst?count=N               sends N messages: "message 0", "message 1", …
 *     /ping?data=D                 sends a Ping, and once that is answered, its data as a message
 *     /field?name=F                sends the value of that field of the request as a message, "" if it has none
 *     /close?code=C&reason=R       closes at once
 *     /vanish                      is gone, without a Close, at the first message
 *     /refuse?status=S             answers the request with this status, a Retry-After, and the body "No.\n"
 *     /moved?to=L                  redirects there
 */

import type { DeflateParameters } from "../../src/protocol/permessage-deflate.ts";

/** What a partner is told when it starts; JSON, since some of them are other programs. */
export interface PartnerSettings {
  /** permessage-deflate, for every message. Without this, none. */
  readonly deflate?: DeflateParameters;
  readonly subprotocols?: readonly string[];
  /** Default: no limit. */
  readonly maxMessageSize?: number;
  /** PEM. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** A Unix socket, instead of a port. */
  readonly socketPath?: string;
}

/** How a connection ended, as the partner was told. */
export interface PartnerClosed {
  readonly code: number;
  readonly reason: string;
}

export interface RunningPartner {
  /** Where it is, without a target. */
  readonly origin: string;
  /** How a connection ended: of those that did, the next. */
  ended(): Promise<PartnerClosed>;
  stop(): Promise<void>;
}

export interface Partner {
  readonly name: string;
  /** Throws `Skipped` where it cannot be had. */
  start(settings: PartnerSettings): Promise<RunningPartner>;
}

/** Where a partner is that listens at this port of this machine, or at a Unix socket. */
export function originOf({ tls, socketPath }: PartnerSettings, port: number): string {
  const scheme = tls === undefined ? "ws" : "wss";
  return socketPath === undefined ? `${scheme}://127.0.0.1:${port}` : `${scheme}://localhost`;
}

/** What our client says to any of them, and what has to come of it. */
export interface Talk {
  readonly name: string;
  run(partner: Partner): Promise<void>;
}

export function talk(
  name: string,
  settings: PartnerSettings,
  say: (partner: RunningPartner) => Promise<void>,
): Talk {
  return { name, run: (partner) => withPartner(partner, settings, say) };
}

/** Starts a partner, hands it to `use`, and ends it whatever becomes of that. */
export async function withPartner(
  partner: Partner,
  settings: PartnerSettings,
  use: (running: RunningPartner) => Promise<void>,
): Promise<void> {
  const running = await partner.start(settings);
  try {
    await use(running);
  } finally {
    await running.stop();
  }
}
