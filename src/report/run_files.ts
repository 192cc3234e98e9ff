/**
 * What a run directory holds by now, read for its report. Whatever is not there yet is left out.
 *
 * @module
 */
import type { BenchReport } from "../bench/report.ts";
import { type Evaluation, evaluationFiles } from "../classify/evaluate_network.ts";
import { exists, readBytes, readJson } from "../files/read.ts";
import { readRunConfig, type RunConfig } from "../run/config.ts";
import type { Environment } from "../run/environment.ts";
import type { FusionRecord } from "../run/fusion_run.ts";
import type { RunDirectory } from "../run/run_directory.ts";
import type { EpochMetrics } from "../train/metrics.ts";

/** The content of a run. Pictures are SVG text, but for the worst examples, which are a PNG file's bytes. */
export interface RunFiles {
  /** The name of the run's folder. */
  readonly name: string;
  readonly config: RunConfig;
  readonly environment: Environment | undefined;
  /** One entry per epoch. */
  readonly metrics: readonly EpochMetrics[];
  readonly curves: string | undefined;
  readonly fusion: FusionRecord | undefined;
  readonly network: string | undefined;
  readonly bench: BenchReport | undefined;
  readonly benchChart: string | undefined;
  readonly evaluation: Evaluation | undefined;
  readonly confusion: string | undefined;
  readonly worstExamples: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * Reads a run.
 *
 * @throws {InputError} when its configuration is missing, or a file is damaged.
 */
export async function readRunFiles(run: RunDirectory): Promise<RunFiles> {
  const evaluation = evaluationFiles(`${run.path}/evaluation`);
  return {
    name: run.path.split("/").at(-1)!,
    config: await readRunConfig(run.config),
    environment: await json(run.environment) as Environment | undefined,
    metrics: await lines(run.metrics) as EpochMetrics[],
    curves: await text(run.curves),
    fusion: await json(run.fusionReport) as FusionRecord | undefined,
    network: await text(run.networkChart),
    bench: await json(run.benchReport) as BenchReport | undefined,
    benchChart: await text(run.benchChart),
    evaluation: await json(evaluation.json) as Evaluation | undefined,
    confusion: await text(evaluation.confusionMatrix),
    worstExamples: await bytes(evaluation.worstExamples),
  };
}

async function bytes(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return await exists(path) ? await readBytes(path, "a file of a run") : undefined;
}

async function text(path: string): Promise<string | undefined> {
  const content = await bytes(path);
  return content === undefined ? undefined : new TextDecoder().decode(content);
}

async function json(path: string): Promise<unknown> {
  return await exists(path) ? await readJson(path, "a file of a run") : undefined;
}

async function lines(path: string): Promise<unknown[]> {
  const content = await text(path) ?? "";
  return content.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as unknown);
}
