// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these texts are code

import type { Faults } from "../../fault.ts";

export const refusal: Faults = {
  in: "src/protocol/refusal.ts",
  faults: [
    {
      what: "A request for another version is answered with 400.",
      find: '"version-not-13": {\n    status: 426,',
      replace: '"version-not-13": {\n    status: 400,',
    },
    {
      what: "A request that asks for no upgrade is answered with 400.",
      find: '"upgrade-missing": {\n    status: 426,',
      replace: '"upgrade-missing": {\n    status: 400,',
    },
    {
      what: "A POST is answered with 400.",
      find: '"method-not-get": {\n    status: 405,',
      replace: '"method-not-get": {\n    status: 400,',
    },
    {
      what: "A head that is too long is answered with 400.",
      find: '"head-too-long": {\n    status: 431,',
      replace: '"head-too-long": {\n    status: 400,',
    },
    {
      what: "The peer's own text is reflected.",
      find: "reason: withDetail(sentence, detail), body: sentence };",
      replace: "reason: withDetail(sentence, detail), body: withDetail(sentence, detail) };",
    },
    {
      what: "Logs do not tell what was found.",
      find: 'return detail === "" ? sentence : `${sentence} ${detail}`;',
      replace: "return sentence;",
    },
    {
      what: "Quotes are as long as what is quoted.",
      find: "at < text.length && at < LONGEST_QUOTE",
      replace: "at < text.length",
    },
    {
      what: "A quote of exactly the most characters looks as if it were cut.",
      find: "text.length > LONGEST_QUOTE ?",
      replace: "text.length >= LONGEST_QUOTE ?",
    },
    {
      what: "DEL gets into logs.",
      find: "code < 0x7f",
      replace: "code <= 0x7f",
    },
    {
      what: "A control character gets into logs.",
      find: "code >= 0x20 && code < 0x7f",
      replace: "code >= 0x1f && code < 0x7f",
    },
    {
      what: "A quotation mark ends a quote.",
      find: " && text[at] !== '\"'",
      replace: "",
    },
    {
      what: "A backslash is quoted as it is.",
      find: ' && text[at] !== "\\\\"',
      replace: "",
    },
    {
      what: "A HandshakeError does not tell the status.",
      find: "    this.status = refusal.status;\n",
      replace: "    this.status = undefined;\n",
    },
  ],
};
