/**
 * The core's built files, checked in whatever runtime this is. No test framework and nothing of any platform: only
 * dist/, the language, and `console.log`. The last line of the output is the result, as JSON; the digest covers every
 * value that was computed, and has to be the same everywhere.
 */

import { checkClosing } from "./checks/closing.mjs";
import { checkCompression } from "./checks/compression.mjs";
import { checkDescribe } from "./checks/describe.mjs";
import { checkEventStreams } from "./checks/event-streams.mjs";
import { checkFrames } from "./checks/frames.mjs";
import { checkHandshake } from "./checks/handshake.mjs";
import { checkText } from "./checks/text.mjs";
import { checkViolations } from "./checks/violations.mjs";
import { Suite } from "./suite.mjs";

const suite = new Suite();
checkHandshake(suite);
checkFrames(suite);
checkText(suite);
checkClosing(suite);
checkViolations(suite);
checkCompression(suite);
checkEventStreams(suite);
checkDescribe(suite);

for (const failure of suite.failures) console.log(`FAILED: ${failure}`);
console.log(JSON.stringify({ checks: suite.checks, failed: suite.failures.length, digest: suite.digest }));
