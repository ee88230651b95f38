/**
 * Categories 107 and 108 — Control frames in the midst of messages (RFC 6455 §5.4, §5.5), and closes that meet
 * something on their way (§5.5.1, §7.1). Next: 109-close-codes.ts.
 */

import type { Case, Event, Script } from "../case.ts";
import { repeated } from "../data.ts";
import { Opcode } from "../wire.ts";
import { answers, chapter, type Draft, fails, isFree } from "./beyond.ts";
import { binary, pong, text } from "./expectations.ts";

const HELLO = "Hello";
const { Continuation, Text, Binary, Close, Ping, Pong } = Opcode;

// --- 107: inside messages -------------------------------------------------------------------------------------

const FRAGMENT = repeated("0123456789abcdef", 64 * 1024);

/**
 * A Ping behind each fragment: the next fragment follows when the Pong is there, or after a while. A peer must
 * answer inside the message (§5.4), and should do so soon (§5.5.2).
 */
function pingsInside(fragmentCount: number, fragment: Uint8Array): Draft {
  const total = fragmentCount * fragment.length;
  return {
    ...answers({
      description: `Send ${total} octets in ${fragmentCount} fragments, and wait for a Pong behind each.`,
      requirements: [
        "RFC6455-5.4-01",
        "RFC6455-5.4-05",
        "RFC6455-5.5.2-02",
        "RFC6455-5.5.2-03",
        "RFC6455-5.5.3-01",
      ],
      seconds: 10,
      act: (script) => pingAndWait(script, fragmentCount, fragment),
    }),
    expectation: "A Pong comes before the message goes on, and the message comes back. Clean close.",
  };
}

function pingAndWait(script: Script, fragmentCount: number, fragment: Uint8Array): void {
  let sent = 0;
  let late = 0;
  const ponged = new Set<string>();
  const next = (): void => {
    if (sent === fragmentCount) return;
    const isLast = ++sent === fragmentCount;
    const number = String(sent);
    script.frame(sent === 1 ? Binary : Continuation, fragment, { fin: isLast });
    if (isLast) return;
    script.frame(Ping, number);
    script.wait(1, () => {
      if (ponged.has(number) || String(sent) !== number) return;
      late++;
      next();
    });
  };
  script.verdict("FAILED", "The message did not come back.");
  script.onEvent = (event) => {
    if (event.type === "pong") {
      const number = Buffer.from(event.payload).toString();
      if (!(Number(number) <= sent))
        script.verdict("FAILED", `Nobody sent the Ping that this Pong answers: ${number}.`);
      else ponged.add(number);
      if (number === String(sent)) next();
    } else if (event.type === "message") {
      const whole = repeated(fragment, fragmentCount * fragment.length);
      if (!event.binary || Buffer.compare(event.payload, whole) !== 0) {
        script.verdict("FAILED", "The message came back changed.");
      } else if (ponged.size < fragmentCount - 1) {
        // §5.5.3: only the latest of several Pings needs an answer; but here each was the latest for a second.
        script.verdict("FAILED", `${ponged.size} of ${fragmentCount - 1} Pings were answered.`);
      } else if (late > 0) {
        script.verdict("NON-STRICT", `${late} Pongs took more than a second.`);
      } else {
        script.verdict("OK", "Every Ping was answered inside the message, and the message came back.");
      }
      script.close(1000);
    }
  };
  next();
}

const inside = ["RFC6455-5.4-01", "RFC6455-5.4-05"];

/** §5.5.3: of many Pings at once, a peer may answer only the latest; in order, and with what they said. */
function flood(count: number): Draft {
  return {
    ...answers({
      description: `Send ${count} Pings at once.`,
      requirements: ["RFC6455-5.5.2-02", "RFC6455-5.5.3-01", "RFC6455-5.5.3-02"],
      act(script) {
        let answered = 0;
        let latest = 0;
        script.verdict("FAILED", "The last Ping was not answered.");
        script.onEvent = (event) => {
          if (event.type !== "pong") return;
          const number = Number(Buffer.from(event.payload).toString());
          answered++;
          if (!(number > latest)) script.verdict("FAILED", `Pong ${number} came behind ${latest}.`);
          else if (number === count) script.verdict("OK", `${answered} Pongs, in order, with the last one.`);
          latest = number;
          if (number === count) script.close(1000);
        };
        for (let number = 1; number <= count; number++) script.frame(Ping, String(number));
      },
    }),
    expectation: "Pongs, in order; the last Ping is answered.",
  };
}

export const controlFrames: readonly Case[] = chapter(107, "Control frames inside messages", [
  pingsInside(2, FRAGMENT.subarray(0, 100)),
  pingsInside(16, FRAGMENT),
  pingsInside(100, FRAGMENT.subarray(0, 1000)),
  flood(30),
  // Not more: a peer may take that for an attack (§7.1.1), and some do.
  isFree({
    description: "Send 5000 Pings at once.",
    requirements: ["RFC6455-5.5.2-02", "RFC6455-5.5.3-02", "RFC6455-7.1.1-02"],
    act(script) {
      for (let number = 1; number <= 5000; number++) script.frame(Ping, String(number));
    },
  }),
  answers({
    description: "Send a Ping in the middle of a letter that takes four octets.",
    requirements: [...inside, "RFC6455-5.6-01"],
    events: [pong("?"), text("𝄞")],
    act(script) {
      script.frame(Text, Buffer.from("𝄞").subarray(0, 1), { fin: false });
      script.frame(Ping, "?");
      script.frame(Continuation, Buffer.from("𝄞").subarray(1));
    },
  }),
  answers({
    description: "Send a Ping of 125 octets, each for itself, inside a message.",
    requirements: [...inside, "RFC6455-5.5-01", "RFC6455-5.5.2-01"],
    events: [pong(repeated("p", 125)), text(HELLO)],
    act(script) {
      script.frame(Text, HELLO.slice(0, 2), { fin: false });
      script.frame(Ping, repeated("p", 125), { chop: 1 });
      script.frame(Continuation, HELLO.slice(2));
    },
  }),
  answers({
    description: "Send a Ping whose octets are no UTF-8.",
    requirements: ["RFC6455-5.5.2-01", "RFC6455-5.5.3-01"],
    events: [pong(Uint8Array.of(0xff, 0, 0xc0, 0x80))],
    act: (script) => script.frame(Ping, Uint8Array.of(0xff, 0, 0xc0, 0x80)),
  }),
  answers({
    description: "Send three Pongs that nobody asked for, inside and outside a message.",
    requirements: ["RFC6455-5.5.3-03", ...inside],
    events: [text(HELLO)],
    act(script) {
      script.frame(Pong, "");
      script.frame(Text, HELLO.slice(0, 1), { fin: false });
      script.frame(Pong, HELLO);
      script.frame(Continuation, HELLO.slice(1));
      script.frame(Pong, repeated("*", 125));
    },
  }),
  ...[
    ["Ping", Ping],
    ["Pong", Pong],
    ["Close", Close],
  ].map(([name, opcode]) =>
    fails({
      description: `Send a ${name} without FIN inside a message.`,
      requirements: ["RFC6455-5.4-02", "RFC6455-5.5-02"],
      act(script) {
        script.frame(Text, HELLO, { fin: false });
        script.frame(opcode as number, "", { fin: false });
        script.frame(Continuation, HELLO);
      },
    }),
  ),
  fails({
    description: "Send a control frame with opcode 11 inside a message.",
    requirements: ["RFC6455-5.2-04"],
    act(script) {
      script.frame(Text, HELLO, { fin: false });
      script.frame(11, "");
      script.frame(Continuation, HELLO);
    },
  }),
]);

// --- 108: close races -----------------------------------------------------------------------------------------

/** The judge closes in the middle of something: whatever the peer says, it says before its Close. */
function race(
  description: string,
  requirements: readonly string[],
  act: (script: Script) => void,
  {
    events = [],
    lesser,
    codes,
  }: { events?: readonly Event[]; lesser?: readonly Event[]; codes?: number[] } = {},
): Draft {
  return {
    ...answers({
      description,
      requirements,
      events,
      act,
      ...(lesser !== undefined && { lesser }),
      ...(codes !== undefined && { codes }),
    }),
    expectation: "What came before the Close is answered, nothing behind it is. Clean close.",
  };
}

const NOTHING_BEHIND = ["RFC6455-5.5.1-06", "RFC6455-5.5.1-07", "RFC6455-7.1.1-01"];
const ENDS_TCP = ["RFC6455-5.5.1-12", "RFC6455-5.5.1-13"];
const TEN = Array.from({ length: 10 }, (_, at) => String(at));

/** A Close as a raw frame, so that the judge's own state does not stop what comes behind it. */
const code = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 0xff);

export const closeRaces: readonly Case[] = chapter(108, "Close races", [
  race(
    "Send a Ping and a Close at once.",
    ["RFC6455-5.5.2-02", ...ENDS_TCP],
    (script) => {
      script.frame(Ping, HELLO);
      script.close(1000);
    },
    { events: [pong(HELLO)], lesser: [] },
  ),
  race(
    "Send ten Pings and a Close at once.",
    ["RFC6455-5.5.2-02", "RFC6455-5.5.3-02", ...ENDS_TCP],
    (script) => {
      for (const number of TEN) script.frame(Ping, number);
      script.close(1000);
    },
    { events: TEN.map(pong), lesser: [pong("9")] },
  ),
  race("Send a Close, octet by octet.", [...NOTHING_BEHIND, "RFC6455-6.2-01"], (script) => {
    script.frame(Pong, "", { chop: 1 });
    script.close(1000, "one by one");
  }),
  race("Send a Close and ten messages behind it.", NOTHING_BEHIND, (script) => {
    script.close(1000);
    for (const number of TEN) script.frame(Text, number);
  }),
  race("Send a Close and a megabyte behind it.", NOTHING_BEHIND, (script) => {
    script.close(1000);
    script.frame(Binary, repeated("*", 1 << 20));
  }),
  race("Send a Close and octets behind it that are no frame.", NOTHING_BEHIND, (script) => {
    script.close(1000);
    script.octets(repeated(Uint8Array.of(0xff), 1000));
  }),
  race("Send a Close and a frame with reserved bits behind it.", NOTHING_BEHIND, (script) => {
    script.close(1000);
    script.frame(Text, HELLO, { rsv: 7 });
  }),
  race("Send half a message and a Close.", NOTHING_BEHIND, (script) => {
    script.frame(Text, HELLO, { fin: false });
    script.close(1000);
  }),
  race("Send half a letter, in half a message, and a Close.", NOTHING_BEHIND, (script) => {
    script.frame(Text, Uint8Array.of(0xf0, 0x9d), { fin: false });
    script.close(1000);
  }),
  race(
    "Send two Closes, with different codes.",
    [...NOTHING_BEHIND, "RFC6455-7.1.5-01"],
    (script) => {
      script.close(1001);
      script.frame(Close, code(4000));
    },
    { codes: [1000, 1001] },
  ),
  race("Send a Close, and after a while another.", [...NOTHING_BEHIND, ...ENDS_TCP], (script) => {
    script.close(1000);
    script.wait(0.2, () => script.frame(Close, code(1000)));
  }),
  race(
    "Send a megabyte and a Close behind it, while the echo is on its way.",
    [...NOTHING_BEHIND, "RFC6455-5.5.1-10", "RFC6455-7.1.1-01"],
    (script) => {
      script.frame(Binary, repeated("*", 1 << 20));
      script.close(1000);
    },
    { events: [binary(repeated("*", 1 << 20))], lesser: [] },
  ),
  fails({
    description: "Send a frame with reserved bits, and a Close behind it: both ends close.",
    requirements: ["RFC6455-5.2-03", "RFC6455-5.5.1-16", "RFC6455-7.1.7-07"],
    act(script) {
      script.frame(Text, HELLO, { rsv: 7 });
      script.frame(Close, code(1000));
    },
  }),
]);
