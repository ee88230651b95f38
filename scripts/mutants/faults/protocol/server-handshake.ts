// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these texts are code

import type { Faults } from "../../fault.ts";

export const serverHandshake: Faults = {
  in: "src/protocol/server-handshake.ts",
  faults: [
    {
      what: "HTTP/1.0 is accepted.",
      find: "if (!isAtLeastHttp11(version)) return refused",
      replace: "if (false) return refused",
    },
    {
      what: "Any method is accepted.",
      find: 'if (method !== "GET") return refused',
      replace: "if (false) return refused",
    },
    {
      what: "The answer to HEAD has a body.",
      find: 'method === "HEAD" ? { ...refusal, body: "" } : refusal',
      replace: "refusal",
    },
    {
      what: "Two Hosts are accepted.",
      find: '  if (otherHosts.length > 0) return refused("repeated-host");\n',
      replace: "",
    },
    {
      what: "A Host may be anything.",
      find: '  if (!isHost(host)) return refused("invalid-host", quote(host));\n',
      replace: "",
    },
    {
      what: "A request with a body is accepted.",
      find: '  if (announcesBody(fields)) return refused("request-with-body");\n',
      replace: "",
    },
    {
      what: "An upgrade to anything is accepted.",
      find: 'if (!includes(readProtocols(upgrade), "websocket")) return refused',
      replace: "if (false) return refused",
    },
    {
      what: "Upgrade is a list of tokens, without versions.",
      find: "includes(readProtocols(upgrade)",
      replace: "includes(readTokens(upgrade)",
    },
    {
      what: "Connection need not list upgrade.",
      find: 'if (!includes(readTokens(connection), "upgrade")) {',
      replace: "if (false) {",
    },
    {
      what: "Two versions are accepted, if the first is 13.",
      find: '  if (otherVersions.length > 0) return refused("version-repeated");\n',
      replace: "",
    },
    {
      what: "The version is compared as a number.",
      find: "if (wsVersion !== VERSION) return refused",
      replace: "if (Number(wsVersion) !== Number(VERSION)) return refused",
    },
    {
      what: "Two keys are accepted.",
      find: '  if (otherKeys.length > 0) return refused("key-repeated");\n',
      replace: "",
    },
    {
      what: "A key may be anything.",
      find: '  if (!isKey(key)) return refused("key-invalid", quote(key));\n',
      replace: "",
    },
    {
      what: "Two Origins are accepted.",
      find: '  if (otherOrigins.length > 0) return refused("origin-repeated");\n',
      replace: "",
    },
    {
      what: "A list of subprotocols may be empty.",
      find: "subprotocols === undefined || (subprotocolList !== undefined && subprotocols.length === 0)",
      replace: "subprotocols === undefined",
    },
    {
      what: "One subprotocol more than the limit may be offered.",
      find: "if (subprotocols.length > maxOffers) return",
      replace: "if (subprotocols.length > maxOffers + 1) return",
    },
    {
      what: "As many subprotocols as the limit says are too many.",
      find: "if (subprotocols.length > maxOffers) return",
      replace: "if (subprotocols.length >= maxOffers) return",
    },
    {
      what: "The same subprotocol may be offered twice.",
      find: 'if (new Set(subprotocols).size < subprotocols.length) return refused("subprotocols-not-unique");',
      replace: "",
    },
    {
      what: "Extensions that cannot be read are ignored.",
      find: 'if (extensions === undefined) return refused("extensions-malformed", quote(extensionList!));\n  if (extensions.length > maxOffers) return refused("too-many-extensions", `${extensions.length}`);',
      replace:
        'if (extensions !== undefined && extensions.length > maxOffers) return refused("too-many-extensions");',
    },
    {
      what: "Any number of extensions may be offered.",
      find: 'if (extensions.length > maxOffers) return refused("too-many-extensions", `${extensions.length}`);',
      replace: "",
    },
    {
      what: "33 offers are not too many.",
      find: "const DEFAULT_MAX_OFFERS = 32;",
      replace: "const DEFAULT_MAX_OFFERS = 33;",
    },
    {
      what: "The authority of an absolute target does not count.",
      find: "host: target.authority ?? host,",
      replace: "host,",
    },
    {
      what: "A subprotocol that was not offered is accepted.",
      find: 'if (subprotocol !== "" && !upgrade.subprotocols.includes(subprotocol)) {',
      replace: "if (false) {",
    },
    {
      what: "A response has an empty Sec-WebSocket-Protocol.",
      find: 'if (subprotocol !== "") fields.append("Sec-WebSocket-Protocol", subprotocol);',
      replace: 'fields.append("Sec-WebSocket-Protocol", subprotocol);',
    },
    {
      what: "A response has an empty Sec-WebSocket-Extensions.",
      find: 'if (agreed.length > 0) fields.append("Sec-WebSocket-Extensions"',
      replace: 'fields.append("Sec-WebSocket-Extensions"',
    },
    {
      what: "The application's fields are left out.",
      find: "  for (const [name, value] of ownFields) fields.append(name, value);\n",
      replace: "",
    },
    {
      what: "A refusal may have the status 200.",
      find: "status >= 300 && status <= 599",
      replace: "status >= 200 && status <= 599",
    },
    {
      what: "A refusal may have the status 304.",
      find: " && status !== 304",
      replace: "",
    },
    {
      what: "405 does not say what would do instead.",
      find: 'if (status === 405 && !fields.has("Allow")) fields.append("Allow", "GET");',
      replace: "",
    },
    {
      what: "426 does not say which version would do.",
      find: '    fields.append("Sec-WebSocket-Version", VERSION);\n',
      replace: "",
    },
    {
      what: "426 does not list upgrade in Connection.",
      find: 'status === 426 ? "close, Upgrade" : "close"',
      replace: '"close"',
    },
    {
      what: "A refusal does not close the connection.",
      find: 'status === 426 ? "close, Upgrade" : "close"',
      replace: 'status === 426 ? "close, Upgrade" : "keep-alive"',
    },
    {
      what: "The length of a body is told in characters.",
      find: 'fields.append("Content-Length", `${body.length}`);',
      replace: 'fields.append("Content-Length", `${(answer.body ?? answer.reason ?? reason).length}`);',
    },
    {
      what: "A server's options are not checked before the first request.",
      find: 'if (typeof subprotocols !== "function") checkSubprotocols(subprotocols);',
      replace: "",
    },
    {
      what: "The client's order of subprotocols counts, not the server's.",
      find: "return choice.find((subprotocol) => upgrade.subprotocols.includes(subprotocol));",
      replace: "return upgrade.subprotocols.find((subprotocol) => choice.includes(subprotocol));",
    },
    {
      what: "The limits of offers are not handed on.",
      find: "readUpgrade(read.head, this.#options.limits)",
      replace: "readUpgrade(read.head)",
    },
  ],
};
