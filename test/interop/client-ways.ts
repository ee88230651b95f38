/** The ways to a partner that are not plain TCP: TLS, a proxy, both of them, a Unix socket. */

import { strict as assert } from "node:assert";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { type ConnectOptions, connect } from "../../src/node/client/connect.ts";
import { makeCertificate } from "../helpers/certificate.ts";
import { Skipped } from "./check.ts";
import { MESSAGES } from "./messages.ts";
import { type PartnerSettings, type Talk, talk, withPartner } from "./partner.ts";

async function converse(origin: string, options: ConnectOptions): Promise<void> {
  const peer = await connect(origin, options);
  for (const message of MESSAGES) {
    await peer.send(message);
    assert.deepEqual(await peer.receive(), message);
  }
  peer.close();
  assert.equal((await peer.closed).clean, true);
}

let tls: NonNullable<PartnerSettings["tls"]> | undefined;

/** A certificate that nobody knows, and its key. */
function selfSigned(): NonNullable<PartnerSettings["tls"]> {
  if (tls === undefined) {
    const made = makeCertificate();
    if (made === undefined) throw new Skipped("there is no openssl to make a certificate");
    tls = { key: made.key.toString(), cert: made.cert.toString() };
  }
  return tls;
}

interface RunningProxy {
  readonly url: string;
  /** The targets it was asked for, each with its credentials. */
  readonly asked: string[];
}

/** A proxy that opens a tunnel to wherever it is asked to. */
async function withProxy(use: (proxy: RunningProxy) => Promise<void>): Promise<void> {
  const asked: string[] = [];
  const server = createServer().on("connect", ({ url, headers }, socket, head) => {
    asked.push(`${url} ${headers["proxy-authorization"]}`);
    const { hostname, port } = new URL(`http://${url}`);
    const onward = connectTcp(Number(port), hostname, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      onward.write(head);
    });
    pipeline(socket, onward, socket, () => {});
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  try {
    await use({ url: `http://ada:secret@127.0.0.1:${port}`, asked });
  } finally {
    server.close();
  }
}

const CREDENTIALS = `Basic ${Buffer.from("ada:secret").toString("base64")}`;

/** What the proxy is told of a connection to this origin. */
function askedFor(origin: string): string[] {
  return [`${new URL(origin).host} ${CREDENTIALS}`];
}

export const ways: readonly Talk[] = [
  {
    name: "by TLS, with a certificate that we were given",
    run: async (partner) => {
      const { key, cert } = selfSigned();
      await withPartner(partner, { tls: { key, cert } }, ({ origin }) =>
        converse(origin, { tls: { ca: cert } }),
      );
    },
  },
  {
    name: "by TLS, with a certificate that nobody knows: refused",
    run: async (partner) => {
      await withPartner(partner, { tls: selfSigned() }, async ({ origin }) => {
        await assert.rejects(connect(origin), { name: "ConnectError", phase: "tls", rule: "tls" });
      });
    },
  },
  talk("through a proxy", {}, ({ origin }) =>
    withProxy(async ({ url, asked }) => {
      await converse(origin, { proxy: url });
      assert.deepEqual(asked, askedFor(origin));
    }),
  ),
  {
    name: "by TLS, through a proxy",
    run: async (partner) => {
      const { key, cert } = selfSigned();
      await withPartner(partner, { tls: { key, cert } }, ({ origin }) =>
        withProxy(async ({ url, asked }) => {
          await converse(origin, { proxy: url, tls: { ca: cert } });
          assert.deepEqual(asked, askedFor(origin));
        }),
      );
    },
  },
  {
    name: "by a Unix socket",
    run: async (partner) => {
      const folder = mkdtempSync(join(tmpdir(), "framewright-"));
      const socketPath = join(folder, "socket");
      try {
        await withPartner(partner, { socketPath }, ({ origin }) => converse(origin, { socketPath }));
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  },
];
