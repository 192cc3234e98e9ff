/**
 * A benchmark of several places as people read it: a row for each place, batch size and engine.
 *
 * @module
 */
import { renderTable } from "../../text/table.ts";
import type { Estimate } from "../../timing/statistics.ts";
import {
  type ContestResult,
  type ContestTime,
  type EngineName,
  ENGINES,
  type FormName,
} from "./contest_data.ts";
import type { Place } from "./places.ts";

/** The content of `bench-where.json`. */
export interface WhereReport {
  /** The run that the forms come from. */
  readonly run: string;
  /** The network's name and its input: "toy, 32x32x3". */
  readonly network: string;
  readonly batches: readonly number[];
  readonly places: readonly (ContestResult & { readonly where: Place })[];
}

/** The report for a terminal. */
export function renderWhere({ network, batches, places }: WhereReport, width?: number): string {
  const rows = places.flatMap((place) =>
    batches.flatMap((batch) =>
      (Object.keys(ENGINES) as EngineName[]).map((engine) => rowOf(place, batch, engine))
    )
  );
  const right = (title: string) => ({ title, align: "right" as const });
  const table = renderTable(
    [
      "where",
      { title: "threads", dispensable: 1 },
      "batch",
      "engine",
      right("training ms"),
      right("fused ms"),
      right("fused over training"),
      right("fused over stock"),
    ],
    rows,
    { width },
  );
  return `${network}; medians of one run, ratios with their 95% intervals\n\n${table}\n` +
    [...new Set(places.map(kernelsLine))].join("\n");
}

function rowOf(
  { runtime, threads, times }: ContestResult,
  batch: number,
  engine: EngineName,
): (string | number)[] {
  const find = (form: FormName) =>
    times.find((time) => time.batch === batch && time.engine === engine && time.form === form);
  const fused = find("fused");
  return [
    runtime,
    engine === "module" ? 1 : threads,
    batch,
    ENGINES[engine],
    milliseconds(find("training")),
    milliseconds(fused),
    ratio(fused?.overTraining),
    ratio(fused?.overStock),
  ];
}

function kernelsLine({ runtime, instructionSet }: ContestResult): string {
  return `${runtime}: our kernels use ${instructionSet}`;
}

function milliseconds(time: ContestTime | undefined): string {
  return time === undefined ? "" : time.medianMs.toFixed(time.medianMs < 10 ? 3 : 1);
}

function ratio(estimate: Estimate | undefined): string {
  if (estimate === undefined) return "";
  const { ratio, low, high } = estimate;
  return `${ratio.toFixed(2)}x (${low.toFixed(2)} to ${high.toFixed(2)})`;
}
