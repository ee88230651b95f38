/** RFC 1951 and RFC 7692: streams, messages, windows. */

import { deflateRaw, inflateRaw, portable } from "../../../dist/deflate/index.js";
import { peers, permessageDeflate } from "../../../dist/index.js";
import { bytesOf, concat, exampleKeys, frame, hex, pseudoRandom, pseudoText } from "../suite.mjs";
import { receive } from "./frames.mjs";

/** What both sides of a handshake agree on. */
function agree(offered, own = {}) {
  const client = permessageDeflate({ threshold: 0, ...offered });
  const server = permessageDeflate({ threshold: 0, ...own });
  const answer = server.accept(client.offers()[0]);
  return { client: [client.confirm(answer.parameters)], server: [answer] };
}

/** RFC 7692 §7.2.3: what a client is sent, and the messages in it. */
const EXAMPLES = [
  ["one compressed message", "c1 07 f248cdc9c90700", ["Hello"]],
  ["the same, fragmented", "41 03 f248cd 80 04 c9c90700", ["Hello"]],
  [
    "two, the second from the first one's window",
    "c1 07 f248cdc9c90700 c1 05 f200110000",
    ["Hello", "Hello"],
  ],
  ["a stored block", "c1 0b 000500faff48656c6c6f00", ["Hello"]],
  ["a block with BFINAL", "c1 08 f348cdc9c9070000", ["Hello"]],
  ["two blocks", "c1 0d f2480500 0000ffff cac9c90700", ["Hello"]],
  ["a message that is not compressed", "81 05 48656c6c6f", ["Hello"]],
  ["an empty message", "c1 01 00", [""]],
];

const INPUTS = {
  nothing: new Uint8Array(0),
  "one byte": Uint8Array.of(7),
  zeros: new Uint8Array(40_000),
  text: pseudoText(40_000, 3),
  noise: pseudoRandom(20_000, 9),
  both: concat(pseudoText(10_000, 4), pseudoRandom(10_000, 5), pseudoText(10_000, 4)),
};

export function checkCompression(suite) {
  for (const [title, bytes, texts] of EXAMPLES) {
    const extensions = agree({}).client;
    suite.check(
      `received: ${title}`,
      () => receive("client", [hex(bytes)], { extensions }).events,
      texts.map((text) => ["text", text]),
    );
  }
  suite.check(
    "sent: one compressed message, as the RFC has it",
    () => {
      const { client, server } = agree({});
      const wire = [];
      const sides = peers({
        client: { extensions: client },
        server: { extensions: server },
        carry: (bytes) => [wire.push(bytes.slice()) && bytes],
      });
      sides.server.sendText("Hello");
      sides.settle();
      return concat(...wire);
    },
    frame(0xc1, hex("f248cdc9c90700")),
  );

  const messages = [
    bytesOf("first"),
    pseudoText(3000, 1),
    pseudoText(3000, 1),
    pseudoRandom(500, 2),
    new Uint8Array(0),
  ];
  for (let bits = 8; bits <= 15; bits++) {
    for (const takeover of [true, false]) {
      const limits = {
        serverMaxWindowBits: bits,
        clientMaxWindowBits: bits,
        serverNoContextTakeover: !takeover,
        clientNoContextTakeover: !takeover,
      };
      suite.check(
        `messages through windows of 2^${bits}, ${takeover ? "with" : "without"} context takeover`,
        () => {
          const { client, server } = agree(limits, limits);
          const sizes = { client: 0, server: 0 };
          const sides = peers({
            client: { extensions: client, random: exampleKeys },
            server: { extensions: server },
            carry: (bytes, from) => {
              sizes[from] += bytes.length;
              return [bytes];
            },
          });
          for (const message of messages) {
            sides.client.sendBinary(message);
            sides.server.sendBinary(message);
          }
          const told = sides.settle();
          const smaller = sizes.client < 5000 && sizes.server < 5000;
          return {
            smaller,
            client: told.client.map(({ data }) => data),
            server: told.server.map(({ data }) => data),
          };
        },
        { smaller: true, client: messages, server: messages },
      );
    }
  }

  for (let level = 0; level <= 9; level++) {
    for (const [name, data] of Object.entries(INPUTS)) {
      suite.check(
        `${name}, deflated at level ${level} and inflated`,
        () => {
          const deflated = deflateRaw(data, { level });
          // The compressed bytes themselves count for the digest: they must be the same everywhere.
          suite.note(deflated);
          return inflateRaw(deflated);
        },
        data,
      );
    }
  }
  suite.check("a supplier says what it can do", () => portable.smallestWindowBits, 8);
  for (const [title, bytes] of [
    ["a block of type 3", "07"],
    ["a stored block whose lengths disagree", "0100000000"],
    ["a distance beyond the beginning", "4b044200"],
  ]) {
    suite.check(`not DEFLATE: ${title}`, () => throws(() => inflateRaw(hex(bytes))), true);
  }
}

function throws(call) {
  try {
    call();
    return false;
  } catch {
    return true;
  }
}
