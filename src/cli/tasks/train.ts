/**
 * `repfuse train`: trains a multi-branch network, and freezes it with its BN snapshot.
 *
 * @module
 */
import { Datasets } from "../../run/datasets.ts";
import { findRun, namedFolder } from "../../run/run_directory.ts";
import { resumeTraining, startTraining } from "../../run/training_run.ts";
import { startBackendFor } from "../backend_options.ts";
import { print, printJson } from "../command.ts";
import { untilInterrupted } from "../interrupt.ts";
import { createProgress } from "../progress.ts";
import { refuseFlagsWithResume } from "../resume_flags.ts";
import { refreshReport } from "../run_report.ts";
import { renderTrainingSummary } from "../summaries.ts";
import { newTrainingCommand, ownBlockOf, requestFrom } from "../training_options.ts";
import { quoted } from "../../text/shell.ts";

/** The command `train`. */
export function trainCommand() {
  return newTrainingCommand(
    "train",
    "Train a multi-branch network and freeze it with its BatchNorm statistics.",
  )
    .option("--resume [run]", "go on with an interrupted run (default: the newest)")
    .addHelpText(
      "after",
      "\nExamples: repfuse train --epochs 20 --dropout 0.1 --r-drop 1\n          repfuse train --block dbb --name dbb\n" +
        "          repfuse train --block my_block.ts\n          repfuse train --from runs/base --data photos --name photos\n" +
        "          repfuse train --from their/model.json --pixels 0..1 --data photos",
    )
    .action(async (options, command) => {
      const progress = createProgress(options);
      let start: (context: Parameters<typeof resumeTraining>[1]) => ReturnType<typeof resumeTraining>;
      if (options.resume !== undefined) {
        const own = await ownBlockOf(options.block);
        refuseFlagsWithResume(command, options, own === undefined ? [] : ["block"]);
        const run = await findRun(options.resume === true ? undefined : options.resume, "started");
        start = (context) => resumeTraining(run, context, own);
      } else {
        const folder = options.name === undefined ? undefined : await namedFolder(options.name);
        const request = await requestFrom(options);
        start = (context) => startTraining(request, context, folder);
      }
      const backend = await startBackendFor(options, progress);
      const summary = await untilInterrupted((signal) =>
        start({ backend, progress, datasets: new Datasets(progress), signal })
      );
      const report = await refreshReport(summary.run);
      if (options.json) return printJson(summary);
      print(renderTrainingSummary(summary));
      if (report !== undefined) print(report);
      print(`Next: repfuse fuse ${quoted(summary.run)}`);
    });
}
