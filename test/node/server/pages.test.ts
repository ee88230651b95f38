import { get, type RequestListener } from "node:http";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { connectTo } from "../../helpers/net-client.ts";
import { servers } from "../../helpers/node-servers.ts";

const started = servers();

/** Sends a request as it stands, and gives all that comes back until the connection ends. */
async function answerTo(port: number, ...lines: string[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  let answer = "";
  for await (const chunk of socket) answer += chunk;
  return answer;
}

describe("pages on the port of a server", () => {
  const request: RequestListener = (asked, response) => response.end(`page ${asked.url}`);

  it("are served to whoever asks for one, in whatever pieces the request comes", async () => {
    const server = await started({ request });
    const answer = await answerTo(server.port, "GET /a HTTP/1.1", "Host: a", "Connection: close");
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(answer).toContain("page /a");
  });

  it("are served also to those who offer to speak HTTP/2 instead", async () => {
    const server = await started({ request });
    const answer = await answerTo(
      server.port,
      "GET /b HTTP/1.1",
      "Host: a",
      "Connection: close, Upgrade, HTTP2-Settings",
      "Upgrade: h2c",
      "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA",
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(answer).toContain("page /b");
  });

  it("do not keep the server from closing: their idle connections end with it", async () => {
    const server = await started({ request });
    await new Promise<void>((resolve) => {
      get({ port: server.port, host: "127.0.0.1" }, (response) => response.resume().on("end", resolve));
    });
    const client = await connectTo(server.port);
    const closing = server.close();
    await client.closed();
    expect(await closing).toMatchObject({ clean: 1, unclean: 0 });
  });
});
