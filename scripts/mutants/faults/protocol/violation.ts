// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these texts are code

import type { Faults } from "../../fault.ts";

export const violation: Faults = {
  in: "src/protocol/violation.ts",
  faults: [
    {
      what: "Invalid UTF-8 costs 1002.",
      find: '"invalid-utf8": {\n    code: 1007,',
      replace: '"invalid-utf8": {\n    code: 1002,',
    },
    {
      what: "A message that is too big costs 1002.",
      find: '"message-too-big": {\n    code: 1009,\n    section: "RFC 6455 §10.4",\n    sentence: "A message would pass the limit for messages.",',
      replace:
        '"message-too-big": {\n    code: 1002,\n    section: "RFC 6455 §10.4",\n    sentence: "A message would pass the limit for messages.",',
    },
    {
      what: "A frame that is not masked costs 1007.",
      find: '"unmasked-frame": {\n    code: 1002,',
      replace: '"unmasked-frame": {\n    code: 1007,',
    },
    {
      what: "A reason that is not UTF-8 costs 1002.",
      find: '"invalid-close-reason": {\n    code: 1007,',
      replace: '"invalid-close-reason": {\n    code: 1002,',
    },
    {
      what: "A decompression bomb costs 1007.",
      find: '"decoded-message-too-big": {\n    code: 1009,',
      replace: '"decoded-message-too-big": {\n    code: 1007,',
    },
    {
      what: "A corrupt compressed message costs 1002.",
      find: '"corrupt-message": {\n    code: 1007,',
      replace: '"corrupt-message": {\n    code: 1002,',
    },
    {
      what: "An error does not tell its code.",
      find: "    this.code = code;\n",
      replace: "    this.code = 1002;\n",
    },
    { what: "An error does not tell its section.", find: "`${sentence} (${section})`", replace: "sentence" },
  ],
};
