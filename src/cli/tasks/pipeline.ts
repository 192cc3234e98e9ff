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
import { renderTrainingSummary, renderTwin, summarizeFusion } from "../summaries.ts";
import { quoted } from "../../text/shell.ts";
import { newTrainingCommand, requestFrom } from "../training_options.ts";

/** The command `pipeline`. */
export function pipelineCommand() {
  return newTrainingCommand(
    "pipeline",
    "Train a multi-branch network, fuse it, and bench both forms: the main job.",
  )
    .option(
      "--no-twin",
      "do not train the plain network to compare with (default: it is trained side by side, but for --from)",
    )
    .addHelpText("after", "\nExample: repfuse pipeline --data photos --name photos")
    .action(async (options) => {
      const progress = createProgress(options);
      const startMs = performance.now();
      const folder = options.name === undefined ? undefined : await namedFolder(options.name);
      const request = await requestFrom(options);
      const backend = await startBackendFor(options, progress);
      const surroundings = { backend, progress, datasets: new Datasets(progress) };
      const { run, training, fusion, bench, twin } = await untilInterrupted((signal, saved) =>
        runPipeline(request, {
          ...surroundings,
          signal,
          twin: options.twin && options.plain !== true && options.from === undefined,
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
      if (!options.json) print(renderReport(bench, printColumns()));
      const report = await refreshReport(run);
      const { output, record } = fusion;
      const seconds = (performance.now() - startMs) / 1000;
      if (options.json) {
        return printJson({ train: training, fuse: summarizeFusion(output, record), bench, twin, seconds });
      }
      if (twin !== undefined) print(`${renderTwin(twin)}\n`);
      print(`Everything is in ${run.path}/ (${seconds.toFixed(0)} s in all).`);
      print(`Fused model: ${output}/${MODEL_FILE}`);
      if (report !== undefined) print(report);
      print(
        `Next: repfuse predict PICTURE --model ${quoted(run.path)}\n` +
          `      repfuse export ${quoted(run.path)} --format web --single-file`,
      );
    });
}
