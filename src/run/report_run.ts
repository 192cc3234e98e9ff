/**
 * The report of a run, from disk to disk: what lies in the run directory by now is read, and `report.html` written.
 *
 * @module
 */
import { basename } from "node:path";
import type { BenchReport } from "../bench/report.ts";
import type { Evaluation } from "../classify/evaluation.ts";
import { currentRecord } from "../classify/fusion_record.ts";
import { writeFileAtomically } from "../files/atomic_write.ts";
import { exists, readBytes, readJson, readText } from "../files/read.ts";
import { renderReport } from "../report/report.ts";
import type { EvaluatedForm, RunFiles, TwinComparison } from "../report/run_files.ts";
import type { Environment } from "../timing/environment.ts";
import type { EpochMetrics } from "../train/metrics.ts";
import { readRunConfig } from "./config.ts";
import { evaluationFiles, evaluationFolder } from "./evaluation_files.ts";
import type { Form } from "./named.ts";
import type { OpenedNetwork } from "./open_classifier.ts";
import type { RunDirectory } from "./run_directory.ts";

/** The name of the file in a run directory. */
export const REPORT_FILE = "report.html";

const STYLE = new URL("../report/report.css", import.meta.url);

/**
 * Writes the report of a run from the files that lie there by now. Every task that adds to a run calls it at its end.
 *
 * @param run A run that has begun.
 * @returns The path of the report.
 * @throws {InputError} when the run has no configuration, or a file of it is damaged.
 */
export async function writeReport(run: RunDirectory): Promise<string> {
  const path = `${run.path}/${REPORT_FILE}`;
  await writeFileAtomically(
    path,
    renderReport(await readRunFiles(run), await readText(STYLE, "the style of a report")),
  );
  return path;
}

/**
 * Writes the report of a network that is no run: what was found of it, and how it was fed.
 *
 * @param folder Where its evaluation lies.
 * @returns The path of the report.
 * @throws {InputError} when a file is damaged.
 */
export async function writeNetworkReport(
  { path, home, card, assumed }: Pick<OpenedNetwork, "path" | "home" | "card" | "assumed">,
  folder: string,
): Promise<string> {
  const report = `${folder}/${REPORT_FILE}`;
  const files: RunFiles = {
    name: basename(path),
    config: undefined,
    card: { ...card, assumed },
    environment: undefined,
    metrics: [],
    curves: undefined,
    fusion: currentRecord(await json(`${home}/fusion.json`)),
    network: undefined,
    bench: undefined,
    benchChart: undefined,
    evaluations: await evaluationIn(folder),
  };
  await writeFileAtomically(report, renderReport(files, await readText(STYLE, "the style of a report")));
  return report;
}

/**
 * Reads a run.
 *
 * @throws {InputError} when its configuration is missing, or a file is damaged.
 */
export async function readRunFiles(run: RunDirectory): Promise<RunFiles> {
  return {
    name: basename(run.path),
    config: await readRunConfig(run.config),
    isTraining: !(await exists(run.bnSnapshot)),
    environment: await json(run.environment) as Environment | undefined,
    metrics: await lines(run.metrics) as EpochMetrics[],
    curves: await text(run.curves),
    fusion: currentRecord(await json(run.fusionReport)),
    network: await text(run.networkChart),
    bench: await json(run.benchReport) as BenchReport | undefined,
    benchChart: await text(run.benchChart),
    twin: await json(run.twinComparison) as TwinComparison | undefined,
    evaluations: [...await evaluationOf(run, "fused"), ...await evaluationOf(run, "training")],
  };
}

/** The evaluation of one form, where there is one. */
async function evaluationOf(run: RunDirectory, form: Form): Promise<EvaluatedForm[]> {
  return await evaluationIn(evaluationFolder({ home: run.path, form }));
}

async function evaluationIn(folder: string): Promise<EvaluatedForm[]> {
  const files = evaluationFiles(folder);
  const evaluation = await json(files.json) as Evaluation | undefined;
  if (evaluation === undefined) return [];
  return [{
    evaluation,
    confusion: await text(files.confusionMatrix),
    worstExamples: await bytes(files.worstExamples),
  }];
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
