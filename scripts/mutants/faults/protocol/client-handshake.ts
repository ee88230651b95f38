// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these texts are code

import type { Faults } from "../../fault.ts";

export const clientHandshake: Faults = {
  in: "src/protocol/client-handshake.ts",
  faults: [
    {
      what: "Any final status switches protocols.",
      find: 'if (status !== 101) return refused("status-not-101", `${status} ${quote(reason)}`);',
      replace: "",
    },
    {
      what: "HTTP/1.0 can switch protocols.",
      find: 'if (!isAtLeastHttp11(version)) return refused("switch-before-http-1.1", quote(version));',
      replace: "",
    },
    {
      what: "A response that switches may announce a body.",
      find: 'if (announcesBody(fields)) return refused("switch-with-body");',
      replace: "",
    },
    {
      what: "Upgrade has to be written in small letters.",
      find: 'upgrade.toLowerCase() !== "websocket"',
      replace: 'upgrade !== "websocket"',
    },
    {
      what: "The server may switch to anything.",
      find: 'if (upgrade.toLowerCase() !== "websocket") return refused',
      replace: "if (false) return refused",
    },
    {
      what: "Connection need not list upgrade.",
      find: 'if (!includes(readTokens(connection), "upgrade")) {',
      replace: "if (false) {",
    },
    {
      what: "A response need not have Sec-WebSocket-Accept.",
      find: 'if (accept === undefined) return refused("accept-missing");',
      replace: 'if (accept === undefined) return { ok: true, subprotocol: "", extensions: [] };',
    },
    {
      what: "A second Sec-WebSocket-Accept is ignored.",
      find: '  if (otherAccepts.length > 0) return refused("accept-repeated");\n',
      replace: "",
    },
    {
      what: "Sec-WebSocket-Accept is not compared.",
      find: 'if (accept !== acceptValue(offer.key)) return refused("accept-wrong", quote(accept));',
      replace: "",
    },
    {
      what: "Sec-WebSocket-Accept is compared in any case.",
      find: "accept !== acceptValue(offer.key)",
      replace: "accept.toLowerCase() !== acceptValue(offer.key).toLowerCase()",
    },
    {
      what: "The server may choose two subprotocols.",
      find: '  if (otherSubprotocols.length > 0) return refused("subprotocol-repeated");\n',
      replace: "",
    },
    {
      what: "The server may choose a subprotocol that was not offered.",
      find: "subprotocol !== undefined && !offer.subprotocols.includes(subprotocol)",
      replace: "false",
    },
    {
      what: "Extensions that cannot be read are taken for none.",
      find: 'if (answers === undefined) return refused("extension-answer-malformed", quote(extensionList!));\n  const confirmed = confirmAnswers(answers,',
      replace: "const confirmed = confirmAnswers(answers ?? [],",
    },
    {
      what: "The answers to extensions are not judged.",
      find: "  if (!confirmed.ok) return refused(confirmed.rule, confirmed.detail);\n",
      replace: '  if (!confirmed.ok) return { ok: true, subprotocol: "", extensions: [] };\n',
    },
    {
      what: "A host may be anything: a header can be injected.",
      find: "if (!isHost(host)) throw",
      replace: "if (false) throw",
    },
    {
      what: "A target may be a whole URI.",
      find: "if (readTarget(target)?.path !== target) {",
      replace: "if (readTarget(target) === undefined) {",
    },
    {
      what: "The version is not sent.",
      find: '      ["Sec-WebSocket-Version", VERSION],\n',
      replace: "",
    },
    {
      what: "Only the first subprotocol is offered.",
      find: 'subprotocols.join(", ")',
      replace: "subprotocols[0]!",
    },
    {
      what: "An empty list of subprotocols is sent.",
      find: "if (subprotocols.length > 0) fields",
      replace: "fields",
    },
    {
      what: "The origin is not sent.",
      find: 'if (origin !== undefined) fields.append("Origin", origin);',
      replace: "",
    },
    {
      what: "A change to the application's list changes what was offered.",
      find: "subprotocols: [...subprotocols], offers",
      replace: "subprotocols, offers",
    },
    {
      what: "101 is an interim response.",
      find: "if (status >= 200 || status === 101) {",
      replace: "if (status >= 200) {",
    },
    {
      what: "103 is a final response.",
      find: "if (status >= 200 || status === 101) {",
      replace: "if (status >= 101) {",
    },
    {
      what: "A server may send interim responses for ever.",
      find: "if (++this.#interimResponses > MAX_INTERIM_RESPONSES) {",
      replace: "if (this.#interimResponses > MAX_INTERIM_RESPONSES) {",
    },
    {
      what: "The last interim response is one too many.",
      find: "if (++this.#interimResponses > MAX_INTERIM_RESPONSES) {",
      replace: "if (++this.#interimResponses >= MAX_INTERIM_RESPONSES) {",
    },
    {
      what: "What comes behind an interim response is lost.",
      find: "      bytes = rest;\n",
      replace: "      bytes = new Uint8Array(0);\n",
    },
    {
      what: "The limits do not hold behind an interim response.",
      find: 'this.#reader = new HeadReader("response", this.#limits);',
      replace: 'this.#reader = new HeadReader("response");',
    },
  ],
};
