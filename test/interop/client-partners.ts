/** Our client with every partner: each talk with each of them. */

import type { Group } from "./check.ts";
import { compressedTalks } from "./client-compression.ts";
import { talks } from "./client-talks.ts";
import { ways } from "./client-ways.ts";
import type { Partner, Talk } from "./partner.ts";
import { pythonWebsockets } from "./python-websockets.ts";
import { wsPartner } from "./ws-partner.ts";

const PARTNERS: readonly Partner[] = [wsPartner, pythonWebsockets];

const TALKS: readonly (readonly [title: string, talks: readonly Talk[]])[] = [
  ["", [...talks, ...ways]],
  [", permessage-deflate", compressedTalks],
];

export const clientPartners: readonly Group[] = PARTNERS.flatMap((partner) =>
  TALKS.map(([title, all]) => ({
    title: `our client, ${partner.name} as server${title}`,
    checks: all.map(({ name, run }) => ({ name, run: () => run(partner) })),
  })),
);
