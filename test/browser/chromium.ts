/**
 * A headless Chromium, driven over its DevTools protocol: JSON in WebSocket messages. The WebSocket is our own.
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connectTo, type TestClient } from "../helpers/net-client.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--hide-scrollbars",
  "--remote-debugging-port=0",
];

/** A browser that can be run: the environment's CHROMIUM, or one of the usual names. */
export function findChromium(): string | undefined {
  const { CHROMIUM } = process.env;
  const names = CHROMIUM === undefined || CHROMIUM === "" ? NAMES : [CHROMIUM];
  return names.find((name) => spawnSync(name, ["--version"]).status === 0);
}

interface Command {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** What the browser says: an answer to a command, which has its id, or an event, which has a method. */
interface Saying {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
  readonly method?: string;
  readonly params?: unknown;
}

interface Evaluation<Value> {
  readonly result: { readonly value: Value };
  readonly exceptionDetails?: ExceptionDetails;
}

export interface ExceptionDetails {
  readonly text: string;
  readonly exception?: { readonly description?: string };
}

/** No test takes longer; a browser that hangs does. */
const LIFETIME = 60_000;

export class Chromium {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #client: TestClient;
  readonly #commands = new Map<number, Command>();
  readonly #listeners = new Map<string, (params: unknown) => void>();
  #page: string | undefined = undefined;
  #lastId = 0;

  private constructor(child: ChildProcess, profile: string, client: TestClient) {
    this.#process = child;
    this.#profile = profile;
    this.#client = client;
    void this.#read();
  }

  /** Starts a browser with one empty page. */
  static async start(path: string): Promise<Chromium> {
    const profile = mkdtempSync(join(tmpdir(), "framewright-chromium-"));
    const child = spawn(path, [...FLAGS, `--user-data-dir=${profile}`, "about:blank"], {
      stdio: ["ignore", "ignore", "pipe"],
      timeout: LIFETIME,
    });
    const { port, pathname } = await debuggingAddress(child);
    const client = await connectTo(Number(port), {
      target: pathname,
      connection: { maxMessageSize: 64 * 1024 * 1024 }, // screenshots
    });
    const chromium = new Chromium(child, profile, client);
    const page = await chromium.send<{ targetId: string }>("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await chromium.send<{ sessionId: string }>("Target.attachToTarget", {
      targetId: page.targetId,
      flatten: true,
    });
    chromium.#page = sessionId;
    return chromium;
  }

  /** Gives a command, and resolves with its result: the protocol's documentation has the types. */
  send<Result>(method: string, params: object = {}): Promise<Result> {
    const id = ++this.#lastId;
    const sessionId = this.#page;
    this.#client.connection.sendText(JSON.stringify({ id, method, params, sessionId }));
    return new Promise((resolve, reject) => {
      this.#commands.set(id, { resolve: resolve as (result: unknown) => void, reject });
    });
  }

  on<Params>(method: string, listener: (params: Params) => void): void {
    this.#listeners.set(method, listener as (params: unknown) => void);
  }

  /** Evaluates an expression in the page; one that is a promise is awaited. What it throws is thrown. */
  async evaluate<Value>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = await this.send<Evaluation<Value>>("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails === undefined) return result.value;
    throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, "close");
    this.#process.kill();
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async #read(): Promise<void> {
    for (;;) {
      const event = await this.#client.next();
      if (event.type === "text") this.#take(JSON.parse(event.data));
      if (event.type === "close") break;
    }
    for (const { reject } of this.#commands.values()) reject(new Error("the browser has gone"));
  }

  #take({ id, result, error, method, params }: Saying): void {
    if (method !== undefined) this.#listeners.get(method)?.(params);
    const command = id === undefined ? undefined : this.#commands.get(id);
    if (id === undefined || command === undefined) return;
    this.#commands.delete(id);
    if (error === undefined) command.resolve(result);
    else command.reject(new Error(error.message));
  }
}

/** The browser picks a port, and says which on its standard error. */
async function debuggingAddress(child: ChildProcess): Promise<URL> {
  const announcement = "DevTools listening on ";
  const said: string[] = [];
  for await (const line of createInterface({ input: child.stderr! })) {
    if (line.startsWith(announcement)) {
      child.stderr!.resume();
      return new URL(line.slice(announcement.length));
    }
    said.push(line);
  }
  throw new Error(`the browser did not start:\n${said.join("\n")}`);
}
