/**
 * `deno task predict`: what a network takes pictures for, in any form and any format.
 *
 * @module
 */
import { newCommand, print, runTask, wholeNumber } from "../src/cli/command.ts";
import { oneOf } from "../src/cli/options.ts";
import { formatShare } from "../src/text/quantities.ts";
import { renderTable } from "../src/text/table.ts";
import { openClassifier } from "../src/run/open_classifier.ts";
import { pixelsOfFile } from "../src/classify/picture.ts";
import { predictTop } from "../src/classify/predict.ts";
import { startBackend } from "../src/kernels/backend.ts";

const DEFAULT_TOP = 3;

const command = newCommand(
  "predict",
  "What a network takes pictures for. Pictures of any size: the middle square is cut out and resized.",
)
  .argument("<image...>", "PNG or JPEG files")
  .option(
    "--model <path>",
    "a run, a folder that export or import wrote, a model.json, .onnx or .safetensors (default: the newest fused run)",
  )
  .option("--form <form>", "which form of a run: fused or training", oneOf(["fused", "training"]), "fused")
  .option("--top <count>", "classes per picture", wholeNumber(1), DEFAULT_TOP)
  .addHelpText("after", "\nExample: deno task predict photo.jpg --model runs/NAME/export/onnx --top 1");

await runTask(command.action(async (paths, options) => {
  await startBackend();
  const { classifier, card, path, format, form } = await openClassifier(options.model, options.form);
  const pixels: Uint8Array[] = [];
  for (const image of paths) pixels.push(await pixelsOfFile(image, card));
  const guesses = await predictTop(classifier, card, pixels, options.top);
  const predictions = paths.map((image, i) => ({ image, top: guesses[i]! }));
  if (options.json) {
    print(JSON.stringify({ model: path, format, form, predictions }));
    return;
  }
  print(
    renderTable(
      ["image", "class", "probability"],
      predictions.flatMap(({ image, top }) =>
        top.map(({ name, probability }, i) => [i === 0 ? image : "", name, formatShare(probability)])
      ),
    ).trimEnd(),
  );
}));
