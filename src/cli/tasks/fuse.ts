/**
 * `repfuse fuse`: folds every multi-branch block into one convolution, and proves that nothing changed.
 *
 * @module
 */
import { newComputeCommand, startBackendFor } from "../backend_options.ts";
import { decimal, print, printColumns, printJson, wholeNumber } from "../command.ts";
import { renderCosts, renderProof, renderRegions } from "../fusion_table.ts";
import { createProgress } from "../progress.ts";
import { refreshReport } from "../run_report.ts";
import { summarizeFusion } from "../summaries.ts";
import { fuseModelFile, fuseRun } from "../../run/fusion_run.ts";
import { fuseOnnxFile } from "../../run/onnx_fusion.ts";
import { Datasets } from "../../run/datasets.ts";
import { OPEN_SIDE } from "../../proof/inputs.ts";
import { findNetwork } from "../../run/named.ts";

/** The command `fuse`. */
export function fuseCommand() {
  return newComputeCommand(
    "fuse",
    "Fold every multi-branch block into one plain convolution, and prove that nothing changed.",
  )
    .argument(
      "[source]",
      "a trained run, any model.json, .keras, .h5 or .onnx file (default: the newest run)",
    )
    .option(
      "--output <folder>",
      "where the fused model goes (default: fused/ in the run, or beside the model)",
    )
    .option(
      "--tolerance <share>",
      "largest difference, relative to a tensor's scale (default: what float32's rounding explains)",
      decimal(0, 1),
    )
    .option(
      "--image-size <pixels>",
      "side of the images of the proof, where a network takes any",
      wholeNumber(1),
      OPEN_SIDE,
    )
    .addHelpText("after", "\nExample: repfuse fuse path/to/model.json --output fused")
    .action(async (named, options) => {
      const progress = createProgress(options);
      const { output, tolerance, imageSize } = options;
      const source = await findNetwork(named, "trained");
      const folder = output ?? (source.kind === "run" ? source.run.fused : `${source.folder}/fused`);
      const request = { output: folder, tolerance, imageSize, progress };
      if (source.kind !== "file") await startBackendFor(options, progress);
      const result = source.kind === "run"
        ? await fuseRun(source.run, { ...request, datasets: new Datasets(progress) })
        : source.kind === "file"
        ? await fuseOnnxFile(source.path, request)
        : await fuseModelFile(source.path, request);
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
      print(`\nWritten: ${result.output}/${result.file}`);
      if (report !== undefined) print(report);
    });
}
