/**
 * A table, and how a terminal shows it, as plain text: readable without colour, in a log file, and when pasted into a document.
 * Columns of figures are aligned to the right, as typographers set them, so that digits of one weight stand in one column.
 *
 * @module
 */

/** What a cell may hold. A number is printed as JavaScript prints it: format it before, where digits matter. */
export type Cell = string | number;

/** One column of a table. */
export interface Column {
  /** What stands above the column. */
  readonly title: string;
  /** Which edge the cells keep to. Without it, right where every cell reads as a figure, else left. */
  readonly align?: "left" | "right";
  /** The widest that the column may grow, in characters, at least 1; longer cells end in "…". */
  readonly maximumWidth?: number;
  /** How easily the reader can do without the column: where room is short, the highest goes first. Without it, it stays. */
  readonly dispensable?: number;
}

/** How a table is set. */
export interface TableOptions {
  /**
   * Columns of the terminal, no limit without it. Where the table is wider, titles and words wrap inside their cells; where
   * that is not enough, dispensable columns are left out.
   */
  readonly width?: number | undefined;
}

const COLUMN_GAP = "  ";
const RULE = "─";
const ELLIPSIS = "…";

/** A sign, digits with separators, and perhaps a unit or a factor: "12", "-0.5", "1,024", "95.1%", "1.62x", "3 ms". */
const FIGURE = /^[-+±<>≤≥]?\s?\d[\d.,]*(e[-+]?\d+)?\s?([a-zA-Zµ%×/]{0,8})$/;
/** What stands for a figure that is not there. */
const ABSENT = new Set(["", "-", "–", "—"]);

/**
 * Lays out a table: the titles, a rule, one line per row. No line ends in a space, and the text in a newline.
 *
 * @param columns The columns, or just their titles.
 * @param rows One array of cells per row, as long as `columns`.
 * @param options How much room there is.
 * @throws {RangeError} when a row has another number of cells than there are columns.
 * @example
 * ```ts
 * import { renderTable } from "./table.ts";
 * console.log(renderTable(["form", "ms"], [["training", "12.10"], ["fused", "5.93"]]));
 * // form         ms
 * // ────────  ─────
 * // training  12.10
 * // fused      5.93
 * ```
 */
export function renderTable(
  columns: readonly (string | Column)[],
  rows: readonly (readonly Cell[])[],
  { width = Infinity }: TableOptions = {},
): string {
  for (const row of rows) {
    if (row.length !== columns.length) {
      throw new RangeError(
        `Cannot lay out the table: a row has ${row.length} cells, expected ${columns.length}`,
      );
    }
  }
  const measured = columns.map((column, index) =>
    measure(typeof column === "string" ? { title: column } : column, rows.map((row) => String(row[index])))
  );
  const shown = withoutDispensable(measured, width);
  const widths = sharedOut(shown, width);
  const line = (read: (column: Measured) => string) =>
    joinCells(shown.map((column, i) => ({ ...column, lines: wrap(read(column), widths[i]!) })), widths);
  return [
    // Titles stand on the rule, whatever their height.
    ...joinCells(
      shown.map((column, i) => ({ ...column, lines: wrap(column.title, widths[i]!) })),
      widths,
      "bottom",
    ),
    widths.map((width) => RULE.repeat(width)).join(COLUMN_GAP),
    ...rows.flatMap((_, row) => line(({ cells }) => cells[row]!)),
  ].map((text) => text.trimEnd() + "\n").join("");
}

/** A column, its texts as they are set, and its widths in characters. */
interface Measured {
  readonly title: string;
  readonly cells: readonly string[];
  readonly right: boolean;
  readonly dispensable: number | undefined;
  /** So wide that nothing wraps. */
  readonly natural: number;
  /** So narrow that no figure and no word of the title breaks, and words no further than need be. */
  readonly narrowest: number;
}

/** The narrowest that a column of words becomes, where its title allows. */
const NARROWEST_WORDS = 10;

function measure(
  { title, align, maximumWidth = Infinity, dispensable }: Column,
  texts: readonly string[],
): Measured {
  const cells = texts.map((text) => shorten(text, maximumWidth));
  // What is set to the right is a figure, or is read as one.
  const figures = alignmentOf({ align }, texts) === "right";
  const widest = Math.max(0, ...cells.map(codePoints));
  const titleWord = Math.max(...title.split(" ").map(codePoints));
  return {
    title: shorten(title, maximumWidth),
    cells,
    right: figures,
    dispensable,
    natural: Math.max(widest, codePoints(shorten(title, maximumWidth))),
    narrowest: Math.max(titleWord, figures ? widest : Math.min(widest, NARROWEST_WORDS)),
  };
}

/** The columns without the most dispensable ones, as few as make the others fit at their narrowest. */
function withoutDispensable(columns: readonly Measured[], width: number): readonly Measured[] {
  if (totalWidth(columns.map(({ narrowest }) => narrowest)) <= width) return columns;
  const ranks = columns.map(({ dispensable }) => dispensable ?? -Infinity);
  const highest = Math.max(...ranks);
  if (highest === -Infinity) return columns;
  return withoutDispensable(columns.filter((_, i) => i !== ranks.lastIndexOf(highest)), width);
}

/** The width of each column: the natural one, less what is missing, always taken from the widest that can give. */
function sharedOut(columns: readonly Measured[], width: number): number[] {
  const widths = columns.map(({ natural }) => natural);
  for (let missing = totalWidth(widths) - width; missing > 0; missing--) {
    const givers = columns.map(({ narrowest }, i) => widths[i]! > narrowest ? widths[i]! : 0);
    const widest = Math.max(...givers);
    if (widest === 0) break;
    widths[givers.indexOf(widest)]!--;
  }
  return widths;
}

function totalWidth(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, COLUMN_GAP.length * Math.max(0, widths.length - 1));
}

/** One row of cells of one or more lines each, as lines of text. */
function joinCells(
  cells: readonly { readonly lines: readonly string[]; readonly right: boolean }[],
  widths: readonly number[],
  stand: "top" | "bottom" = "top",
): string[] {
  const height = Math.max(1, ...cells.map(({ lines }) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    cells.map(({ lines, right }, i) => {
      const text = lines[stand === "top" ? line : line - height + lines.length] ?? "";
      const space = " ".repeat(Math.max(0, widths[i]! - codePoints(text)));
      return right ? space + text : text + space;
    }).join(COLUMN_GAP));
}

/** The text broken between words, after the slashes of a path that is too long, and else wherever a line ends. */
function wrap(text: string, width: number): string[] {
  if (codePoints(text) <= width) return [text];
  const lines: string[] = [];
  let line = "";
  for (const word of text.match(WORD) ?? []) {
    const room = width - codePoints(line);
    if (codePoints(word.trimEnd()) > room && line !== "") {
      lines.push(line.trimEnd());
      line = "";
    }
    const characters = Array.from(word);
    while (codePoints(characters.join("").trimEnd()) > width) {
      lines.push(characters.splice(0, width).join(""));
    }
    line += characters.join("");
  }
  return [...lines, line.trimEnd()];
}

/** What stays together where there is room for it: up to a space or a slash. */
const WORD = /[^ /]*(?:\/| +|$)/g;

/** Which edge the cells of a column keep to. */
export function alignmentOf(
  { align }: { readonly align?: Column["align"] | undefined },
  cells: readonly string[],
): "left" | "right" {
  return align ?? (isFigures(cells) ? "right" : "left");
}

function isFigures(cells: readonly string[]): boolean {
  const present = cells.filter((cell) => !ABSENT.has(cell));
  return present.length > 0 && present.every((cell) => FIGURE.test(cell));
}

function shorten(text: string, limit: number): string {
  const characters = Array.from(text);
  return characters.length <= limit ? text : characters.slice(0, limit - 1).join("") + ELLIPSIS;
}

/** The width of a text, as a terminal counts Latin letters, digits and rules. */
function codePoints(text: string): number {
  return Array.from(text).length;
}
