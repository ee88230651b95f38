/** The demonstration in a real browser: the page of demo/, used as a reader would use it. */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startDemo } from "../../demo/server.ts";
import { Chromium, type ExceptionDetails } from "./chromium.ts";

/** How long the page may take for anything. */
const PATIENCE = 10_000;

/** Resolves in the page as soon as `condition` holds there. It is looked at whenever the page has changed. */
function until(condition: string): string {
  return `new Promise((resolve, reject) => {
    const look = () => (${condition}) && (observer.disconnect(), resolve(true));
    const observer = new MutationObserver(look);
    observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
    setTimeout(() => reject(new Error("this never came to be")), ${PATIENCE});
    look();
  })`;
}

const text = (selector: string): string => `document.querySelector(${JSON.stringify(selector)}).textContent`;

/** Frames in the log, newest first, as "in text". */
const FRAMES = `Array.from(document.querySelectorAll(".frame"),
  (frame) => frame.dataset.direction + " " + frame.querySelector("strong").textContent)`;

async function useThePage(chromium: Chromium, port: number, screenshots?: string): Promise<void> {
  const wait = (condition: string): Promise<void> => chromium.evaluate(until(condition));
  const fill = async (id: string, value: string): Promise<void> => {
    await chromium.evaluate(`document.getElementById("${id}").select()`);
    await chromium.send("Input.insertText", { text: value });
  };
  const submit = (form: string): Promise<void> =>
    chromium.evaluate(`document.querySelector("#${form} button").click()`);
  const frames = (): Promise<string[]> => chromium.evaluate(FRAMES);

  await navigate(chromium, port);
  await wait(`${text("#state")} === "open"`);

  await step("text comes back, and both frames are shown, byte by byte", async () => {
    await fill("text", "<b>Hi</b> there");
    await chromium.send("Input.dispatchKeyEvent", { type: "keyDown", key: "Enter", text: "\r" });
    await wait(`${FRAMES}.length === 2`);
    assert.deepEqual(await frames(), ["out text", "in text"]);
    const [first, length, payload] = await chromium.evaluate<string[][]>(
      `Array.from(document.querySelectorAll("[data-direction=out] .row"),
        (row) => Array.from(row.children, (cell) => cell.textContent))`,
    );
    assert.deepEqual(first, ["81", "FIN, text", "a whole message (§5.4)"]);
    assert.deepEqual(length, ["0f", "length 15", "as servers send (§5.1)"]);
    assert.deepEqual(payload, ["3c 62 3e 48 69 3c 2f 62", 'payload "<b>Hi</b> there"', ""]);
    assert.equal(await chromium.evaluate(`document.querySelector("#log b")`), null);
  });

  await step("bytes come back", async () => {
    await fill("binary", "00 ff 7f");
    await submit("binary-form");
    await wait(`${FRAMES}.length === 4`);
    assert.deepEqual((await frames()).slice(0, 2), ["out binary", "in binary"]);
  });

  await step("what is not hexadecimal is refused, where it was written", async () => {
    await fill("binary", "0");
    await submit("binary-form");
    assert.match(await chromium.evaluate(`document.getElementById("binary").validationMessage`), /Pairs/);
    assert.equal((await frames()).length, 4);
    await fill("binary", "c0 ff ee");
    assert.equal(await chromium.evaluate(`document.getElementById("binary").validationMessage`), "");
  });

  await step("the server pings, and the browser's answer is timed", async () => {
    await submit("ping-form");
    await wait(`${text("#roundtrip")}.startsWith("round trip")`);
    assert.deepEqual((await frames()).slice(0, 2), ["in pong", "out ping"]);
  });

  await step("a cut event stream goes on where it was", async () => {
    await wait(`Number(${text("#tick-id")}) > 0`);
    await chromium.evaluate(`document.getElementById("cut").click()`);
    await wait(`${text("#missed")}.includes("sent again")`);
  });

  if (screenshots !== undefined) await takeScreenshots(chromium, screenshots);

  await step("a close is answered, and said", async () => {
    await fill("code", "4001");
    await fill("reason", "enough");
    await submit("close-form");
    await wait(`${text("#state")} === "closed, 4001"`);
    assert.deepEqual((await frames()).slice(0, 2), ["out close", "in close"]);
    assert.equal(await chromium.evaluate(`document.querySelector("#text-form button").disabled`), true);
  });

  await step("the page connects again", async () => {
    await chromium.evaluate(`document.getElementById("connect").click()`);
    await wait(`${text("#state")} === "open"`);
  });
}

async function navigate(chromium: Chromium, port: number): Promise<void> {
  const loaded = new Promise((resolve) => chromium.on("Page.loadEventFired", resolve));
  await chromium.send("Page.navigate", { url: `http://127.0.0.1:${port}/` });
  await loaded;
}

async function step(title: string, check: () => Promise<void>): Promise<void> {
  await check();
  console.log(`  ${title}`);
}

const VIEWS = [
  { name: "desktop", width: 1280, height: 900, mobile: false },
  { name: "phone", width: 390, height: 844, mobile: true },
];

async function takeScreenshots(chromium: Chromium, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const { name, ...size } of VIEWS) {
    await chromium.send("Emulation.setDeviceMetricsOverride", { ...size, deviceScaleFactor: 1 });
    for (const scheme of ["light", "dark"]) {
      const features = [{ name: "prefers-color-scheme", value: scheme }];
      await chromium.send("Emulation.setEmulatedMedia", { features });
      const { data } = await chromium.send<{ data: string }>("Page.captureScreenshot", {
        captureBeyondViewport: true,
      });
      writeFileSync(join(folder, `demo-${name}-${scheme}.png`), Buffer.from(data, "base64"));
    }
  }
}

/** What a browser complains of: an exception that nobody caught, `console.error`, and what it says itself. */
interface Thrown {
  readonly exceptionDetails: ExceptionDetails;
}
interface Logged {
  readonly type: string;
  readonly args: readonly unknown[];
}
interface Noted {
  readonly entry: { readonly level: string; readonly text: string; readonly url?: string };
}

/** `path` is that of a browser; `screenshots` a folder for some, if they are wanted. */
export async function useTheDemonstration(path: string, screenshots?: string): Promise<void> {
  const demo = await startDemo(0, "127.0.0.1");
  const chromium = await Chromium.start(path);
  const complaints: string[] = [];
  try {
    chromium.on<Thrown>("Runtime.exceptionThrown", ({ exceptionDetails }) => {
      complaints.push(exceptionDetails.exception?.description ?? exceptionDetails.text);
    });
    chromium.on<Logged>("Runtime.consoleAPICalled", ({ type, args }) => {
      if (type === "error" || type === "warning") complaints.push(`${type}: ${JSON.stringify(args)}`);
    });
    chromium.on<Noted>("Log.entryAdded", ({ entry }) => {
      complaints.push(`${entry.level}: ${entry.text} ${entry.url}`);
    });
    for (const domain of ["Page", "Runtime", "Log"]) await chromium.send(`${domain}.enable`);
    await useThePage(chromium, demo.port, screenshots);
    assert.deepEqual(complaints, [], "the browser has nothing to complain of");
  } finally {
    await chromium.stop();
    await demo.close();
  }
  console.log("the demonstration works in a browser");
}
