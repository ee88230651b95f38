import type { Faults } from "../../fault.ts";

export const peers: Faults = {
  in: "src/protocol/peers.ts",
  faults: [
    {
      what: "One round is enough.",
      find: "while (client.outgoing.length + server.outgoing.length > 0);",
      replace: "while (false);",
    },
    {
      what: "What was told once is told again.",
      find: "      client.events = [];\n      server.events = [];\n",
      replace: "",
    },
    {
      what: "The receiver unmasks the sender's own memory.",
      find: "to.connection.events(bytes.slice())",
      replace: "to.connection.events(bytes)",
    },
    {
      what: "The end of a transport does not arrive.",
      find: "if (bytes === undefined) to.connection.receiveEnd();",
      replace: "if (bytes === undefined) continue;",
    },
    {
      what: "The options of one side are the client's.",
      find: "options[role] ?? {}",
      replace: "options.client ?? {}",
    },
    {
      what: "Nobody is told of events at their moment.",
      find: "    side.options.onEvent?.(event, side.connection);\n",
      replace: "",
    },
    {
      what: "The last events, behind the end of the transport, are not told.",
      find: "  tell(to, to.connection.events());\n",
      replace: "",
    },
  ],
};
