import type { Faults } from "../../fault.ts";

export const mask: Faults = {
  in: "src/protocol/mask.ts",
  faults: [
    {
      what: "The words begin at the wrong byte of memory that is not aligned.",
      find: "-offset & 7",
      replace: "offset & 7",
    },
    {
      what: "Words begin where only those of 32 bits may.",
      find: "-offset & 7",
      replace: "-offset & 3",
    },
    {
      what: "The first word of 64 bits is taken for the one before it.",
      find: "let i = (from + 1) >> 1;",
      replace: "let i = from >> 1;",
    },
    {
      what: "Behind the words of 64 bits, one of 32 is left as it is.",
      find: "  if ((end & 1) === 1) words[end - 1]! ^= word;\n",
      replace: "",
    },
    {
      what: "In front of the words of 64 bits, one of 32 is left as it is.",
      find: "  if ((from & 1) === 1) words[from]! ^= word;\n",
      replace: "",
    },
    {
      what: "Half of a word of 64 bits is not masked.",
      find: "half | (half << 32n)",
      replace: "half",
    },
    {
      what: "One word of 64 bits in four is not masked.",
      find: "    wide[i + 1]! ^= key;\n",
      replace: "",
    },
    {
      what: "The loop by four words of 64 bits runs over the end.",
      find: "i < last - 3; i += 4",
      replace: "i < last - 2; i += 4",
    },
    {
      what: "The last words of 64 bits are left as they are.",
      find: "  for (; i < last; i++) wide[i]! ^= key;\n",
      replace: "",
    },
    {
      what: "Words of 64 bits are used where nobody asked for them.",
      find: "let wideWordsFrom = Number.POSITIVE_INFINITY;",
      replace: "let wideWordsFrom = WIDE_WORDS_PAY_FROM;",
    },
    {
      what: "The last word is not masked by words, nor by bytes.",
      find: "for (; i < end; i++) words[i]! ^= word;",
      replace: "for (; i < end - 1; i++) words[i]! ^= word;",
    },
    {
      what: "The key is not turned to where the payload stands in its frame.",
      find: "const turned = turn(key, phase);",
      replace: "const turned = key;",
    },
    {
      what: "The key is not turned when it is copied and masked in one go.",
      find: "at, turn(key, phase));",
      replace: "at, key);",
    },
    {
      what: "The second and third octet of the key are swapped.",
      find: "const k1 = (key >>> 16) & 0xff;\n  const k2 = (key >>> 8) & 0xff;",
      replace: "const k2 = (key >>> 16) & 0xff;\n  const k1 = (key >>> 8) & 0xff;",
    },
    {
      what: "The first octet of the key is signed.",
      find: "const k0 = key >>> 24;",
      replace: "const k0 = key >> 24;",
      equivalent: "What is above the lowest eight bits is lost in an array of bytes.",
    },
    {
      what: "The third of the last bytes is not masked.",
      find: "  if (from + 2 < end) target[to + 2] = source[from + 2]! ^ k2;\n",
      replace: "",
    },
    {
      what: "The loop by four runs over the end.",
      find: "from < end - 3; from += 4",
      replace: "from < end - 2; from += 4",
    },
    {
      what: "The key is not turned to where the first word begins.",
      find: "turn(key, (from - start - before) & 3)",
      replace: "turn(key, (from - start) & 3)",
    },
    {
      what: "Bytes before the range are masked, where they share its first word.",
      find: "word & bitsBehind(before, LITTLE_ENDIAN)",
      replace: "word",
    },
    {
      what: "Bytes behind the range are masked, where they share its last word.",
      find: "word & ~bitsBehind(rest, LITTLE_ENDIAN)",
      replace: "word",
    },
    {
      what: "The bytes before the first word of the chunk are left as they are.",
      find: "  if (from > start) maskBytes(bytes, start, from, bytes, start, key);\n",
      replace: "",
    },
    {
      what: "The bytes behind the last word of the chunk are left as they are.",
      find: "  else maskBytes(bytes, end - rest, end, bytes, end - rest, aligned);\n",
      replace: "",
    },
    {
      what: "The first word of the chunk is taken for one before it.",
      find: "Math.max(start, origin)",
      replace: "start",
    },
    {
      what: "The loop by eight words runs over the end.",
      find: "i < end - 7; i += 8",
      replace: "i < end - 6; i += 8",
    },
    {
      what: "One word of eight is not masked.",
      find: "    words[i + 2]! ^= word;\n",
      replace: "",
    },
    {
      what: "A slice's own place in the memory is not reckoned with.",
      find: "offset + origin",
      replace: "origin",
    },
    {
      what: "The key turns the wrong way.",
      find: "(key << (8 * phase)) | (key >>> (32 - 8 * phase))",
      replace: "(key >>> (8 * phase)) | (key << (32 - 8 * phase))",
    },
    {
      what: "The source of a masked copy is masked, and not the copy.",
      find: "mask(target, at, at + end - start, key, phase, words);",
      replace: "mask(source, start, end, key, phase);",
    },
    {
      what: "A word has the order of the machine's bytes wrong.",
      find: "if (!littleEndian) return key;",
      replace: "if (littleEndian) return key;",
    },
    {
      what: "The bits of a word lie the other way round.",
      find: "littleEndian ? -1 << (8 * count) : -1 >>> (8 * count)",
      replace: "littleEndian ? -1 >>> (8 * count) : -1 << (8 * count)",
    },
    {
      what: "Every key is zero.",
      find: "      this.#random(pool);\n",
      replace: "",
    },
    {
      what: "The pool is never filled again: one key for ever.",
      find: "this.#spent = at + 4;",
      replace: "this.#spent = at;",
    },
    {
      what: "Keys overlap: three of four octets are known from the key before.",
      find: "this.#spent = at + 4;",
      replace: "this.#spent = at + 1;",
    },
    {
      what: "A key is kept in the pool after it was given out.",
      find: "    pool[at] = pool[at + 1] = pool[at + 2] = pool[at + 3] = 0;\n",
      replace: "",
    },
    {
      what: "A source of entropy that throws leaves old keys to be used.",
      find: "      this.#random(pool);\n      this.#spent = 0;",
      replace: "      this.#spent = 0;\n      this.#random(pool);",
    },
    {
      what: "A key of zero is not taken for no masking at all.",
      find: "  if (key === 0) return;\n",
      replace: "",
      equivalent: "XOR with zero changes nothing; the line saves the time.",
    },
  ],
};
