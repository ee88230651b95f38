import type { Faults } from "../../fault.ts";

export const connection: Faults = {
  in: "src/protocol/connection.ts",
  faults: [
    {
      what: "A Ping is not answered.",
      find: "        this.#output().control(Opcode.Pong, reader.data, true);\n",
      replace: "",
    },
    {
      what: "A Ping is answered with an empty Pong.",
      find: "this.#output().control(Opcode.Pong, reader.data, true);",
      replace: "this.#output().control(Opcode.Pong, EMPTY_BYTES, true);",
    },
    {
      what: "A Ping is answered with a Ping.",
      find: "this.#output().control(Opcode.Pong, reader.data, true);",
      replace: "this.#output().control(Opcode.Ping, reader.data, true);",
    },
    {
      what: "A Ping is not answered once Close was sent.",
      find: "this.#output().control(Opcode.Pong, reader.data, true);",
      replace: 'if (this.#state === "open") this.#output().control(Opcode.Pong, reader.data, true);',
    },
    {
      what: "A broken rule is forgotten.",
      find: "        this.#fail(reader.violation!);\n",
      replace: "",
    },
    {
      what: "What has been read keeps the chunk alive.",
      find: "        reader.rest();\n",
      replace: "",
    },
    {
      what: "A Close frame with a broken payload is answered like any other.",
      find: "      this.#fail(payload);\n      return;",
      replace: '      payload = { code: CloseCode.NoStatus, reason: "" };',
    },
    {
      what: "Frames are read behind the peer's Close.",
      find: "const ending = this.#beDeaf();\n    ending.received",
      replace: "const ending = this.#beginEnding();\n    ending.received",
    },
    {
      what: "The peer's Close is forgotten.",
      find: "    ending.received = payload;\n",
      replace: "",
    },
    {
      what: "A Close frame is not answered.",
      find: 'this.#sendClose("remote", payload.code === CloseCode.NoStatus ? undefined : payload.code, "");',
      replace: 'ending.initiator = "remote";',
    },
    {
      what: "The answer to a Close frame is answered.",
      find: '    if (this.#state === "open") {\n      // Decision: the code',
      replace: "    {\n      // Decision: the code",
    },
    {
      what: "A Close frame is answered with 1000, whatever it said.",
      find: "payload.code === CloseCode.NoStatus ? undefined : payload.code",
      replace: "CloseCode.Normal",
    },
    {
      what: "A Close frame without a code is answered with 1005.",
      find: "payload.code === CloseCode.NoStatus ? undefined : payload.code",
      replace: "payload.code",
    },
    {
      what: "A client ends TCP, as the server should.",
      find: 'if (this.role === "server") ending.due = true;',
      replace: "ending.due = true;",
    },
    {
      what: "A server waits for the client to end TCP.",
      find: 'if (this.role === "server") ending.due = true;',
      replace: "",
    },
    {
      what: "Frames are read behind a broken rule.",
      find: "const ending = this.#beDeaf();\n    ending.error",
      replace: "const ending = this.#beginEnding();\n    ending.error",
    },
    {
      what: "A connection that fails sends no Close.",
      find: 'if (this.#state === "open") this.#sendClose("local", ending.error.code, rule);',
      replace: "",
    },
    {
      what: "A connection that fails sends a second Close.",
      find: 'if (this.#state === "open") this.#sendClose("local", ending.error.code, rule);',
      replace: 'this.#sendClose("local", ending.error.code, rule);',
    },
    {
      what: "A connection that fails always sends 1002.",
      find: 'this.#sendClose("local", ending.error.code, rule);',
      replace: 'this.#sendClose("local", CloseCode.ProtocolError, rule);',
    },
    {
      what: "A connection that fails does not end TCP.",
      find: "ending.error.code, rule);\n    ending.due = true;",
      replace: "ending.error.code, rule);",
    },
    {
      what: "A connection that fails keeps what the peer sent.",
      find: "    ending.deaf = true;\n    this.#reader = undefined;",
      replace: "    ending.deaf = true;",
    },
    {
      what: "More can be sent behind a Close frame.",
      find: '    this.#state = "closing";\n',
      replace: "",
    },
    {
      what: "Who began to close is not kept.",
      find: "this.#beginEnding().initiator = initiator;",
      replace: "this.#beginEnding();",
    },
    {
      what: "The transport is ended twice.",
      find: "    if (ending.done) return;\n",
      replace: "",
    },
    {
      what: "The end is told twice.",
      find: "    if (ending.closed !== undefined) return;\n    this.#beDeaf();",
      replace: "    this.#beDeaf();",
    },
    {
      what: "A connection that ends without a Close frame is reported with 1005.",
      find: '?? { code: CloseCode.Abnormal, reason: "" };',
      replace: '?? { code: CloseCode.NoStatus, reason: "" };',
    },
    {
      what: "Every end is clean.",
      find: "const clean = received !== undefined;",
      replace: "const clean = true;",
    },
    {
      what: "A connection that has ended is still closing.",
      find: '    this.#state = "closed";\n',
      replace: "",
    },
    {
      what: "Nobody is told of the end.",
      find: "    this.#handler.onClose?.(ending.closed);\n",
      replace: "",
    },
    {
      what: "The transport is ended before the output has left.",
      find: "if (this.#ending?.due === true && writer?.idle !== false) this.#end(",
      replace: "if (this.#ending?.due === true) this.#end(",
    },
    {
      what: "A scheduled flush is never scheduled again.",
      find: "    this.#scheduled = false;\n",
      replace: "",
    },
    {
      what: "Each send is scheduled.",
      find: "} else if (!this.#scheduled) {",
      replace: "} else {",
    },
    {
      what: "What is sent while reading leaves at once, frame by frame.",
      find: "    if (this.#cursor === Cursor.Pushing) return true;\n",
      replace: "",
    },
    {
      what: "What is sent outside of reading waits for the next chunk.",
      find: "    if (schedule === undefined) {\n      this.flush();",
      replace: "    if (schedule === undefined) {\n      this.#scheduled = false;",
    },
    {
      what: "A handler that throws keeps the output from leaving.",
      find: "      this.#cursor = Cursor.Free;\n      this.flush();",
      replace: "      this.#cursor = Cursor.Free;\n      if (!this.#unread) this.flush();",
    },
    {
      what: "A handler that throws leaves the connection reading for ever.",
      find: "      this.#cursor = Cursor.Free;\n      this.flush();",
      replace: "      if (!this.#unread) this.#cursor = Cursor.Free;\n      this.flush();",
    },
    {
      what: "A connection may be fed from its own handler.",
      find: "if (this.#cursor >= Cursor.Pushing) {\n      throw",
      replace: "if (false) {\n      throw",
    },
    {
      what: "A connection may be fed while its events are pulled.",
      find: "if (this.#cursor >= Cursor.Pushing) {\n      throw",
      replace: "if (this.#cursor === Cursor.Pushing) {\n      throw",
    },
    {
      what: "The end of the transport is told before the chunk is read.",
      find: "    if (this.#cursor >= Cursor.Pushing) return;\n",
      replace: "",
    },
    {
      what: "The close event is pulled again and again.",
      find: "      ending.yielded = true;\n",
      replace: "",
    },
    {
      what: "What is owed waits until the next event is pulled.",
      find: "        this.flush();\n        yield this.#event(signal);",
      replace: "        yield this.#event(signal);",
    },
    {
      what: "Events that were not pulled are announced at the end of the transport.",
      find: "else if (this.#cursor !== Cursor.Left) this.#announceAll();",
      replace: "else this.#announceAll();",
    },
    {
      what: "Events that were left in the middle are taken for pushed ones, and announced at the end.",
      find: "      this.#cursor = Cursor.Left;\n",
      replace: "      this.#cursor = Cursor.Free;\n",
    },
    {
      what: "Events that were left in the middle leave the connection reading for ever.",
      find: "      this.#cursor = Cursor.Left;\n",
      replace: "",
    },
    {
      what: "What a handler that threw has left waits for somebody who pulls.",
      find: "      this.#cursor = Cursor.Free;\n",
      replace: "      this.#cursor = Cursor.Left;\n",
    },
    {
      what: "Events that were left in the middle are lost where the transport has ended meanwhile.",
      find: "if (this.#ending?.transportEnded === true && !this.#unread) this.#finish",
      replace: "if (this.#ending?.transportEnded === true) this.#finish",
    },
    {
      what: "Bytes that are pushed are read behind the end.",
      find: "    if (this.#ending?.deaf === true) return;\n",
      replace: "",
    },
    {
      what: "Bytes that are pulled are read behind the end.",
      find: "if (chunk !== undefined && this.#ending?.deaf !== true)",
      replace: "if (chunk !== undefined)",
    },
    {
      what: "A connection that has ended writes what was scheduled.",
      find: '    if (this.#state === "closed") return;\n    const writer',
      replace: "    const writer",
    },
    {
      what: "A connection that has not begun to read lacks a header.",
      find: "this.#reader === undefined ? 0 : this.#reader.lacking",
      replace: "this.#reader?.lacking",
    },
    {
      what: "Text is sent when the connection is no longer open.",
      find: 'checkString("sendText", data);\n    if (this.#state !== "open") return false;',
      replace: 'checkString("sendText", data);',
    },
    {
      what: "Bytes are sent when the connection is no longer open.",
      find: 'checkBytes("sendBinary", data);\n    if (this.#state !== "open") return false;',
      replace: 'checkBytes("sendBinary", data);',
    },
    {
      what: "Pings are sent when the connection is no longer open.",
      find: 'checkControlPayload("ping", data);\n    if (this.#state !== "open") return false;',
      replace: 'checkControlPayload("ping", data);',
    },
    {
      what: "A second call of close sends a second Close frame.",
      find: 'if (this.#state !== "open") return;\n    this.#sendClose',
      replace: "this.#sendClose",
    },
    {
      what: "Text that is no UTF-8 is sent.",
      find: "if (validateUtf8(UTF8_ACCEPT, data, 0, data.length) !== UTF8_ACCEPT) {",
      replace: "if (false) {",
    },
    {
      what: "Text that ends inside a character is sent.",
      find: "if (validateUtf8(UTF8_ACCEPT, data, 0, data.length) !== UTF8_ACCEPT) {",
      replace: "if (validateUtf8(UTF8_ACCEPT, data, 0, data.length) === 8) {",
    },
    {
      what: "A connection keeps its reader when it has nothing more to read.",
      find: "if (giveReaderBack(reader)) this.#reader = undefined;",
      replace: "",
    },
    {
      what: "A connection goes on with a reader that it has given back.",
      find: "if (giveReaderBack(reader)) this.#reader = undefined;",
      replace: "giveReaderBack(reader);",
    },
    {
      what: "A connection lets go of a reader that holds half a frame.",
      find: "if (giveReaderBack(reader)) this.#reader = undefined;",
      replace: "giveReaderBack(reader);\n        this.#reader = undefined;",
    },
    {
      what: "A connection keeps its writer when all has left.",
      find: "if (writer !== undefined && giveWriterBack(writer)) this.#writer = undefined;",
      replace: "",
    },
    {
      what: "A connection goes on with a writer that it has given back.",
      find: "if (writer !== undefined && giveWriterBack(writer)) this.#writer = undefined;",
      replace: "if (writer !== undefined) giveWriterBack(writer);",
    },
    {
      what: "A connection lets go of a writer that holds half a message.",
      find: "if (writer !== undefined && giveWriterBack(writer)) this.#writer = undefined;",
      replace: "if (writer !== undefined) giveWriterBack(writer);\n    this.#writer = undefined;",
    },
    {
      what: "Text as bytes is announced as text.",
      find: "if (reader.textAsBytes) handler.onUtf8?.(reader.data);",
      replace: "if (false) handler.onUtf8?.(reader.data);",
    },
    {
      what: "A Pong is announced as a Ping.",
      find: "handler.onPong?.(reader.data);",
      replace: "handler.onPing?.(reader.data);",
    },
    {
      what: "A prepared message is sent to a server as it is sent to a client.",
      find: 'prepared(message, this.role === "client", ',
      replace: "prepared(message, false, ",
    },
  ],
};
