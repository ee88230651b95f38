/** Results as text, for a terminal and for Markdown alike. */

export type Alignment = "left" | "right";

/** Columns as wide as what stands in them. The first row is the heading. */
export function table(rows: readonly (readonly string[])[], alignments: readonly Alignment[]): string {
  const widths = alignments.map((_, column) =>
    Math.max(...rows.map((row) => [...(row[column] ?? "")].length)),
  );
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => pad(row[column] ?? "", width, alignments[column]!)).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => `${"-".repeat(width + 1)}${alignments[column] === "right" ? ":" : "-"}`).join("|")}|`;
  const [heading, ...body] = rows;
  return [line(heading!), rule, ...body.map(line)].join("\n");
}

function pad(text: string, width: number, alignment: Alignment): string {
  const space = " ".repeat(width - [...text].length);
  return alignment === "right" ? space + text : text + space;
}

const PREFIXES = ["", "k", "M", "G"];

/** Three digits and a prefix: 3.52 M. */
export function short(value: number): string {
  let power = 0;
  let rest = value;
  while (rest >= 999.5 && power < PREFIXES.length - 1) {
    rest /= 1000;
    power++;
  }
  return `${threeDigits(rest)}${PREFIXES[power] === "" ? "" : ` ${PREFIXES[power]}`}`;
}

export function threeDigits(value: number): string {
  if (value >= 99.95) return value.toFixed(0);
  if (value >= 9.995) return value.toFixed(1);
  return value.toFixed(2);
}

/** A number of bytes in units of 1,024. */
export function kibibytes(bytes: number): string {
  return `${threeDigits(bytes / 1024)} KiB`;
}
