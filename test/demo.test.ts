import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Demo, demoPlace, startDemo } from "../demo/server.ts";
import { describe as describeFrames } from "../src/protocol/describe.ts";
import { EventStreamParser, type ServerSentEvent } from "../src/sse/parse.ts";
import { connectTo, Refused, type TestClient } from "./helpers/net-client.ts";

const SESSION = "00112233445566778899aabbccddeeff";
const OTHER = "ffeeddccbbaa99887766554433221100";

let demo: Demo;
/** What a test has left open. */
let leave: (() => void)[];

beforeEach(async () => {
  leave = [];
  demo = await startDemo(0, "127.0.0.1");
});

afterEach(async () => {
  vi.useRealTimers();
  for (const close of leave) close();
  await demo.close();
});

const url = (path: string): string => `http://127.0.0.1:${demo.port}${path}`;

interface Stream {
  next(): Promise<ServerSentEvent>;
  close(): void;
}

/** Resolves when the head has arrived. */
async function stream(path: string, headers: Record<string, string> = {}): Promise<Stream> {
  const events: ServerSentEvent[] = [];
  let wake = (): void => {};
  let ended = false;
  const parser = new EventStreamParser({ onEvent: (event) => void events.push(event) });
  const close = await new Promise<() => void>((resolve, reject) => {
    const request = get(url(path), { headers, agent: false }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
      response.on("data", (chunk: Uint8Array) => {
        parser.push(chunk);
        wake();
      });
      response.on("error", () => {});
      response.on("close", () => {
        ended = true;
        wake();
      });
      resolve(() => request.destroy());
    });
    request.on("error", reject);
  });
  leave.push(close);
  return {
    close,
    async next() {
      while (events.length === 0) {
        if (ended) throw new Error("the stream has ended");
        await new Promise<void>((resolve) => (wake = resolve));
      }
      return events.shift()!;
    },
  };
}

async function connect(session: string): Promise<TestClient> {
  const client = await connectTo(demo.port, { target: `/socket?session=${session}` });
  leave.push(() => client.socket.destroy());
  return client;
}

async function frameOf({ next }: Stream): Promise<{ direction: string; lines: string[] }> {
  const event = await next();
  expect(event.type).toBe("frame");
  return JSON.parse(event.data);
}

function post(path: string): Promise<Response> {
  return fetch(url(path), { method: "POST" });
}

describe("the page", () => {
  it("is served with its files, under a policy that lets in nothing else", async () => {
    for (const [path, type] of [
      ["/", "text/html"],
      ["/page.css", "text/css"],
      ["/page.js", "text/javascript"],
      ["/icon.svg", "image/svg+xml"],
    ]) {
      const response = await fetch(url(path!));
      expect(response.status).toBe(200);
      expect(response.headers.get("Content-Type")).toBe(`${type}; charset=utf-8`);
      expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
      const policy = response.headers.get("Content-Security-Policy");
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).not.toContain("unsafe");
      expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(0);
    }
  });

  it("has neither script nor style inside it, nor anything from elsewhere", () => {
    const page = readFileSync(new URL("../demo/page.html", import.meta.url), "utf8");
    expect(page).not.toMatch(/<script(?![^>]*src="page\.js")|<style|style="|\son[a-z]+=|:\/\//);
  });

  it("writes what a peer sent as text, never as markup", () => {
    const script = readFileSync(new URL("../demo/page.js", import.meta.url), "utf8");
    expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|Function\(/);
  });

  it("looks for the parts of a line where `describe` puts them", () => {
    const script = readFileSync(new URL("../demo/page.js", import.meta.url), "utf8");
    expect(script).toContain("const MEANING_AT = 25;\nconst REMARK_AT = MEANING_AT + 34;\n");
    const [line] = describeFrames(Uint8Array.of(0x81, 0x00));
    expect(line!.indexOf("FIN, text")).toBe(25);
    expect(line!.indexOf("  a whole message")).toBe(25 + 34);
  });

  it("can be asked for by HEAD, and not be written to", async () => {
    const head = await fetch(url("/"), { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    const post = await fetch(url("/"), { method: "POST" });
    expect([post.status, post.headers.get("Allow")]).toEqual([405, "GET, HEAD"]);
  });

  it.each(["/server.ts", "/../package.json", "//", "/%2e%2e/package.json", "/?session", "/nothing?x=%zz"])(
    "%s is the page or nothing",
    async (path) => {
      const response = await fetch(url(path));
      expect(response.status).toBe(path === "/?session" ? 200 : 404);
    },
  );
});

describe("the frames", () => {
  it("of a connection are told in both directions, annotated", async () => {
    const frames = await stream(`/frames?session=${SESSION}`);
    const client = await connect(SESSION);
    client.connection.sendText("Hello");
    expect(await client.message()).toBe("Hello");

    const came = await frameOf(frames);
    expect(came.direction).toBe("in");
    expect(came.lines[0]).toMatch(/^81 +FIN, text +a whole message \(§5\.4\)$/);
    expect(came.lines[1]).toMatch(/^85 +MASK, length 5 +as clients send \(§5\.1\)$/);
    expect(came.lines.at(-1)).toMatch(/payload "Hello" +unmasked: 48 65 6c 6c 6f$/);

    const went = await frameOf(frames);
    expect(went.direction).toBe("out");
    expect(went.lines.map((line) => line.slice(0, 25).trim())).toEqual(["81", "05", "48 65 6c 6c 6f"]);
  });

  it("of a close are told too", async () => {
    const frames = await stream(`/frames?session=${SESSION}`);
    const client = await connect(SESSION);
    client.connection.close(4001, "enough");
    expect(await client.closed()).toMatchObject({ code: 4001, clean: true });
    expect((await frameOf(frames)).lines.at(-1)).toContain('payload 4001, "enough"');
    expect((await frameOf(frames)).lines[0]).toContain("FIN, close");
  });

  it("of a Ping that was asked for, and of its Pong, are told with the time between them", async () => {
    const frames = await stream(`/frames?session=${SESSION}`);
    const client = await connect(SESSION);
    expect((await post(`/ping?session=${SESSION}`)).status).toBe(204);
    expect((await client.next()).type).toBe("ping");
    expect((await frameOf(frames)).lines[0]).toContain("FIN, ping");
    expect((await frameOf(frames)).lines[0]).toContain("FIN, pong");
    const { type, data } = await frames.next();
    expect(type).toBe("roundtrip");
    expect(Number(data)).toBeGreaterThanOrEqual(0);
  });

  it("are seen by the page they belong to, and by no other", async () => {
    const frames = await stream(`/frames?session=${SESSION}`);
    const others = await stream(`/frames?session=${OTHER}`);
    const client = await connect(SESSION);
    const other = await connect(OTHER);
    client.connection.sendText("mine");
    await client.message();
    other.connection.sendText("theirs");
    await other.message();
    expect((await frameOf(frames)).lines.at(-1)).toContain('"mine"');
    expect((await frameOf(others)).lines.at(-1)).toContain('"theirs"');
  });

  it("go on when the page has lost their stream and come back", async () => {
    const first = await stream(`/frames?session=${SESSION}`);
    const client = await connect(SESSION);
    first.close();
    const second = await stream(`/frames?session=${SESSION}`);
    client.connection.sendText("Hello");
    expect((await frameOf(second)).direction).toBe("in");
  });
});

describe("a session", () => {
  it("comes before its connection: nobody is connected who is not watched", async () => {
    await expect(connect(SESSION)).rejects.toMatchObject({ status: 403 });
    await expect(connectTo(demo.port, { target: "/" })).rejects.toMatchObject({ status: 404 });
    await expect(connectTo(demo.port, { target: "/socket" })).rejects.toThrow(Refused);
  });

  it("must be named as the page does it", async () => {
    for (const id of ["", "0", `${SESSION}0`, SESSION.replace("a", "A"), SESSION.replace("a", "%0a")]) {
      expect((await fetch(url(`/frames?session=${id}`))).status).toBe(400);
      expect((await fetch(url(`/ticks?session=${id}`))).status).toBe(400);
    }
    expect((await fetch(url("/frames"))).status).toBe(400);
  });

  it("that is unknown cannot be told to do anything, and no GET does anything", async () => {
    await stream(`/frames?session=${SESSION}`);
    for (const command of ["/ping", "/cut"]) {
      expect((await post(`${command}?session=${OTHER}`)).status).toBe(404);
      expect((await fetch(url(`${command}?session=${SESSION}`))).status).toBe(405);
      expect((await post(`${command}?session=${SESSION}`)).status).toBe(204);
    }
  });

  it("is not begun by a request that is no GET", async () => {
    expect((await post(`/frames?session=${SESSION}`)).status).toBe(405);
    expect((await post(`/ping?session=${SESSION}`)).status).toBe(404);
  });
});

describe("the ticker", () => {
  const START = Date.UTC(2026, 0, 1, 12, 0, 0);
  const id = (second: number): string => String(START / 1000 + second);
  const said = async ({ next }: Stream): Promise<string> => {
    const { type, lastEventId, data } = await next();
    expect(new Date(data).getTime()).toBe(Number(lastEventId) * 1000);
    return `${type} ${Number(lastEventId) - START / 1000}`;
  };

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"], now: START + 250 });
  });

  it("tells the present second at once, and each one when it begins", async () => {
    const ticks = await stream(`/ticks?session=${SESSION}`);
    expect(await said(ticks)).toBe("tick 0");
    vi.advanceTimersByTime(750);
    expect(await said(ticks)).toBe("tick 1");
    vi.advanceTimersByTime(2000);
    expect([await said(ticks), await said(ticks)]).toEqual(["tick 2", "tick 3"]);
  });

  it("tells those who come back what they missed, and then goes on", async () => {
    const ticks = await stream(`/ticks?session=${SESSION}`, { "Last-Event-ID": id(-3) });
    const all = [await said(ticks), await said(ticks), await said(ticks)];
    vi.advanceTimersByTime(750);
    all.push(await said(ticks));
    expect(all).toEqual(["missed -2", "missed -1", "missed 0", "tick 1"]);
  });

  it("remembers one minute", async () => {
    const ticks = await stream(`/ticks?session=${SESSION}`, { "Last-Event-ID": id(-5000) });
    for (let second = -59; second <= 0; second++) expect(await said(ticks)).toBe(`missed ${second}`);
    vi.advanceTimersByTime(750);
    expect(await said(ticks)).toBe("tick 1");
  });

  it("takes an id that is none of its own for none", async () => {
    for (const wrong of [id(1), "-1", "1e3", "1.5", "0x10", "+7", "NaN", "no", "9".repeat(400)]) {
      const ticks = await stream(`/ticks?session=${SESSION}`, { "Last-Event-ID": wrong });
      expect(await said(ticks)).toBe("tick 0");
    }
  });

  it("stops telling who has gone, and begins anew with who comes", async () => {
    const ticks = await stream(`/ticks?session=${SESSION}`);
    expect(await said(ticks)).toBe("tick 0");
    expect((await post(`/cut?session=${SESSION}`)).status).toBe(204);
    await expect(ticks.next()).rejects.toThrow("the stream has ended");
    vi.setSystemTime(START + 7250);
    const again = await stream(`/ticks?session=${SESSION}`, { "Last-Event-ID": id(5) });
    expect([await said(again), await said(again)]).toEqual(["missed 6", "missed 7"]);
  });
});

describe("npm start", () => {
  it("listens on 8080 of this machine, where PORT says, or where --port says, which counts most", () => {
    expect(demoPlace([], {})).toEqual({ port: 8080, host: "127.0.0.1" });
    expect(demoPlace([], { PORT: "9000" })).toEqual({ port: 9000, host: "127.0.0.1" });
    expect(demoPlace(["--port", "0", "--host=::1"], { PORT: "x" })).toEqual({ port: 0, host: "::1" });
    expect(demoPlace(["--help"], {})).toBeUndefined();
  });

  it("says where the page is, and ends on SIGTERM", async () => {
    const script = fileURLToPath(new URL("../demo/server.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", "tsx", script, "--port", "0"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    leave.push(() => child.kill("SIGKILL"));
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    expect(line.toString()).toMatch(/^open http:\/\/127\.0\.0\.1:\d+\/\n$/);
    const response = await fetch(line.toString().slice("open ".length));
    expect(await response.text()).toContain("<title>Framewright");
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
  });

  it.each([
    [["--port", "65536"], {}, '--port: "65536" is not a whole number from 0 to 65535'],
    [["--port="], {}, '--port: "" is not a whole number from 0 to 65535'],
    [[], { PORT: "http" }, 'PORT: "http" is not a whole number from 0 to 65535'],
    [["--host="], {}, "--host: must not be empty"],
    [["--what"], {}, "Unknown option '--what'"],
    [["8080"], {}, "Unexpected argument '8080'"],
  ])("refuses %j %j", (args, environment, message) => {
    expect(() => demoPlace(args, environment)).toThrow(message);
  });
});
