/**
 * `repfuse pipeline`: train, fuse and bench in a row. The main job, from nothing to a measured fused model.
 *
 * @module
 */
import { DEFAULT_SETTINGS } from "../../bench/bench.ts";
import { renderReport } from "../../bench/report.ts";
import { MODEL_FILE } from "../../formats/tfjs/layers_model.ts";
import { Datasets } from "../../run/datasets.ts";
import { runPipeline } from "../../run/pipeline_run.ts";
import { namedFolder } from "../../run/run_directory.ts";
import { startBackendFor } from "../backend_options.ts";
import { print, printColumns, printJson } from "../command.ts";
import { renderCosts, renderProof } from "../fusion_table.ts";
import { untilInterrupted } from "../interrupt.ts";
import { createProgress } from "../progress.ts";
import { refreshReport } from "../run_report.ts";
import { renderTrainingSummary, summarizeFusion } from "../summaries.ts";
import { newTrainingCommand, requestFrom } from "../training_options.ts";

/** The command `pipeline`. */
export function pipelineCommand() {
  return newTrainingCommand(
    "pipeline",
    "Train a multi-branch network, fuse it, and bench both forms: the main job.",
  )
    .addHelpText("after", "\nExample: repfuse pipeline --data photos --name photos")
    .action(async (options) => {
      const progress = createProgress(options);
      const startMs = performance.now();
      const folder = options.name === undefined ? undefined : await namedFolder(options.name);
      const request = await requestFrom(options);
      const backend = await startBackendFor(options, progress);
      const { run, training, fusion, bench } = await untilInterrupted((signal, saved) =>
        runPipeline(request, {
          backend,
          progress,
          datasets: new Datasets(progress),
          signal,
          settings: DEFAULT_SETTINGS,
          onTrained(summary) {
            saved();
            if (!options.json) print(renderTrainingSummary(summary) + "\n");
          },
          onFused({ record }) {
            if (!options.json) print(`${renderCosts(record, printColumns())}\n${renderProof(record)}\n`);
          },
        }, folder)
      );
      const { output, record } = fusion;
      const report = await refreshReport(run);
      const seconds = (performance.now() - startMs) / 1000;
      if (options.json) {
        return printJson({ train: training, fuse: summarizeFusion(output, record), bench, seconds });
      }
      print(renderReport(bench, printColumns()));
      print(`Everything is in ${run.path}/ (${seconds.toFixed(0)} s in all).`);
      print(`Fused model: ${output}/${MODEL_FILE}`);
      if (report !== undefined) print(report);
    });
}
