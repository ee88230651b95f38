/** Every face of the client, each used as it is meant to be, for the same talk with a server that echoes. */

import { connect } from "../../src/node/client/connect.ts";
import { reconnecting } from "../../src/node/client/reconnecting.ts";
import { connectStreams } from "../../src/node/client/streams.ts";
import { WebSocket } from "../../src/node/client/websocket.ts";
import type { Message, PeerClosed } from "../../src/node/peer.ts";

export interface FaceOptions {
  readonly compression?: boolean;
}

/** What came back, and how it ended. */
export interface Told {
  readonly echoes: readonly Message[];
  readonly code: number;
  readonly clean: boolean;
}

/** Connects, sends the messages, waits until as many have come back, and closes with `GOODBYE`. */
export type Face = (url: string, options: FaceOptions, messages: readonly Message[]) => Promise<Told>;

export const GOODBYE: readonly [code: number, reason: string] = [4000, "bye"];

const asked: Face = async (url, options, messages) => {
  const peer = await connect(url, options);
  const echoes: Message[] = [];
  for (const message of messages) {
    await peer.send(message);
    echoes.push((await peer.receive())!);
  }
  peer.close(...GOODBYE);
  return toldBy(echoes, await peer.closed);
};

const iterated: Face = async (url, options, messages) => {
  const peer = await connect(url, options);
  for (const message of messages) await peer.send(message);
  const echoes: Message[] = [];
  for await (const echo of peer) if (echoes.push(echo) === messages.length) peer.close(...GOODBYE);
  return toldBy(echoes, await peer.closed);
};

const conversation: Face = async (url, options, messages) => {
  const echoes: Message[] = [];
  const peer = await connect(url, options, async (line) => {
    for (const message of messages) await line.send(message);
    while (echoes.length < messages.length) echoes.push((await line.receive())!);
    line.close(...GOODBYE);
  });
  return toldBy(echoes, await peer.closed);
};

const handlers: Face = async (url, options, messages) => {
  const echoes: Message[] = [];
  const peer = await connect(url, {
    ...options,
    open: (opened) => {
      for (const message of messages) opened.send(message);
    },
    message: (sender, echo) => {
      if (echoes.push(echo) === messages.length) sender.close(...GOODBYE);
    },
  });
  return toldBy(echoes, await peer.closed);
};

const streams: Face = async (url, options, messages) => {
  const { readable, writable, closed, close } = connectStreams(url, options);
  const piped = ReadableStream.from(messages).pipeTo(writable, { preventClose: true });
  const echoes: Message[] = [];
  for await (const echo of readable) if (echoes.push(echo) === messages.length) close(...GOODBYE);
  await piped;
  return toldBy(echoes, await closed);
};

const standard: Face = (url, options, messages) =>
  new Promise((resolve) => {
    const socket = new WebSocket(url, [], { compression: false, ...options });
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      for (const message of messages) socket.send(message);
    };
    const echoes: Message[] = [];
    socket.onmessage = ({ data }) => {
      const echo = typeof data === "string" ? data : new Uint8Array(data);
      if (echoes.push(echo) === messages.length) socket.close(...GOODBYE);
    };
    socket.onclose = ({ code, wasClean }) => resolve({ echoes, code, clean: wasClean });
  });

const again: Face = async (url, options, messages) => {
  const echoes: Message[] = [];
  const endings: PeerClosed[] = [];
  const line = reconnecting(url, {
    ...options,
    message: (_peer, echo) => {
      if (echoes.push(echo) === messages.length) line.close(...GOODBYE);
    },
    close: (_peer, closed) => endings.push(closed),
  });
  for (const message of messages) line.send(message);
  await line.closed;
  return toldBy(echoes, endings[0]!);
};

/** By name. */
export const FACES: Readonly<Record<string, Face>> = {
  "messages asked for": asked,
  "an iterator": iterated,
  "a conversation": conversation,
  handlers,
  streams,
  "WebSocket, as in browsers": standard,
  "one that reconnects": again,
};

function toldBy(echoes: readonly Message[], { code, clean }: PeerClosed): Told {
  return { echoes, code, clean };
}
