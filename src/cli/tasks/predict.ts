/**
 * `repfuse predict`: what a network takes pictures for, in any form and any format.
 *
 * @module
 */
import { print, printColumns, printJson, wholeNumber } from "../command.ts";
import { oneOf } from "../options.ts";
import { createProgress } from "../progress.ts";
import { formatShare } from "../../text/quantities.ts";
import { renderTable } from "../../text/table.ts";
import { openClassifier } from "../../run/open_classifier.ts";
import { pixelsOfFile } from "../../classify/picture.ts";
import { predictTop } from "../../classify/predict.ts";
import { enginesFor } from "../backend_options.ts";
import { answersFrom, assumedLine } from "../card_options.ts";
import { newCardCommand } from "../card_command.ts";

const DEFAULT_TOP = 3;

/** Fewer pictures are done before other threads have started. */
const PICTURES_FOR_THREADS = 8;

/** The command `predict`. */
export function predictCommand() {
  return newCardCommand(
    "predict",
    "What a network takes pictures for. Pictures of any size: the middle square is cut out and resized.",
  )
    .argument("<image...>", "picture files")
    .option(
      "--model <path>",
      "a run, a folder that export or import wrote, a model.json, .onnx or .safetensors (default: the newest fused run)",
    )
    .option("--form <form>", "which form of a run: fused or training", oneOf(["fused", "training"]), "fused")
    .option("--top <count>", "classes per picture", wholeNumber(1), DEFAULT_TOP)
    .addHelpText(
      "after",
      `\nFewer than ${PICTURES_FOR_THREADS} pictures take one thread, unless --threads says how many.`,
    )
    .addHelpText("after", "\nExample: repfuse predict photo.jpg --model runs/NAME/export/onnx --top 1")
    .action(async (paths, options) => {
      const threads = options.threads ?? (paths.length < PICTURES_FOR_THREADS ? 1 : undefined);
      const engines = enginesFor({ ...options, threads }, createProgress(options));
      const { classifier, card, assumed, path, format, form } = await openClassifier(
        options.model,
        options.form,
        engines,
        await answersFrom(options),
      );
      const pixels: Uint8Array[] = [];
      for (const image of paths) pixels.push(await pixelsOfFile(image, card));
      const guesses = await predictTop(classifier, card, pixels, options.top);
      await classifier.dispose();
      const predictions = paths.map((image, i) => ({ image, top: guesses[i]! }));
      if (options.json) return printJson({ model: path, format, form, assumed, predictions });
      print(
        renderTable(
          ["image", "class", "probability"],
          predictions.flatMap(({ image, top }) =>
            top.map(({ name, probability }, i) => [i === 0 ? image : "", name, formatShare(probability)])
          ),
          { width: printColumns() },
        ).trimEnd(),
      );
      for (const line of assumedLine(assumed)) print(line);
    });
}
