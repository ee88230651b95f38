// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these texts are code

import type { Faults } from "../../fault.ts";

export const fields: Faults = {
  in: "src/protocol/fields.ts",
  faults: [
    {
      what: "Names are told apart by their case when fields are gathered.",
      find: "const key = name.toLowerCase();",
      replace: "const key = name;",
    },
    {
      what: "Names are told apart by their case when all values are asked for.",
      find: "return this.#values.get(name.toLowerCase()) ?? [];",
      replace: "return this.#values.get(name) ?? [];",
    },
    {
      what: "Names are told apart by their case when it is asked whether they are there.",
      find: "this.#values.has(name.toLowerCase())",
      replace: "this.#values.has(name)",
    },
    {
      what: "A second value of a name replaces the first.",
      find: "else values.push(value);",
      replace: "else values[0] = value;",
    },
    {
      what: "Several lines are joined without a comma.",
      find: 'values.join(", ")',
      replace: 'values.join(" ")',
    },
    {
      what: "A semicolon may stand in a token.",
      find: "!#$%&'*+-.^_\\`|~`);",
      replace: "!#$%&'*+-.^_\\`|~;`);",
    },
    {
      what: "A tilde may not stand in a token.",
      find: "!#$%&'*+-.^_\\`|~`);",
      replace: "!#$%&'*+-.^_\\`|`);",
    },
    {
      what: "Characters beyond Latin-1 are looked up by their lowest byte.",
      find: "if (set[text.charCodeAt(at)] !== 1) return false;",
      replace: "if (set[text.charCodeAt(at) & 0xff] !== 1) return false;",
    },
    {
      what: "The empty text is a token.",
      find: '  return text !== "";\n}\n\nexport function isToken',
      replace: "  return true;\n}\n\nexport function isToken",
    },
    {
      what: "A tab is no space.",
      find: "return code === SPACE || code === TAB;",
      replace: "return code === SPACE;",
    },
    {
      what: "DEL may stand in a line.",
      find: "(code >= SPACE && code !== DELETE && code <= 0xff)",
      replace: "(code >= SPACE && code <= 0xff)",
    },
    {
      what: "A field may have characters of more than a byte.",
      find: " && code <= 0xff) || code === TAB",
      replace: ") || code === TAB",
    },
    {
      what: "A field that is written may have a line feed.",
      find: "if (!isText(text.charCodeAt(at))) return false;",
      replace: "if (!isText(text.charCodeAt(at)) && text[at] !== '\\n') return false;",
    },
    {
      what: "A space may stand in a target.",
      find: "if (code <= SPACE || code >= DELETE) return false;",
      replace: "if (code < SPACE || code >= DELETE) return false;",
    },
    {
      what: "Long Latin-1 is read up to 4096 bytes.",
      find: "at < end; at += LATIN1_STEP",
      replace: "at < Math.min(end, start + LATIN1_STEP); at += LATIN1_STEP",
    },
    {
      what: "Latin-1 is read on behind the end of the range.",
      find: "Math.min(end, at + LATIN1_STEP)",
      replace: "at + LATIN1_STEP",
    },
    {
      what: "The platform reads Latin-1 from the first byte on.",
      find: "coder.latin1(bytes, start, end)",
      replace: "coder.latin1(bytes, 0, end)",
    },
    {
      what: "A text by itself holds what it was cut out of.",
      find: "return fromLatin1(toLatin1(text));",
      replace: "return text;",
    },
    {
      what: "Empty elements of a list are refused.",
      find: 'while (cursor.take(","));',
      replace: "while (false);",
    },
    {
      what: "Elements of a list may stand without a comma between them.",
      find: 'if (!cursor.atEnd && !cursor.take(",")) return undefined;',
      replace: 'cursor.take(",");',
    },
    {
      what: "What is no element ends a list, and the rest is ignored.",
      find: "    if (element === undefined) return undefined;\n    elements.push(element);",
      replace: "    if (element === undefined) return elements;\n    elements.push(element);",
    },
    {
      what: "A protocol's version is left out.",
      find: "`${name}/${version}`",
      replace: "name",
    },
    {
      what: "A protocol may end in a slash.",
      find: "return version === undefined ? undefined : `${name}/",
      replace: "return version === undefined ? name : `${name}/",
    },
    {
      what: "A list of no extensions is a list.",
      find: "return elements?.length === 0 ? undefined : elements;",
      replace: "return elements;",
    },
    {
      what: "An extension has one parameter at most.",
      find: 'while (cursor.take(";")) {',
      replace: 'for (let one = 0; one < 1 && cursor.take(";"); one++) {',
    },
    {
      what: "No space may stand before an equals sign.",
      find: 'cursor.skipSpace();\n  if (!cursor.take("="))',
      replace: 'if (!cursor.take("="))',
    },
    {
      what: "No space may stand behind an equals sign.",
      find: "  cursor.skipSpace();\n  const value = cursor.take",
      replace: "  const value = cursor.take",
    },
    {
      what: "No space may stand behind a semicolon.",
      find: "    cursor.skipSpace();\n    const parameter",
      replace: "    const parameter",
    },
    {
      what: "A parameter that is malformed is taken for one without a value.",
      find: "return value === undefined ? undefined : { name, value };",
      replace: "return value === undefined ? { name, value: true } : { name, value };",
    },
    {
      what: "A backslash between quotation marks is kept.",
      find: 'cursor.take("\\\\") ? cursor.tokenCharacter() : cursor.token()',
      replace: 'cursor.take("\\\\") ? `\\\\${cursor.tokenCharacter() ?? ""}` : cursor.token()',
    },
    {
      what: "A quoted value may be empty.",
      find: 'return value === "" ? undefined : value;',
      replace: "return value;",
    },
    {
      what: "A parameter is written without being looked at.",
      find: "`${key}=${checkedToken(value)}`",
      replace: "`${key}=${value}`",
    },
    { what: "A port may be 65536.", find: "const LAST_PORT = 65535;", replace: "const LAST_PORT = 65536;" },
    {
      what: "A host may be empty in front of a port.",
      find: '    at += 2;\n  }\n  return text !== "";',
      replace: "    at += 2;\n  }\n  return true;",
    },
    {
      what: "An escape in a host may have one digit.",
      find: "escaped.length < 2 || ",
      replace: "",
    },
    {
      what: "The last two characters of an escape are read again.",
      find: "    at += 2;\n",
      replace: "",
      equivalent: "Hexadecimal digits are characters of a name, so a second look at them finds nothing.",
    },
    {
      what: "A percent sign in a host may be followed by anything.",
      find: " || !consistsOf(escaped, HEXADECIMAL)",
      replace: "",
    },
    {
      what: "Anything may stand between brackets.",
      find: " && isIPv6(text.slice(1, -1))",
      replace: "",
    },
    {
      what: "An IPv6 address may have two gaps.",
      find: "  if (halves.length > 2) return false;\n",
      replace: "",
    },
    {
      what: "A gap may stand for no group.",
      find: "count < 8 : count === 8",
      replace: "count <= 8 : count === 8",
    },
    { what: "An IPv4 address at the end counts as one group.", find: "    count += 1;\n", replace: "" },
    { what: "A group may have five digits.", find: "group.length <= 4", replace: "group.length <= 5" },
    { what: "An octet may be 256.", find: "decimal(octet) <= 255", replace: "decimal(octet) <= 256" },
    { what: "An octet may begin with a zero.", find: " && String(Number(octet)) === octet", replace: "" },
    { what: "A key may have any padding.", find: '    value.endsWith("==") &&\n', replace: "" },
    {
      what: "A key may be longer.",
      find: "value.length === KEY_CHARACTERS + 2",
      replace: "value.length >= KEY_CHARACTERS + 2",
    },
    {
      what: "A plus sign may not stand in a key.",
      find: "${ALPHANUMERICS}+/`",
      replace: "${ALPHANUMERICS}/`",
    },
  ],
};
