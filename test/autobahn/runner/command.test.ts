import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../../../autobahn/runner/command.ts";
import { connect } from "../../../src/node/client/connect.ts";
import { servers } from "../../helpers/node-servers.ts";

const serve = servers();

/** What the command says, and how it ends. */
async function said(args: readonly string[], isTTY = false) {
  let [out, notes] = ["", ""];
  const status = await run(
    args,
    { write: (text) => (out += text) },
    { isTTY, write: (text) => (notes += text) },
  );
  return { status, out, notes };
}

async function echo(): Promise<string> {
  const { port } = await serve({}, { message: (peer, data) => peer.send(data) });
  return `ws://127.0.0.1:${port}/`;
}

describe("the command", () => {
  it("helps", async () => {
    const { status, out } = await said(["--help"]);
    expect(status).toBe(0);
    expect(out).toContain("framewright-autobahn ws://host:port/");
  });

  it("lists cases", async () => {
    const { status, out } = await said(["--list", "--cases", "10.*, 2.1", "--exclude", "2.1"]);
    expect([status, out]).toEqual([
      0,
      expect.stringMatching(/^10\.1\.1 +Send a text message of 65536 octets/),
    ]);
  });

  it("tests a server, and says line by line how far it is", async () => {
    const { status, out, notes } = await said([await echo(), "--cases", "1.1.1,1.1.2,3.2,3.3"]);
    expect(status).toBe(0);
    expect(out).toMatch(/^category[\s\S]*\nall +4 +4 /);
    const lines = notes.trimEnd().split("\n");
    expect(lines.slice(0, 2).sort()).toEqual([
      expect.stringMatching(/^category 1 done: [24] cases, none failed, [\d.]+ s$/),
      expect.stringMatching(/^category 3 done: /),
    ]);
    expect(lines[2]).toMatch(/^4 cases, none failed/);
  });

  it("says how far it is in one line, on a terminal", async () => {
    const { notes } = await said([await echo(), "--cases", "1.1.1,1.1.2"], true);
    expect(notes.split("\n")).toHaveLength(2);
    expect(notes).toContain("\r\x1b[K1 cases");
  });

  it("ends with 1 if a case failed, and can say all as JSON", async () => {
    const { port } = await serve({}, { message: (peer) => peer.send("always the same") });
    const url = `ws://127.0.0.1:${port}/`;
    const { status, out, notes } = await said(["--url", url, "--cases", "1.1.1", "--json", "--agent", "me"]);
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject([{ id: "1.1.1", behavior: "FAILED", agent: "me" }]);
    expect(notes).toContain("1 failed");
  });

  it("writes reports", async () => {
    const folder = mkdtempSync(join(tmpdir(), "command-"));
    await said([await echo(), "--cases", "1.1.1", "--report", join(folder, "new")]);
    expect(existsSync(join(folder, "new", "index.html"))).toBe(true);
    rmSync(folder, { recursive: true });
  });

  it("waits for clients, until one of them has enough", async () => {
    const folder = mkdtempSync(join(tmpdir(), "command-"));
    let tell: (port: string) => void = () => {};
    const told = new Promise<string>((resolve) => {
      tell = resolve;
    });
    const ended = run(
      ["--serve", "0", "--cases", "1.1.1", "--report", folder],
      { write: () => {} },
      { write: (text) => tell(text.match(/ws:\/\/\S+/)?.[0] ?? "") },
    );
    const url = await told;
    for (const path of ["/runCase?case=1&agent=a", "/updateReports?agent=a", "/stopServer"]) {
      await new Promise<void>((resolve) => {
        void connect(
          `${url}${path}`,
          {},
          { message: (peer, data) => peer.send(data), close: () => resolve() },
        );
      });
    }
    expect(await ended).toBe(0);
    expect(existsSync(join(folder, "a_case_1_1_1.json"))).toBe(true);
    rmSync(folder, { recursive: true });
  });

  it("does not hide an error of its own", async () => {
    const broken = {
      write(): never {
        throw new Error("the pipe is broken");
      },
    };
    await expect(run(["--help"], broken, broken)).rejects.toThrow("the pipe is broken");
  });

  it("ends with 2 if the report cannot be written", async () => {
    const { status, notes } = await said([await echo(), "--cases", "1.1.1", "--report", "/dev/null/report"]);
    expect([status, notes]).toEqual([2, expect.stringContaining("ENOTDIR")]);
  });

  it.each([
    [[], /say either/],
    [["ws://localhost/", "--serve", "1"], /say either/],
    [["ws://localhost/", "ws://localhost/"], /one URL too many/],
    [["http://localhost/"], /must be ws/],
    [["ws://localhost/", "--cases", "99.*"], /no case has such a number/],
    [["ws://localhost/", "--concurrency", "0"], /--concurrency: must be an integer from 1/],
    [["--serve", "99999"], /--serve: must be an integer/],
    [["--serve", ""], /--serve: must be an integer/],
    [["--nonsense"], /nonsense/],
    [["--serve", "0", "--host", "256.0.0.1", "--cases", "1.1.1"], /256\.0\.0\.1/],
    [["ws://127.0.0.1:1/", "--cases", "1.1.1"], /cannot connect/],
  ] as [string[], RegExp][])("ends with 2 for %j", async (args, sentence) => {
    const { status, out, notes } = await said(args);
    expect([status, out]).toEqual([2, ""]);
    expect(notes).toMatch(sentence);
  });
});
