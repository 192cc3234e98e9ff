/**
 * Runs beside each other, from disk to disk: what each was, what it has reached, and a chart of them all.
 *
 * @module
 */
import { basename } from "node:path";
import { renderComparison } from "../charts/comparison_chart.ts";
import { InputError } from "../errors.ts";
import { writeFileAtomically } from "../files/atomic_write.ts";
import { bestEpoch } from "../train/metrics.ts";
import { readRunFiles } from "./report_run.ts";
import type { RunDirectory } from "./run_directory.ts";

/** One run, in the terms in which runs are compared. */
export interface ComparedRun {
  readonly run: string;
  readonly network: string;
  readonly data: string;
  readonly epochs: number;
  /** Share of the validation images that the best epoch classified right; undefined where none were held back. */
  readonly validationAccuracy: number | undefined;
  /** Share of the test images that its fused form, or else its training form, classifies right, once evaluated. */
  readonly testAccuracy: number | undefined;
  /** Of the training form and the fused form, once it is fused. */
  readonly parameters: readonly [before: number, after: number] | undefined;
  /** How many times faster the fused form is on one image, once it is benched. */
  readonly speedup: number | undefined;
}

/**
 * Compares runs.
 *
 * @param runs Each with an epoch at least.
 * @param chart Where the chart goes.
 * @throws {InputError} when a run has no epoch yet.
 */
export async function compareRuns(runs: readonly RunDirectory[], chart: string): Promise<ComparedRun[]> {
  const read = await Promise.all(runs.map(readRunFiles));
  const early = read.find(({ metrics }) => metrics.length === 0);
  if (early !== undefined) throw new InputError(`The run ${early.name} has no finished epoch yet.`);
  const steered = read.every(({ metrics }) => bestEpoch(metrics) !== undefined);
  const curves = read.map(({ name, metrics }) => ({
    name,
    accuracies: metrics.map((row) => steered ? row.validationAccuracy ?? NaN : row.trainingAccuracy),
  }));
  await writeFileAtomically(
    chart,
    renderComparison(curves, steered ? "validation images" : "training images"),
  );
  return read.map(({ config, metrics, fusion, bench, evaluations }, i) => ({
    run: runs[i]!.path,
    network: config!.preset,
    data: basename(config!.data.source),
    epochs: metrics.length,
    validationAccuracy: bestEpoch(metrics)?.validationAccuracy,
    testAccuracy: evaluations[0]?.evaluation.accuracy,
    parameters: fusion && [fusion.before.parameters, fusion.after.parameters],
    speedup: bench?.speedup.find(({ form, batch }) => form === "fused" && batch === 1)?.ratio,
  }));
}
