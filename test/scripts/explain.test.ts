import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { explain, readHex } from "../../scripts/explain.ts";
import { hex } from "../helpers/frames.ts";

const noFile = (): never => {
  throw new Error("no file was asked for");
};

function run(...args: string[]) {
  return explain(args, noFile);
}

describe("hex", () => {
  it.each([
    "8185ff",
    "81 85 ff",
    "81,85,FF",
    "0x81, 0x85, 0xff",
    "0X8185Ff",
    "\n81\t85\r\nff\n",
    "81 0x85ff",
    "0x810x85ff",
  ])("%j is three bytes", (text) => {
    expect(readHex(text)).toEqual(Uint8Array.of(0x81, 0x85, 0xff));
  });

  it.each([
    ["81 8g", '"g" is no hex digit, at character 5'],
    ["x8", '"x" is no hex digit, at character 1'],
    ["81:85", '":" is no hex digit, at character 3'],
    ["81\n85 z", '"z" is no hex digit, at line 2, character 4'],
    ["81 8", 'a byte is two digits, but one is missing behind "8", at character 4'],
    ["8 1", 'a byte is two digits, but one is missing behind "8", at character 1'],
    ["818", 'a byte is two digits, but one is missing behind "8", at character 3'],
    ["81 0x", 'a byte is two digits, but one is missing behind "x", at character 5'],
    ["0x 81", 'a byte is two digits, but one is missing behind "x", at character 2'],
    ["0x0x81", '"x" is no hex digit, at character 4'],
  ])("%j is refused, and the error says where", (text, message) => {
    expect(() => readHex(text)).toThrow(new Error(message));
  });
});

describe("explain", () => {
  it("annotates hex", () => {
    const { exitCode, stdout, stderr } = run("81 85 37fa213d 7f9f4d5158");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toContain('payload "Hello"');
    expect(stdout.endsWith("6f\n")).toBe(true);
  });

  it("joins its arguments", () => {
    expect(run("81", "85", "37fa213d", "7f9f4d5158")).toEqual(run("8185 37fa213d 7f9f4d5158"));
  });

  it("bytes that have not all arrived are in order", () => {
    expect(run("8185 37fa").exitCode).toBe(0);
  });

  it("bytes that break a rule exit with 1, and the rule is named", () => {
    const { exitCode, stdout } = run("83 00");
    expect(exitCode).toBe(1);
    expect(stdout).toContain("✗ unknown-opcode: ");
  });

  it("says nothing of masking unless it knows who sent the bytes", () => {
    expect(run("8100").exitCode).toBe(0);
    expect(run("--from", "server", "8100").exitCode).toBe(0);
    expect(run("--from", "client", "8100").stdout).toContain("✗ unmasked-frame");
    expect(run("--from=server", "8180 00000000").stdout).toContain("✗ masked-frame");
  });

  it("a text that looks like a broken rule is none", () => {
    expect(explain(["--file", "x"], () => hex("8103 e29c97")).exitCode).toBe(0);
  });

  it("reads raw bytes from a file, or from standard input", () => {
    const read = (path: string | 0) => (path === 0 ? hex("8900") : hex("8a00"));
    expect(explain(["--file", "-"], read).stdout).toContain("ping");
    expect(explain(["--file", "./frames.bin"], read).stdout).toContain("pong");
  });

  it("--help explains itself", () => {
    for (const option of ["--help", "-h"]) {
      const { exitCode, stdout } = run(option);
      expect(exitCode).toBe(0);
      for (const name of ["HEX", "--file", "--from client|server", "Exit code"])
        expect(stdout).toContain(name);
    }
  });

  it.each([
    [["zz"], '"z" is no hex digit, at character 1'],
    [[], "there are no bytes to explain"],
    [[" "], "there are no bytes to explain"],
    [["--from", "proxy", "8100"], '--from: "proxy" is neither client nor server'],
    [["--file", "x", "8100"], "give either HEX or --file, not both"],
    [["--file", "x"], "no file was asked for"],
    [["--what"], "Unknown option '--what'"],
    [["--from"], "--from"],
  ])("misused as %j it exits with 2 and says why", (args, message) => {
    const { exitCode, stdout, stderr } = run(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/^explain: /);
    expect(stderr).toContain(message);
  });

  it("is a command", () => {
    const script = fileURLToPath(new URL("../../scripts/explain.ts", import.meta.url));
    const { status, stdout } = spawnSync(process.execPath, ["--import", "tsx", script, "--file", "-"], {
      input: hex("8900"),
      encoding: "utf8",
    });
    expect(status).toBe(0);
    expect(stdout).toContain("FIN, ping");
  });
});
