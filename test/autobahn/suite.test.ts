import { statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { findSuite, installCommand, type Probe } from "../../autobahn/suite.ts";

const VERSION = "Autobahn 0.10.9\nAutobahnTestSuite 25.10.1\n";

/** A machine where only these programs run. */
function machine(...programs: readonly string[]) {
  const calls: string[] = [];
  const probe: Probe = async (file, args) => {
    const call = [file.replace(/.*\/\.venv/, ".venv"), ...args].join(" ");
    calls.push(call);
    if (!programs.some((program) => call.startsWith(program))) return undefined;
    return call.endsWith("--autobahnversion") ? VERSION : "";
  };
  return { calls, probe };
}

describe("the real suite", () => {
  it("is the program on the PATH, if it runs", async () => {
    const { probe, calls } = machine("wstest", ".venv", "docker");
    const suite = await findSuite(probe);
    expect(suite?.name).toBe("wstest 25.10.1 on the PATH");
    expect(suite?.command(["--mode", "fuzzingclient"], "/reports")).toEqual({
      file: "wstest",
      args: ["--mode", "fuzzingclient"],
    });
    expect(calls).toHaveLength(1);
  });

  it("is else the program that install.sh installs", async () => {
    const suite = await findSuite(machine(".venv", "docker").probe);
    expect(suite?.name).toBe("wstest 25.10.1 of autobahn/.venv/bin/wstest");
    expect(suite?.command([], "/reports").file).toMatch(/autobahn\/\.venv\/bin\/wstest$/);
  });

  it("is else the Docker image, which shares the network and the folder, and can be ended", async () => {
    const suite = await findSuite(machine("docker").probe);
    expect(suite?.name).toMatch(/^wstest 25\.10\.1 of Docker's crossbario\/autobahn-testsuite:\S+$/);
    const { file, args, afterKill } = suite!.command(["--spec", "/reports/spec.json"], "/reports");
    expect(file).toBe("docker");
    const line = args.join(" ");
    expect(line).toMatch(/^run --rm /);
    expect(line).toContain(" --network host ");
    expect(line).toContain(" --volume /reports:/reports ");
    expect(line).toMatch(/ crossbario\/autobahn-testsuite:\S+ wstest --spec \/reports\/spec\.json$/);
    const name = args[args.indexOf("--name") + 1];
    expect(afterKill).toEqual({ file: "docker", args: ["rm", "--force", name] });
    expect(suite!.command([], "/reports").args).not.toContain(name);
  });

  it("is not a Docker without the image", async () => {
    const { probe, calls } = machine("docker info");
    expect(await findSuite(probe)).toBeUndefined();
    expect(calls.at(-1)).toMatch(/^docker run /);
  });

  it("is nowhere on many machines", async () => {
    const { probe, calls } = machine();
    expect(await findSuite(probe)).toBeUndefined();
    expect(calls).toHaveLength(3);
    expect(calls.at(-1)).toBe("docker info");
  });

  it("comes with a program that installs it", () => {
    expect(statSync(installCommand().file).mode & 0o111).toBe(0o111);
  });
});
