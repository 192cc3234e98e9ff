/**
 * What `repfuse inspect` prints: the regions with what each saves, and every refused merge with its law and its advice.
 *
 * @module
 */
import type { RefusedMerge } from "../fuse/report.ts";
import type { BeforeAfter, Inspection } from "../inspect/inspect.ts";
import { renderTable } from "../text/table.ts";

/** The longest expression that the table shows whole, in characters. */
const EXPRESSION_WIDTH = 64;

/** Characters of a line of running text. */
const TEXT_WIDTH = 100;

const LABEL_WIDTH = "because: ".length;

/** The regions from input to output, and the whole network in the last line. */
export function renderInspectedRegions({ regions, before, after }: Inspection, width?: number): string {
  const whole = (read: (cost: Inspection["before"]) => number | null) =>
    change({ before: read(before), after: read(after) });
  return renderTable(
    [
      "region",
      { title: "merges", maximumWidth: EXPRESSION_WIDTH },
      "becomes",
      { title: "layers", align: "right", dispensable: 2 },
      { title: "parameters", align: "right" },
      { title: "MACs", align: "right", dispensable: 1 },
    ],
    [
      ...regions.map(({ name, expression, becomes, layers, parameters, macs }) => [
        name,
        expression,
        becomes,
        change(layers),
        change(parameters),
        change(macs),
      ]),
      [
        "whole network",
        "",
        "",
        whole(({ layers }) => layers),
        whole(({ parameters }) => parameters),
        whole(({ macs }) => macs),
      ],
    ],
    { width },
  );
}

/** Every merge that was not done; empty when there is none. */
export function renderRefusals(refusals: readonly RefusedMerge[], width?: number): string {
  if (refusals.length === 0) return "";
  const entries = refusals.map(({ layer, partners, law, reason, advice }, i) =>
    [
      `${i + 1}. ${layer}  (law: ${law})`,
      ...(partners.length === 0 ? [] : labelled("with", partners.join(", "), width)),
      ...labelled("because", reason, width),
      ...labelled("change", advice, width),
    ].join("\n")
  );
  return `Not merged (${refusals.length}):\n\n${entries.join("\n\n")}\n`;
}

/** What else there is to know of the layers, in one line each; empty when nothing. */
export function renderRest({ kept, removed }: Inspection, width?: number): string {
  const lines = [
    ...(kept.length === 0 ? [] : wrapped("As they are: ", kept.join(", "), width)),
    ...(removed.length === 0 ? [] : wrapped("Nothing to do at inference: ", removed.join(", "), width)),
  ];
  return lines.length === 0 ? "" : lines.join("\n") + "\n";
}

function labelled(label: string, text: string, width?: number): string[] {
  return wrapped(`   ${`${label}:`.padEnd(LABEL_WIDTH)}`, text, width);
}

/** The text broken between words, with the label in front of the first line and spaces in front of the others. */
function wrapped(label: string, text: string, width = Infinity): string[] {
  const room = Math.min(TEXT_WIDTH, width) - label.length;
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > room) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line, i) => (i === 0 ? label : " ".repeat(label.length)) + line);
}

function change({ before, after }: BeforeAfter<number | null>): string {
  return `${count(before)} → ${count(after)}`;
}

function count(value: number | null): string {
  return value === null ? "-" : value.toLocaleString("en");
}
