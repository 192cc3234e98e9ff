/**
 * HTML from values: everything that is put in is escaped, unless it is HTML already.
 *
 * @module
 */
import { alignmentOf, type Cell, type Column } from "../text/table.ts";

/** Text that is HTML. */
export class Html {
  /** @param text Markup; it is trusted. */
  constructor(readonly text: string) {}
}

/** What may be put into {@link html}. */
export type Content = string | number | Html | undefined | readonly Content[];

/**
 * A template tag: strings and numbers are escaped, lists joined, `undefined` left out.
 *
 * @example
 * ```ts
 * import { html } from "./html.ts";
 * console.log(html`<p>${"a < b"}</p>`.text); // <p>a &lt; b</p>
 * ```
 */
export function html(parts: TemplateStringsArray, ...values: Content[]): Html {
  return new Html(parts.reduce((text, part, i) => text + render(values[i - 1]) + part));
}

function render(content: Content): string {
  if (content === undefined) return "";
  if (content instanceof Html) return content.text;
  if (typeof content === "string" || typeof content === "number") return escapeText(String(content));
  return content.map(render).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

/** A table as HTML, by the model of `text/table.ts`; the table scrolls by itself where the window is too narrow for it. */
export function table(
  columns: readonly (string | Column)[],
  rows: readonly (readonly Cell[])[],
): Html {
  const heads = columns.map((column) => typeof column === "string" ? { title: column } : column);
  const kinds = heads.map((column, i) =>
    alignmentOf(column, rows.map((row) => String(row[i]))) === "right"
      ? new Html(` class="figure"`)
      : undefined
  );
  return html`
    <div class="scroll">
      <table>
        <thead>
          <tr>${heads.map(({ title }, i) =>
            html`
              <th scope="col" ${kinds[i]}>${title}</th>
            `
          )}</tr>
        </thead>
        <tbody>
    ${rows.map((row) => html`<tr>${row.map((cell, i) => html`<td${kinds[i]}>${cell}</td>`)}</tr>`)}</tbody>
      </table>
    </div>
  `;
}
