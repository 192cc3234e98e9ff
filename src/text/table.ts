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
): string {
  for (const row of rows) {
    if (row.length !== columns.length) {
      throw new RangeError(
        `Cannot lay out the table: a row has ${row.length} cells, expected ${columns.length}`,
      );
    }
  }
  const laidOut = columns.map((column, index) =>
    layOut(typeof column === "string" ? { title: column } : column, rows.map((row) => String(row[index])))
  );
  const lineCount = rows.length + 2;
  return Array.from(
    { length: lineCount },
    (_, line) => laidOut.map((lines) => lines[line]).join(COLUMN_GAP).trimEnd() + "\n",
  ).join("");
}

/** The lines of one column, all of one width: title, rule, cells. */
function layOut(column: Column, cells: readonly string[]): string[] {
  const limit = column.maximumWidth ?? Infinity;
  const texts = [column.title, ...cells].map((text) => shorten(text, limit));
  const width = Math.max(...texts.map(codePoints));
  const right = alignmentOf(column, cells) === "right";
  const padded = texts.map((text) => {
    const space = " ".repeat(width - codePoints(text));
    return right ? space + text : text + space;
  });
  return [padded[0]!, RULE.repeat(width), ...padded.slice(1)];
}

/** Which edge the cells of a column keep to. */
export function alignmentOf({ align }: Column, cells: readonly string[]): "left" | "right" {
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
