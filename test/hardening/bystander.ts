/** A client as it should be: it says something, waits for the echo, and says something else. */

import { turn, until } from "../helpers/fake-socket.ts";
import { connectTo, type TestClient } from "../helpers/net-client.ts";

export class Bystander {
  /** The longest wait for an echo, in milliseconds of this process's time on a processor. */
  longest = 0;
  #echoes = 0;
  #left = false;
  readonly #client: TestClient;

  constructor(client: TestClient) {
    this.#client = client;
  }

  static async arrive(port: number): Promise<Bystander> {
    const bystander = new Bystander(await connectTo(port));
    void bystander.#talk();
    await bystander.echo();
    bystander.longest = 0;
    return bystander;
  }

  /** Waits until a message that is sent from now on has come back. */
  async echo(): Promise<void> {
    const enough = this.#echoes + 2;
    await until(() => this.#echoes >= enough, "the bystander has got its echo");
  }

  leave(): void {
    this.#left = true;
    this.#client.socket.destroy();
  }

  async #talk(): Promise<void> {
    while (!this.#left) {
      const start = process.cpuUsage();
      const said = `message ${this.#echoes}`;
      this.#client.connection.sendText(said);
      if ((await this.#client.message().catch(() => undefined)) !== said) return;
      const { user, system } = process.cpuUsage(start);
      this.longest = Math.max(this.longest, (user + system) / 1000);
      this.#echoes++;
      await turn();
    }
  }
}
