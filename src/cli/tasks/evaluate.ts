/**
 * `repfuse evaluate`: what a network gets right on test images, in any form and any format.
 *
 * @module
 */
import { print, printColumns, printJson } from "../command.ts";
import { renderEvaluation } from "../evaluation_table.ts";
import { oneOf } from "../options.ts";
import { createProgress } from "../progress.ts";
import { refreshReport } from "../run_report.ts";
import { writeNetworkReport } from "../../run/report_run.ts";
import { evaluate } from "../../run/evaluation_run.ts";
import { Datasets } from "../../run/datasets.ts";
import { openClassifier } from "../../run/open_classifier.ts";
import { enginesFor } from "../backend_options.ts";
import { answersFrom, assumedLine } from "../card_options.ts";
import { newCardCommand } from "../card_command.ts";

/** The command `evaluate`. */
export function evaluateCommand() {
  return newCardCommand(
    "evaluate",
    "Accuracy, every class, the confusion matrix and the worst examples of a network on test images.",
  )
    .argument(
      "[model]",
      "a run, a folder that export or import wrote, a model.json, .onnx or .safetensors (default: the newest fused run)",
    )
    .option("--form <form>", "which form of a run: fused or training", oneOf(["fused", "training"]), "fused")
    .option(
      "--data <source>",
      "shapes10, or a folder: of class folders all pictures (default: the test images of what it was trained on)",
    )
    .option("--skip-bad", "leave out pictures of class folders that cannot be read (default: an error)")
    .option(
      "--output <folder>",
      "where the files go (default: evaluation/FORM/ in the run, or beside the model)",
    )
    .addHelpText("after", "\nExample: repfuse evaluate runs/NAME/export/onnx --json")
    .action(async (named, options) => {
      const progress = createProgress(options);
      const network = await openClassifier(
        named,
        options.form,
        enginesFor(options, progress),
        await answersFrom(options),
      );
      const { evaluation, output, files } = await evaluate(network, {
        datasets: new Datasets(progress),
        progress,
        data: options.data,
        skipBad: options.skipBad,
        output: options.output,
      });
      await network.classifier.dispose();
      const report = await refreshReport(network.home) ??
        `Report: ${await writeNetworkReport(network, output)}`;
      if (options.json) return printJson({ output, assumed: network.assumed, ...evaluation });
      print(renderEvaluation(evaluation, printColumns()));
      for (const line of assumedLine(network.assumed)) print(line);
      const worst = evaluation.mistakes.length > 0 ? `, ${files.worstExamples}` : "";
      print(`Written: ${files.json}, ${files.confusionMatrix}${worst}`);
      print(report);
    });
}
