/** Our own source files, read as tokens: enough of a scanner for laws about words, imports and comments. */

export interface Token {
  kind: "comment" | "string" | "regex" | "number" | "word" | "mark";
  text: string;
}

const SPACE = /\s+/y;
const COMMENT = /\/\/.*|\/\*[\s\S]*?\*\//y;
const STRING = /"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/y;
const TEMPLATE_PART = /[`}](?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const NUMBER = /\.?\d(?:[eE][+-]\d|[\w.])*/y;
const WORD = /#?[\p{ID_Start}$_][\p{ID_Continue}$]*/uy;

/** After these words a slash begins a regular expression; after any other word it divides. */
const BEFORE_EXPRESSION = new Set("return typeof case in of instanceof void delete throw".split(" "));

/** The tokens of a TypeScript file. The text of a template counts as strings; what stands in its `${}` as code. */
export function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  /** The braces that are open; true for those of a template's `${`. */
  const braces: boolean[] = [];
  let before: Token | undefined;
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const text = pattern.exec(source)?.[0];
    at += text?.length ?? 0;
    return text;
  };
  while (at < source.length) {
    if (take(SPACE) !== undefined) continue;
    let kind: Token["kind"] = "comment";
    let text = take(COMMENT);
    const character = source[at];
    if (text === undefined && (character === "`" || (character === "}" && braces.at(-1)))) {
      if (character === "}") braces.pop();
      [kind, text] = ["string", take(TEMPLATE_PART)];
      if (text?.endsWith("${")) braces.push(true);
    }
    if (text === undefined) [kind, text] = ["string", take(STRING)];
    if (text === undefined && beginsExpression(before)) [kind, text] = ["regex", take(REGEX)];
    if (text === undefined) [kind, text] = ["number", take(NUMBER)];
    if (text === undefined) [kind, text] = ["word", take(WORD)];
    if (text === undefined) {
      [kind, text] = ["mark", source[at++]!];
      if (text === "{") braces.push(false);
      if (text === "}") braces.pop();
    }
    const token = { kind, text };
    tokens.push(token);
    if (kind !== "comment") before = token;
  }
  return tokens;
}

function beginsExpression(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === "mark") return !")]}".includes(before.text);
  return before.kind === "word" && BEFORE_EXPRESSION.has(before.text);
}

/** The modules a file names in `import` and `export … from`, types included, and in `import()`. */
export function importsOf(tokens: readonly Token[]): string[] {
  const code = codeOf(tokens);
  return code.flatMap(({ kind, text }, index) => {
    const before = code[index - 1];
    const called = before?.text === "(" && code[index - 2]?.text === "import";
    const named = before?.kind === "word" && (before.text === "from" || before.text === "import");
    return kind === "string" && (called || named) ? [text.slice(1, -1)] : [];
  });
}

/** The words that stand for themselves: not the members of something, neither where they are used nor declared. */
export function freeWordsOf(tokens: readonly Token[]): string[] {
  const code = codeOf(tokens);
  return code.flatMap(({ kind, text }, index) => {
    const member = code[index - 1]?.text === "." || declaresMethod(code, index);
    return kind === "word" && !member ? [text] : [];
  });
}

/** `name(…): Type {` or `name(…) {` at the beginning of a statement declares a method; `name(…);` is a call. */
function declaresMethod(code: readonly Token[], index: number): boolean {
  if (!";{}".includes(code[index - 1]?.text ?? ";") || code[index + 1]?.text !== "(") return false;
  let depth = 0;
  let end = index + 1;
  do {
    const text = code[end++]?.text;
    if (text === "(") depth++;
    if (text === ")") depth--;
  } while (depth > 0 && end < code.length);
  return [":", "{"].includes(code[end]?.text ?? "");
}

function codeOf(tokens: readonly Token[]): Token[] {
  return tokens.filter(({ kind }) => kind !== "comment");
}
