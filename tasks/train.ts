/**
 * `deno task train`: trains a multi-branch network, and freezes it with its BN snapshot.
 *
 * @module
 */
import { newComputeCommand, startBackendFor } from "../src/cli/backend_options.ts";
import { decimal, print, runTask, wholeNumber } from "../src/cli/command.ts";
import { interruptSignal } from "../src/cli/interrupt.ts";
import { BLOCK_HELP, blockKind, networkChanges, networkSetting, SET_HELP } from "../src/cli/network_flags.ts";
import { definedOnly } from "../src/cli/options.ts";
import { createProgress } from "../src/cli/progress.ts";
import { refuseFlagsWithResume } from "../src/cli/resume_flags.ts";
import { refreshReport } from "../src/cli/run_report.ts";
import { renderTrainingSummary } from "../src/cli/summaries.ts";
import { PRESET_NAMES } from "../src/model/presets.ts";
import { readRunConfigFile } from "../src/run/config.ts";
import { requestConfig } from "../src/train/run_config.ts";
import { Datasets } from "../src/run/datasets.ts";
import { findRun } from "../src/run/run_directory.ts";
import { resumeTraining, startTraining } from "../src/run/training_run.ts";

const command = newComputeCommand(
  "train",
  "Train a multi-branch network and freeze it with its BatchNorm statistics.",
)
  .option("--preset <name>", `the network: ${PRESET_NAMES.join(", ")} (default: toy)`)
  .option("--block <kind>", BLOCK_HELP, blockKind)
  .option("--set <key=value>", SET_HELP, networkSetting)
  .option(
    "--config <file>",
    "a JSON file with any of: preset, seed, data, network, training; flags win over it",
  )
  .option("--data <source>", "shapes10, or a folder of IDX files, CIFAR-10 batches or class folders")
  .option("--image-size <pixels>", "resize the images of class folders to this side", wholeNumber(8, 1024))
  .option("--epochs <count>", "passes over the training images", wholeNumber(1))
  .option("--batch-size <count>", "images per step", wholeNumber(2))
  .option("--learning-rate <rate>", "peak learning rate", decimal(1e-9))
  .option("--warmup-epochs <count>", "epochs of linear warm-up", decimal(0))
  .option("--momentum <value>", "Nesterov momentum", decimal(0, 0.9999))
  .option("--weight-decay <value>", "L2 decay on kernels", decimal(0))
  .option("--label-smoothing <value>", "probability spread over all classes", decimal(0, 0.9))
  .option("--shift <pixels>", "largest random shift", wholeNumber(0))
  .option("--no-flip", "do not mirror training images (digits and letters)")
  .option(
    "--ema-decay <value>",
    "average the weights with this decay (for example 0.99)",
    decimal(0, 0.99999),
  )
  .option("--dropout <share>", "dropout before the head", decimal(0, 0.95))
  .option("--r-drop <alpha>", "R-Drop with this weight; needs --dropout", decimal(0))
  .option("--recalibrate <batches>", "recompute BatchNorm statistics over so many batches", wholeNumber(0))
  .option("--seed <number>", "seed of everything random", wholeNumber(0, 0x7fffffff))
  .option("--resume [run]", "go on with an interrupted run (default: the newest)")
  .addHelpText(
    "after",
    "\nExamples: deno task train --epochs 20 --dropout 0.1 --r-drop 1\n          deno task train --block dbb",
  );

await runTask(command.action(async (options) => {
  const progress = createProgress(options);
  let start;
  if (options.resume !== undefined) {
    refuseFlagsWithResume(command, options);
    const run = await findRun(options.resume === true ? undefined : options.resume, "started");
    start = (context: Parameters<typeof resumeTraining>[1]) => resumeTraining(run, context);
  } else {
    const file = options.config === undefined ? {} : await readRunConfigFile(options.config);
    const request = requestConfig(file, {
      ...definedOnly({ preset: options.preset, seed: options.seed, network: networkChanges(options) }),
      data: definedOnly({ source: options.data, imageSize: options.imageSize }),
      training: definedOnly({
        epochs: options.epochs,
        batchSize: options.batchSize,
        learningRate: options.learningRate,
        warmupEpochs: options.warmupEpochs,
        momentum: options.momentum,
        weightDecay: options.weightDecay,
        labelSmoothing: options.labelSmoothing,
        shift: options.shift,
        flip: options.flip ? undefined : false,
        emaDecay: options.emaDecay,
        dropout: options.dropout,
        rDropAlpha: options.rDrop,
        recalibrateBatches: options.recalibrate,
      }),
    });
    start = (context: Parameters<typeof startTraining>[1]) => startTraining(request, context);
  }
  const signal = interruptSignal();
  const backend = await startBackendFor(options, progress);
  const summary = await start({ backend, progress, datasets: new Datasets(progress), signal });
  const report = await refreshReport(summary.run);
  if (options.json) print(JSON.stringify(summary));
  else {
    print(renderTrainingSummary(summary));
    if (report !== undefined) print(report);
    print(`Next: deno task fuse ${summary.run}`);
  }
}));
