/**
 * `repfuse fuse`: folds every multi-branch block into one convolution, and proves that nothing changed.
 *
 * @module
 */
import { newComputeCommand, startBackendFor } from "../backend_options.ts";
import { decimal, print, printColumns, printJson } from "../command.ts";
import { renderCosts, renderProof, renderRegions } from "../fusion_table.ts";
import { createProgress } from "../progress.ts";
import { refreshReport } from "../run_report.ts";
import { summarizeFusion } from "../summaries.ts";
import { MODEL_FILE } from "../../formats/tfjs/layers_model.ts";
import { EQUIVALENCE_TOLERANCE } from "../../classify/verify.ts";
import { fuseModelFile, fuseRun } from "../../run/fusion_run.ts";
import { Datasets } from "../../run/datasets.ts";
import { findSource } from "../../run/named.ts";

/** The command `fuse`. */
export function fuseCommand() {
  return newComputeCommand(
    "fuse",
    "Fold every multi-branch block into one plain convolution, and prove that nothing changed.",
  )
    .argument("[source]", "a trained run, or any model.json (default: the newest run)")
    .option(
      "--output <folder>",
      "where the fused model goes (default: fused/ in the run, or beside the model)",
    )
    .option(
      "--tolerance <share>",
      "largest difference, relative to the output's scale",
      decimal(0, 1),
      EQUIVALENCE_TOLERANCE,
    )
    .addHelpText("after", "\nExample: repfuse fuse path/to/model.json --output fused")
    .action(async (named, options) => {
      const progress = createProgress(options);
      const { output, tolerance } = options;
      const source = await findSource(named, "trained");
      await startBackendFor(options, progress);
      const result = source.kind === "run"
        ? await fuseRun(source.run, {
          output: output ?? source.run.fused,
          tolerance,
          progress,
          datasets: new Datasets(progress),
        })
        : await fuseModelFile(source.path, {
          output: output ?? `${source.folder}/fused`,
          tolerance,
          progress,
        });
      const { record } = result;
      const report = source.kind === "run" && output === undefined
        ? await refreshReport(source.run)
        : undefined;
      if (options.json) return printJson(summarizeFusion(result.output, record));
      print(renderCosts(record, printColumns()));
      print(renderRegions(record, printColumns()));
      print(renderProof(record));
      for (const { layer, reason, advice } of record.refusals) {
        print(`not merged: ${layer}: ${reason}. ${advice}`);
      }
      print(`\nWritten: ${result.output}/${MODEL_FILE}`);
      if (report !== undefined) print(report);
    });
}
