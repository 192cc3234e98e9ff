/**
 * `repfuse bench`: times the training form and the fused form of a network in turn.
 *
 * @module
 */
import { DEFAULT_SETTINGS } from "../../bench/bench.ts";
import { benchOnnxFile } from "../../run/bench_onnx.ts";
import { benchModel, benchRun } from "../../run/bench_run.ts";
import { findNetwork } from "../../run/named.ts";
import { InputError } from "../../errors.ts";
import { renderReport } from "../../bench/report.ts";
import { benchWhere, WHERE_FILE } from "../../run/where_run.ts";
import { PLACES } from "../../bench/where/places.ts";
import { renderWhere } from "../../bench/where/where_report.ts";
import { IMAGE_SIZE_HELP } from "../card_options.ts";
import { newComputeCommand, startBackendFor } from "../backend_options.ts";
import { decimal, print, printColumns, printJson, wholeNumber, wholeNumbers } from "../command.ts";
import { someOf } from "../options.ts";
import { createProgress } from "../progress.ts";
import { refreshReport } from "../run_report.ts";
import { Datasets } from "../../run/datasets.ts";
import { runDirectoryAt } from "../../run/run_directory.ts";

const { batches, rounds, tolerance, seed, budgetMs } = DEFAULT_SETTINGS;

/** The command `bench`. */
export function benchCommand() {
  return newComputeCommand(
    "bench",
    "Time the training form and the fused form of a network, in turn on the same images.",
  )
    .argument("[source]", "a fused run, any model.json, or an ONNX file (default: the newest run)")
    .option("--batches <sizes>", "images per run, with commas between", wholeNumbers(1), [...batches])
    .option(
      "--rounds <count>",
      `pairs of times per batch size (default: ${rounds}, or fewer when they take over ${budgetMs / 1000} s)`,
      wholeNumber(1),
    )
    .option(
      "--tolerance <share>",
      "largest difference of outputs, relative to their scale",
      decimal(0),
      tolerance,
    )
    .option("--image-size <pixels>", `${IMAGE_SIZE_HELP}; 64 where it has none`, wholeNumber(1, 4096))
    .option("--seed <number>", "seed of the order of the runs", wholeNumber(0, 0x7fffffff), seed)
    .option(
      "--where <places>",
      `some of ${
        PLACES.join(",")
      }: both forms in each of them, beside stock TensorFlow.js and onnxruntime-web (default: here, with TensorFlow.js)`,
      someOf(PLACES),
    )
    .option(
      "--output <folder>",
      "where bench.json and bench.svg go (default: the run's folder; of another network nowhere)",
    )
    .addHelpText("after", "\nExample: repfuse bench --batches 1,8,32 --json")
    .action(async (named, options) => {
      const source = await findNetwork(named, "fused");
      const settings = {
        ...DEFAULT_SETTINGS,
        batches: [...new Set(options.batches)],
        tolerance: options.tolerance,
        seed: options.seed,
        ...(options.rounds === undefined ? {} : { rounds: options.rounds, budgetMs: Infinity }),
      };
      const folder = options.output === undefined ? undefined : runDirectoryAt(options.output);
      const progress = createProgress(options);
      if (source.kind !== "run") {
        if (options.where !== undefined) {
          throw new InputError(`Cannot bench ${source.path} in other places: --where takes a run.`);
        }
        const backend = await startBackendFor(options, progress);
        const context = { backend, progress, output: folder, imageSize: options.imageSize };
        const report = source.kind === "file"
          ? await benchOnnxFile(source, settings, context)
          : await benchModel(source, settings, context);
        if (options.json) return printJson(report);
        print(renderReport(report, printColumns()));
        if (folder !== undefined) print(`Written: ${folder.benchReport}, ${folder.benchChart}`);
        return;
      }
      const { run } = source;
      const output = folder ?? run;
      const datasets = new Datasets(progress);
      if (options.where !== undefined) {
        const report = await benchWhere(run, settings, {
          places: options.where,
          progress,
          datasets,
          output: output.path,
        });
        if (options.json) return printJson(report);
        print(`${renderWhere(report, printColumns())}\nWritten: ${output.path}/${WHERE_FILE}`);
        return;
      }
      const backend = await startBackendFor(options, progress);
      const report = await benchRun(run, settings, { backend, progress, datasets, output });
      const page = await refreshReport(run);
      if (options.json) return printJson(report);
      print(renderReport(report, printColumns()));
      print(`Written: ${output.benchReport}, ${output.benchChart}`);
      if (page !== undefined) print(page);
    });
}
