/**
 * `deno task pipeline`: train, fuse and bench in a row. The main job, from nothing to a measured fused model.
 *
 * @module
 */
import { DEFAULT_SETTINGS } from "../src/bench/bench.ts";
import { renderReport } from "../src/bench/report.ts";
import { newComputeCommand, startBackendFor } from "../src/cli/backend_options.ts";
import { print, runTask, wholeNumber } from "../src/cli/command.ts";
import { renderCosts, renderProof } from "../src/cli/fusion_table.ts";
import { interruptSignal } from "../src/cli/interrupt.ts";
import { BLOCK_HELP, blockKind, networkChanges, networkSetting, SET_HELP } from "../src/cli/network_flags.ts";
import { definedOnly } from "../src/cli/options.ts";
import { createProgress } from "../src/cli/progress.ts";
import { refreshReport } from "../src/cli/run_report.ts";
import { renderTrainingSummary, summarizeFusion } from "../src/cli/summaries.ts";
import { MODEL_FILE } from "../src/formats/tfjs/layers_model.ts";
import { PRESET_NAMES } from "../src/model/presets.ts";
import { readRunConfigFile } from "../src/run/config.ts";
import { requestConfig } from "../src/train/run_config.ts";
import { Datasets } from "../src/run/datasets.ts";
import { runPipeline } from "../src/run/pipeline_run.ts";

const command = newComputeCommand("pipeline", "Train a multi-branch network, fuse it, and bench both forms.")
  .option("--preset <name>", `the network: ${PRESET_NAMES.join(", ")} (default: toy)`)
  .option("--block <kind>", BLOCK_HELP, blockKind)
  .option("--set <key=value>", SET_HELP, networkSetting)
  .option(
    "--config <file>",
    "a JSON file with any of: preset, seed, data, network, training; flags win over it",
  )
  .option("--data <source>", "shapes10, or a folder of IDX files, CIFAR-10 batches or class folders")
  .option("--epochs <count>", "passes over the training images", wholeNumber(1))
  .option("--seed <number>", "seed of everything random", wholeNumber(0, 0x7fffffff))
  .addHelpText("after", "\nEvery other setting of train has its place in the --config file.");

await runTask(command.action(async (options) => {
  const progress = createProgress(options);
  const startMs = performance.now();
  const file = options.config === undefined ? {} : await readRunConfigFile(options.config);
  const request = requestConfig(file, {
    ...definedOnly({ preset: options.preset, seed: options.seed, network: networkChanges(options) }),
    data: definedOnly({ source: options.data }),
    training: definedOnly({ epochs: options.epochs }),
  });
  const signal = interruptSignal();
  const backend = await startBackendFor(options, progress);

  const { run, training, fusion, bench } = await runPipeline(request, {
    backend,
    progress,
    datasets: new Datasets(progress),
    signal,
    settings: DEFAULT_SETTINGS,
    onTrained: (summary) => options.json || print(renderTrainingSummary(summary) + "\n"),
    onFused: ({ record }) => options.json || print(`${renderCosts(record)}\n${renderProof(record)}\n`),
  });
  const { output, record } = fusion;
  const report = await refreshReport(run);
  const seconds = (performance.now() - startMs) / 1000;
  if (options.json) {
    print(JSON.stringify({ train: training, fuse: summarizeFusion(output, record), bench, seconds }));
    return;
  }
  print(renderReport(bench));
  print(`Everything is in ${run.path}/ (${seconds.toFixed(0)} s in all).`);
  print(`Fused model: ${output}/${MODEL_FILE}`);
  if (report !== undefined) print(report);
}));
