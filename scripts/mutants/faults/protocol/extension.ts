// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these texts are code

import type { Faults } from "../../fault.ts";

export const extension: Faults = {
  in: "src/protocol/extension.ts",
  faults: [
    {
      what: "An extension may have any name.",
      find: "if (!isToken(name)) throw",
      replace: "if (false) throw",
    },
    {
      what: "Two extensions may have one name.",
      find: "    names.add(name);\n",
      replace: "",
    },
    {
      what: "An extension may claim two reserved bits.",
      find: "if (!RESERVED_BITS.includes(reservedBit)) {",
      replace: "if (reservedBit > 7) {",
    },
    {
      what: "A client offers the first alternative only.",
      find: "extension.offers().map(",
      replace: "extension.offers().slice(0, 1).map(",
    },
    {
      what: "A server agrees to two offers of one extension.",
      find: "if (extension === undefined || clash(extension, agreed) !== undefined) continue;",
      replace: "if (extension === undefined) continue;",
    },
    {
      what: "A server stops at the first offer that it does not know.",
      find: "clash(extension, agreed) !== undefined) continue;",
      replace: "clash(extension, agreed) !== undefined) break;",
    },
    {
      what: "A server stops at the first offer that is declined.",
      find: "if (agreement !== undefined) agreed.push(checked(agreement, extension));",
      replace: "if (agreement === undefined) break;\n    agreed.push(checked(agreement, extension));",
    },
    {
      what: "All who agreed on nothing are given lists of their own.",
      find: "agreed.length === 0 ? NO_NAMES : agreed.map(",
      replace: "agreed.map(",
    },
    {
      what: "A client accepts what it knows, though it has not offered it.",
      find: " || !offers.some((offer) => offer.name === name)",
      replace: "",
    },
    {
      what: "A client accepts the same extension twice.",
      find: "    if (rule !== undefined) return { ok: false, rule, detail: quote(name) };\n",
      replace: "",
    },
    {
      what: "A client ignores an answer that its extension refuses.",
      find: 'return { ok: false, rule: "extension-answer-refused", detail: `${answer}: ${agreement}` };',
      replace: "void answer;\n      continue;",
    },
    {
      what: "Two extensions may share a reserved bit.",
      find: 'return "extension-conflict";',
      replace: "return undefined;",
    },
    {
      what: "Two extensions without reserved bit are in conflict.",
      find: "reservedBit !== 0 && agreed",
      replace: "agreed",
    },
    {
      what: "An agreement may use another bit than its extension.",
      find: "agreement.name === name && agreement.reservedBit === reservedBit",
      replace: "agreement.name === name",
    },
    {
      what: "An agreement may have another name than its extension.",
      find: "agreement.name === name && agreement.reservedBit === reservedBit",
      replace: "agreement.reservedBit === reservedBit",
    },
  ],
};
