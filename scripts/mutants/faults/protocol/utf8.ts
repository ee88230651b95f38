import type { Faults } from "../../fault.ts";

export const utf8: Faults = {
  in: "src/protocol/utf8.ts",
  faults: [
    {
      what: "C0 and C1 may begin a character: '/' has a second spelling.",
      find: "[UTF8_ACCEPT, 0xc2, 0xdf, ONE_MORE]",
      replace: "[UTF8_ACCEPT, 0xc0, 0xdf, ONE_MORE]",
    },
    {
      what: "C2 begins no character.",
      find: "[UTF8_ACCEPT, 0xc2, 0xdf, ONE_MORE]",
      replace: "[UTF8_ACCEPT, 0xc3, 0xdf, ONE_MORE]",
    },
    {
      what: "The automaton does not ask for a third byte behind E1 to EC.",
      find: "[UTF8_ACCEPT, 0xe1, 0xec, TWO_MORE]",
      replace: "[UTF8_ACCEPT, 0xe1, 0xec, ONE_MORE]",
    },
    {
      what: "Surrogates pass the automaton.",
      find: "[AFTER_ED, 0x80, 0x9f, ONE_MORE]",
      replace: "[AFTER_ED, 0x80, 0xbf, ONE_MORE]",
    },
    {
      what: "Three bytes for what fits in two pass the automaton.",
      find: "[AFTER_E0, 0xa0, 0xbf, ONE_MORE]",
      replace: "[AFTER_E0, 0x9f, 0xbf, ONE_MORE]",
    },
    {
      what: "Four bytes for what fits in three pass the automaton.",
      find: "[AFTER_F0, 0x90, 0xbf, TWO_MORE]",
      replace: "[AFTER_F0, 0x80, 0xbf, TWO_MORE]",
    },
    {
      what: "The automaton knows characters beyond U+10FFFF.",
      find: "[AFTER_F4, 0x80, 0x8f, TWO_MORE]",
      replace: "[AFTER_F4, 0x80, 0x90, TWO_MORE]",
    },
    {
      what: "F5 begins a character in the automaton.",
      find: "[UTF8_ACCEPT, 0xf4, 0xf4, AFTER_F4]",
      replace: "[UTF8_ACCEPT, 0xf4, 0xf5, AFTER_F4]",
    },
    {
      what: "BF is no continuation byte in the automaton.",
      find: "[TWO_MORE, 0x80, 0xbf, ONE_MORE]",
      replace: "[TWO_MORE, 0x80, 0xbe, ONE_MORE]",
    },
    {
      what: "A state of the automaton is skipped: behind F1 to F3, three bytes make a character.",
      find: "[THREE_MORE, 0x80, 0xbf, TWO_MORE]",
      replace: "[THREE_MORE, 0x80, 0xbf, ONE_MORE]",
    },
    {
      what: "The last byte of each range is not in the table.",
      find: "(row | last) + 1",
      replace: "row | last",
    },
    {
      what: "The rest of a torn character is not read by the automaton.",
      find: "while (now !== UTF8_ACCEPT && i < end)",
      replace: "while (now === UTF8_ACCEPT && i < end && false)",
    },
    {
      what: "Two-byte characters that lie whole may begin with C0.",
      find: "bytes[i]! >= 0xc2 &&",
      replace: "bytes[i]! >= 0xc0 &&",
    },
    {
      what: "A pair may lie half behind the slice.",
      find: "return i + 1 < end &&",
      replace: "return i < end &&",
    },
    {
      what: "Surrogates that lie whole pass.",
      find: " || (lead === 0xed && second > 0x9f)",
      replace: "",
    },
    {
      what: "Three bytes that lie whole may spell what fits in two.",
      find: "(lead === 0xe0 && second < 0xa0) || ",
      replace: "",
    },
    {
      what: "The third byte of a character that lies whole may be anything.",
      find: "return continues(second) && continues(bytes[i + 2]!);",
      replace: "return continues(second);",
    },
    {
      what: "Four bytes that lie whole may spell what fits in three.",
      find: "(lead === 0xf0 && second < 0x90) || ",
      replace: "",
    },
    {
      what: "Four bytes that lie whole may go beyond U+10FFFF.",
      find: "second > 0x8f",
      replace: "second > 0x9f",
    },
    {
      what: "Any byte from F5 on begins four bytes that lie whole.",
      find: "lead > 0xf4 || ",
      replace: "",
    },
    {
      what: "The fourth byte of a character that lies whole may be anything.",
      find: " && continues(bytes[i + 3]!)",
      replace: "",
    },
    {
      what: "C0 to FF continue a character, too.",
      find: "(byte & 0xc0) === 0x80",
      replace: "(byte & 0x80) === 0x80",
    },
    {
      what: "A lone continuation byte is taken for the lead of a pair without being looked at.",
      find: "} else if (lead < 0xe0) {\n      if (!isWholePair(bytes, i, end)) break;",
      replace: "} else if (lead < 0xe0) {\n      if (lead >= 0xc0 && !isWholePair(bytes, i, end)) break;",
    },
    {
      what: "The end of ASCII by words is looked for from the range's first byte on, not from its first word.",
      find: "const first = Math.max(0, (start - origin + 3) >> 2);",
      replace: "const first = Math.max(0, (start - origin) >> 2);",
      equivalent: "A byte in front that is not ASCII has the text decoded by hand, to the same.",
    },
    {
      what: "What lies in front of the first word is not looked at.",
      find: "areAsciiBytes(bytes, start, origin + 4 * first) &&",
      replace: "",
    },
    {
      what: "What lies behind the last word is not looked at.",
      find: " &&\n    areAsciiBytes(bytes, origin + 4 * last, end)",
      replace: "",
    },
    {
      what: "One of four words is not looked at.",
      find: "words[i + 2]! | words[i + 3]!;",
      replace: "words[i + 2]!;",
    },
    {
      what: "U+0080 is ASCII, byte by byte.",
      find: "return seen <= 0x7f;",
      replace: "return seen <= 0x80;",
    },
    {
      what: "The decoder by hand takes C0 and C1 for the beginning of a pair.",
      find: "if (lead < 0xc2 || second > 0x3f) return undefined;",
      replace: "if (lead < 0xc0 || second > 0x3f) return undefined;",
    },
    {
      what: "The decoder by hand takes any second byte.",
      find: "if (lead < 0xc2 || second > 0x3f) return undefined;",
      replace: "if (lead < 0xc2) return undefined;",
    },
    {
      what: "The decoder by hand takes any third byte.",
      find: "if (third > 0x3f) return undefined;",
      replace: "",
    },
    {
      what: "The decoder by hand takes surrogates.",
      find: "if (unit < 0x800 || isSurrogate(unit)) return undefined;",
      replace: "if (unit < 0x800) return undefined;",
    },
    {
      what: "The decoder by hand takes three bytes for what fits in two.",
      find: "if (unit < 0x800 || isSurrogate(unit)) return undefined;",
      replace: "if (isSurrogate(unit)) return undefined;",
    },
    {
      what: "The decoder by hand takes four bytes for what fits in three.",
      find: " || point < 0x10000",
      replace: "",
    },
    {
      what: "The decoder by hand knows characters beyond U+10FFFF.",
      find: " || point > 0x10ffff",
      replace: "",
    },
    {
      what: "The decoder by hand reads on behind the range.",
      find: "if (i > end) return undefined;",
      replace: "",
    },
    {
      what: "The decoder by hand fills its units to the last, where a pair does not fit.",
      find: "i + units.length - 1)",
      replace: "i + units.length)",
    },
    {
      what: "Words with other characters than ASCII in their top byte are skipped.",
      find: "0x80808080",
      replace: "0x00808080",
    },
    {
      what: "The fourth word of each look is skipped unseen.",
      find: " | words[i + 3]!) &",
      replace: ") &",
    },
    {
      what: "Words are read beyond the end of the slice.",
      find: "while (i < last - 3)",
      replace: "while (i < last)",
    },
    {
      what: "A byte order mark is stripped.",
      find: "fatal: true, ignoreBOM: true",
      replace: "fatal: true, ignoreBOM: false",
    },
    {
      what: "Invalid text is repaired instead of refused.",
      find: "fatal: true",
      replace: "fatal: false",
    },
    {
      what: "The decoder by hand takes DEL for no ASCII.",
      find: "if (byte > 0x7f) return undefined;",
      replace: "if (byte >= 0x7f) return undefined;",
      equivalent: "The platform's decoder then decodes it, to the same.",
    },
    {
      what: "The decoder by hand takes U+0080 to U+00BF for single bytes.",
      find: "if (byte > 0x7f) return undefined;",
      replace: "if (byte > 0xbf) return undefined;",
    },
    {
      what: "The decoder by hand looks at three of four bytes.",
      find: "(a | b | c | d) > 0x7f",
      replace: "(a | b | c) > 0x7f",
    },
    {
      what: "The encoder by hand writes U+0080 as one byte.",
      find: "if (unit > 0x7f) return i + ",
      replace: "if (unit > 0x80) return i + ",
    },
    {
      what: "The length of what was encoded by hand in front is forgotten.",
      find: "return i + write(",
      replace: "return write(",
    },
    {
      what: "A long text is written to the start of the memory.",
      find: "encoder.encodeInto(text, target.subarray(at)).written;",
      replace: "encoder.encodeInto(text, target).written;",
    },
  ],
};
