/**
 * What permessage-deflate costs a server: memory for each connection that has exchanged one message of 1 KiB each way,
 * by setting; time and bytes of a message, by level, and the time to read it; and how long one large message keeps the
 * event loop. Native zlib, level 2 unless another is named, Node.
 *
 *   npm run bench:compression
 */

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ByteBuffer } from "../dist/bytes.js";
import { native } from "../dist/node/zlib.js";
import { permessageDeflate } from "../dist/protocol/permessage-deflate.js";
import { payloadOf } from "./lib/payloads.mjs";

const CONNECTIONS = 2000;
const LEVEL = 2;
const MIB = 1024 * 1024;

const takeover = (windowBits, memoryLevel) => ({
  serverMaxWindowBits: windowBits,
  clientMaxWindowBits: windowBits,
  memoryLevel,
});
const settings = {
  "no context takeover (the default of `serve`)": {
    serverNoContextTakeover: true,
    clientNoContextTakeover: true,
  },
  "takeover, window 9 bits, memory level 1": takeover(9, 1),
  "takeover, window 10 bits, memory level 4": takeover(10, 4),
  "takeover, window 12 bits, memory level 5": takeover(12, 5),
  "takeover, window 15 bits, memory level 5": takeover(15, 5),
  "takeover, window 15 bits, memory level 8": takeover(15, 8),
};

const json = (size) => payloadOf("json", size);

function agreementFor(setting) {
  const extension = permessageDeflate({ compression: native, level: LEVEL, threshold: 0, ...setting });
  return extension.accept(extension.offers()[0]);
}

async function memoryPerConnection(setting) {
  const agreement = agreementFor(setting);
  const plain = json(1024);
  const coded = new ByteBuffer();
  agreement.codec("client").encode(plain, coded, true);
  const message = coded.view().slice();
  const output = new ByteBuffer();
  const connect = () => {
    const codec = agreement.codec("server");
    codec.decode(message, output, MIB, true);
    codec.encode(plain, output, true);
    output.clear();
    return codec;
  };
  const settled = async () => {
    for (let round = 0; round < 3; round++) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return process.memoryUsage().rss;
  };
  for (let round = 0; round < 20; round++) connect();
  const before = await settled();
  const codecs = Array.from({ length: CONNECTIONS }, connect);
  return ((await settled()) - before) / codecs.length;
}

function milliseconds(work) {
  const times = [0, 1, 2].map(() => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return Math.min(...times);
}

/** Messages one after the other to connections in turns, as a server has them: each finds its window out of the cache. */
function compressed(level, size) {
  const deflaters = Array.from({ length: 64 }, () =>
    native.deflater({ windowBits: 15, level, memoryLevel: 5 }),
  );
  const messages = Array.from({ length: 256 }, (_, number) => payloadOf("json", size, number));
  const output = new ByteBuffer();
  const rounds = Math.ceil(8_000_000 / (size + 2000) / deflaters.length);
  // No message comes again while a window still has it.
  let number = 0;
  let bytes = 0;
  const all = () => {
    bytes = 0;
    for (const end = number + rounds; number < end; number++) {
      for (const deflater of deflaters) {
        output.clear();
        deflater.deflate(messages[number % messages.length], output);
        bytes += output.length;
      }
    }
  };
  all(); // fills the windows
  const count = rounds * deflaters.length;
  return { us: (milliseconds(all) * 1000) / count, bytes: bytes / count };
}

/** The same, read again. All windows are alike, but each is memory of its own. */
function inflated(size) {
  const deflater = native.deflater({ windowBits: 15, level: LEVEL, memoryLevel: 5 });
  const inflaters = Array.from({ length: 64 }, () => native.inflater(15));
  const output = new ByteBuffer();
  // So many that they fill the window. From then on any message can be read in any order, if not understood.
  const messages = Array.from({ length: Math.ceil(80_000 / size) }, (_, number) => {
    output.clear();
    deflater.deflate(payloadOf("json", size, number), output);
    return output.view().slice();
  });
  const all = () => {
    for (const message of messages) {
      for (const inflater of inflaters) {
        output.clear();
        inflater.inflate(message, output, MIB);
        if (!inflater.atBoundary) throw new Error(inflater.fault);
      }
    }
  };
  all();
  return (milliseconds(all) * 1000) / (messages.length * inflaters.length);
}

const asked = process.argv[2];
if (asked !== undefined) {
  console.log(await memoryPerConnection(settings[asked]));
} else {
  console.log(`memory per connection after one message each way (${CONNECTIONS} connections, RSS)`);
  for (const name of Object.keys(settings)) {
    // A process for each: what one setting leaves behind is not counted for the next.
    const child = spawnSync(process.execPath, ["--expose-gc", fileURLToPath(import.meta.url), name], {
      encoding: "utf8",
    });
    console.log(`  ${name.padEnd(46)} ${(Number(child.stdout) / 1024).toFixed(1).padStart(7)} KiB`);
  }
  console.log("messages of JSON with context takeover, 64 connections in turns");
  for (const size of [128, 1024, 16_384]) {
    for (const level of [1, 2, 3, 6]) {
      const { us, bytes } = compressed(level, size);
      const what = `${size} bytes, level ${level}`;
      console.log(
        `  ${what.padEnd(46)} ${us.toFixed(1).padStart(7)} µs, ${bytes.toFixed(1).padStart(7)} bytes`,
      );
    }
  }
  for (const size of [128, 512, 1024, 16_384]) {
    console.log(`  ${`${size} bytes, read`.padEnd(46)} ${inflated(size).toFixed(1).padStart(7)} µs`);
  }
  console.log("one message on the event loop");
  const noise = new Uint8Array(MIB);
  for (let at = 0; at < MIB; at += 65536) crypto.getRandomValues(noise.subarray(at, at + 65536));
  for (const [what, data] of [
    ["1 MiB of JSON", json(MIB)],
    ["1 MiB of noise", noise],
  ]) {
    const codec = agreementFor({}).codec("server");
    const output = new ByteBuffer();
    const encode = milliseconds(() => {
      output.clear();
      codec.encode(data, output, true);
    });
    console.log(`  compress ${what.padEnd(37)} ${encode.toFixed(1).padStart(7)} ms`);
  }
}
