/**
 * `deno task evaluate`: what a network gets right on test images, in any form and any format.
 *
 * @module
 */
import { newCommand, print, runTask } from "../src/cli/command.ts";
import { renderEvaluation } from "../src/cli/evaluation_table.ts";
import { oneOf } from "../src/cli/options.ts";
import { createProgress } from "../src/cli/progress.ts";
import { refreshReport } from "../src/cli/run_report.ts";
import { evaluate } from "../src/run/evaluation_run.ts";
import { Datasets } from "../src/run/datasets.ts";
import { openClassifier } from "../src/run/open_classifier.ts";
import { startBackend } from "../src/kernels/backend.ts";

const command = newCommand(
  "evaluate",
  "Accuracy, every class, the confusion matrix and the worst examples of a network on test images.",
)
  .argument(
    "[model]",
    "a run, a folder that export or import wrote, a model.json, .onnx or .safetensors (default: the newest fused run)",
  )
  .option("--form <form>", "which form of a run: fused or training", oneOf(["fused", "training"]), "fused")
  .option("--data <source>", "shapes10, or a folder (default: the data that the network was trained on)")
  .option(
    "--output <folder>",
    "where the files go (default: evaluation/FORM/ in the run, or beside the model)",
  )
  .addHelpText("after", "\nExample: deno task evaluate runs/NAME/export/onnx --json");

await runTask(command.action(async (named, options) => {
  const progress = createProgress(options);
  await startBackend();
  const network = await openClassifier(named, options.form);
  const { evaluation, output, files } = await evaluate(network, {
    datasets: new Datasets(progress),
    progress,
    data: options.data,
    output: options.output,
  });
  const report = await refreshReport(network.home);
  if (options.json) {
    print(JSON.stringify({ output, ...evaluation }));
    return;
  }
  print(renderEvaluation(evaluation));
  const worst = evaluation.mistakes.length > 0 ? `, ${files.worstExamples}` : "";
  print(`Written: ${files.json}, ${files.confusionMatrix}${worst}`);
  if (report !== undefined) print(report);
}));
