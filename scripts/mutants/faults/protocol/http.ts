// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these texts are code

import type { Faults } from "../../fault.ts";

export const http: Faults = {
  in: "src/protocol/http.ts",
  faults: [
    {
      what: "The limit of a head is a byte higher.",
      find: "if (at === headLimit)",
      replace: "if (at > headLimit)",
    },
    {
      what: "A head in pieces has no limit.",
      find: "    this.#headSize += chunk.length;\n",
      replace: "",
    },
    {
      what: "The limit of a line is a byte higher.",
      find: "} else if (at === lineLimit) {",
      replace: "} else if (at > lineLimit) {",
    },
    {
      what: "A line in pieces has no limit.",
      find: "let lineLimit = this.#maxLineLength - this.#torn.length;",
      replace: "let lineLimit = this.#maxLineLength;",
    },
    {
      what: "Only the first line has a limit.",
      find: "lineLimit = lineStart + this.#maxLineLength;",
      replace: "lineLimit = Number.POSITIVE_INFINITY;",
    },
    {
      what: "One field more than the limit is taken.",
      find: "this.#fields.size === this.#maxFields",
      replace: "this.#fields.size > this.#maxFields",
    },
    {
      what: "A carriage return may be followed by anything.",
      find: 'if (byte !== LF) return this.#refuse("bare-carriage-return", quote(this.#line));',
      replace: "",
    },
    {
      what: "A lone line feed ends a line.",
      find: "} else if (byte === CR) {",
      replace:
        "} else if (byte === LF) {\n        this.#line = this.#takeLine(chunk, lineStart, at);\n        at--;\n      } else if (byte === CR) {",
    },
    {
      what: "A control byte may stand in a head.",
      find: "} else if (!isText(byte)) {",
      replace: "} else if (byte === LF) {",
    },
    {
      what: "Any number of empty lines may come before a request.",
      find: " && !this.#emptyLineSkipped",
      replace: "",
    },
    {
      what: "An empty line before a request is refused.",
      find: "skipsEmptyLine: true },",
      replace: "skipsEmptyLine: false },",
    },
    {
      what: "An empty line before a response is skipped.",
      find: 'tooLong: "status-line-too-long", skipsEmptyLine: false',
      replace: 'tooLong: "status-line-too-long", skipsEmptyLine: true',
    },
    {
      what: "A line that was torn between chunks loses its beginning.",
      find: "    const line = fromLatin1(this.#torn.view());",
      replace: "    const line = fromLatin1(chunk.subarray(start, end));",
    },
    {
      what: "The beginning of a torn line comes again in front of the next.",
      find: "    this.#torn.clear();\n",
      replace: "",
    },
    {
      what: "What comes behind the head is lost.",
      find: "chunk.subarray(lineStart));",
      replace: "EMPTY_BYTES);",
    },
    {
      what: "A folded line is a field.",
      find: '    if (isSpace(line.charCodeAt(0))) return "folded-line";\n',
      replace: "",
    },
    {
      what: "A line without a colon is ignored.",
      find: 'if (colon === -1) return "missing-colon";',
      replace: "if (colon === -1) return undefined;",
    },
    {
      what: "Space may stand before the colon.",
      find: 'if (isSpace(line.charCodeAt(colon - 1))) return "space-before-colon";\n    const name = line.slice(0, colon);',
      replace: "const name = line.slice(0, colon).trimEnd();",
    },
    {
      what: "A name may have any characters.",
      find: 'if (!isToken(name)) return "invalid-field-name";',
      replace: "",
    },
    {
      what: "Space behind a value is part of it.",
      find: "  while (end > start && isSpace(line.charCodeAt(end - 1))) end--;\n",
      replace: "",
    },
    {
      what: "One space before a value is skipped, others are part of it.",
      find: "while (start < end && isSpace(line.charCodeAt(start))) start++;",
      replace: "if (start < end && isSpace(line.charCodeAt(start))) start++;",
    },
    {
      what: "A reader goes on behind the end of its head.",
      find: '    if (this.#done) throw new Error("HeadReader.read was called behind the end of the head");\n',
      replace: "",
    },
    {
      what: "A target may be empty.",
      find: "targetEnd <= targetStart",
      replace: "targetEnd < targetStart",
    },
    {
      what: "A method may have any characters.",
      find: "if (!isToken(method) || targetEnd",
      replace: "if (targetEnd",
    },
    {
      what: "A version may be written in small letters.",
      find: 'text.startsWith("HTTP/") &&',
      replace: 'text.toUpperCase().startsWith("HTTP/") &&',
    },
    {
      what: "A version may go on behind its second number.",
      find: "text.length === VERSION_LENGTH &&",
      replace: "text.length >= VERSION_LENGTH &&",
    },
    {
      what: "A status line need not have a space behind the status.",
      find: ' && line[VERSION_LENGTH + 4] === " "',
      replace: "",
    },
    {
      what: "A status may be 099.",
      find: 'text[0] !== "0" && ',
      replace: "",
    },
    {
      what: "A colon is a digit.",
      find: 'character <= "9"',
      replace: 'character <= ":"',
    },
    { what: "A target may have a fragment.", find: ' || target.includes("#")', replace: "" },
    {
      what: "A target may have any scheme.",
      find: " || !SCHEMES.has(target.slice(0, schemeEnd).toLowerCase())",
      replace: "",
    },
    {
      what: "Schemes are told apart by their case.",
      find: "target.slice(0, schemeEnd).toLowerCase()",
      replace: "target.slice(0, schemeEnd)",
    },
    {
      what: "The authority of a target goes on over a question mark.",
      find: ' && target[authorityEnd] !== "?"',
      replace: "",
    },
    {
      what: "The authority of a target may be anything.",
      find: "  if (!isHost(authority)) return undefined;\n",
      replace: "",
    },
    {
      what: "An absolute target without a path has an empty one.",
      find: 'path: path.startsWith("/") ? path : `/${path}`, authority',
      replace: "path, authority",
    },
    {
      what: "A request with Transfer-Encoding has no body.",
      find: 'return fields.has("Transfer-Encoding") || (',
      replace: "return (",
    },
    {
      what: "A request with Content-Length has no body.",
      find: '(length !== undefined && length !== "0")',
      replace: "false",
    },
    {
      what: "Content-Length: 0 announces a body.",
      find: ' && length !== "0"',
      replace: "",
    },
    {
      what: "Any method is written.",
      find: "  if (!isToken(method)) throw new TypeError(`method: ${quote(method)} is not a token`);\n",
      replace: "",
    },
    {
      what: "A proxy may be asked to connect to a path.",
      find: 'method === "CONNECT" ? isHost(target) : ',
      replace: "",
    },
    {
      what: "Any target is written.",
      find: "  if (!isTarget) throw",
      replace: "  if (false) throw",
    },
    {
      what: "Any reason phrase is written: a header can be injected.",
      find: "  if (!isFieldValue(reason)) throw",
      replace: "  if (false) throw",
    },
    {
      what: "Any value of a field is written: a header can be injected.",
      find: 'typeof value !== "string" || !isFieldValue(value)',
      replace: 'typeof value !== "string"',
    },
    {
      what: "Any name of a field is written: a header can be injected.",
      find: "  if (!isToken(name)) throw",
      replace: "  if (false) throw",
    },
    {
      what: "Fields are written without being looked at.",
      find: "    checkField(name, value);\n",
      replace: "",
    },
    {
      what: "A body is written over the end of the head.",
      find: "response.set(body, head.length);",
      replace: "response.set(body, head.length - 2);",
    },
    {
      what: "A limit may be zero.",
      find: "Number.isSafeInteger(value) && value > 0",
      replace: "Number.isSafeInteger(value) && value >= 0",
    },
    {
      what: "A line may have 8193 bytes by default.",
      find: "maxLineLength: 8192",
      replace: "maxLineLength: 8193",
    },
    { what: "A head may have 17 KiB by default.", find: "maxHeadSize: 16384", replace: "maxHeadSize: 17408" },
    { what: "A head may have 101 fields by default.", find: "maxFields: 100 }", replace: "maxFields: 101 }" },
  ],
};
