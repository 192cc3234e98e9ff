/**
 * `repfuse predict`: what a network takes pictures for, in any form and any format.
 *
 * @module
 */
import { print, printColumns, printJson, wholeNumber } from "../command.ts";
import { oneOf } from "../options.ts";
import { createProgress } from "../progress.ts";
import { formatCount, formatShare } from "../../text/quantities.ts";
import { renderTable } from "../../text/table.ts";
import { openClassifier } from "../../run/open_classifier.ts";
import { pixelsOfFile } from "../../classify/picture.ts";
import { type Guess, predictTop } from "../../classify/predict.ts";
import { pictureFilesOf } from "../../data/picture_files.ts";
import { InputError } from "../../errors.ts";
import { enginesFor } from "../backend_options.ts";
import { answersFrom, assumedLine } from "../card_options.ts";
import { newCardCommand } from "../card_command.ts";

const DEFAULT_TOP = 3;

/** Pictures without an answer that are named, and ways round. */
const LISTED_FAILURES = 10;
const LISTED_HINTS = 2;

/** Fewer pictures are done before other threads have started. */
const PICTURES_FOR_THREADS = 8;

/** The command `predict`. */
export function predictCommand() {
  return newCardCommand(
    "predict",
    "What a network takes pictures for. Pictures of any size: the middle square is cut out and resized.",
  )
    .argument("<image...>", "picture files, or folders of them")
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
    .action(async (named, options) => {
      const paths = await pictureFilesOf(named);
      if (paths.length === 0) {
        throw new InputError(`There are no pictures in ${named.join(", ")}.`, "Name a picture file.");
      }
      const threads = options.threads ?? (paths.length < PICTURES_FOR_THREADS ? 1 : undefined);
      const progress = createProgress(options);
      const network = await openClassifier(
        options.model,
        options.form,
        enginesFor({ ...options, threads }, progress),
        await answersFrom(options),
      );
      const { classifier, card, assumed, path, format, form } = network;
      const predictions: { image: string; top: Guess[] }[] = [];
      const failed: { image: string; error: string; hint?: string | undefined }[] = [];
      for (const [i, image] of paths.entries()) {
        const pixels = await pixelsOfFile(image, card).catch((error) => {
          if (!(error instanceof InputError)) throw error;
          failed.push({ image, error: error.message, hint: error.hint });
        });
        if (pixels === undefined) continue;
        const [top] = await predictTop(classifier, card, [pixels], options.top);
        predictions.push({ image, top: top! });
        progress.update("predict", `${i + 1} of ${formatCount(paths.length, "picture")}`);
      }
      await classifier.dispose();
      if (options.json) {
        printJson({ model: path, format, form, assumed, predictions, ...(failed.length > 0 && { failed }) });
      } else if (predictions.length > 0) {
        print(`${path} (${format}${form === "unknown" ? "" : `, ${form} form`}):`);
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
      }
      if (failed.length > 0) throw failureOf(failed, paths.length);
    });
}

/** One error for all pictures that gave no answer. */
function failureOf(
  failed: readonly { readonly error: string; readonly hint?: string | undefined }[],
  count: number,
): InputError {
  const hints = new Set(failed.flatMap(({ hint }) => hint ?? []));
  const hint = hints.size === 0 ? undefined : [...hints].slice(0, LISTED_HINTS).join("\n");
  if (count === 1) return new InputError(failed[0]!.error, hint);
  const listed = failed.slice(0, LISTED_FAILURES).map(({ error }) => `  ${error}`);
  const more = failed.length > LISTED_FAILURES ? [`  and ${failed.length - LISTED_FAILURES} more`] : [];
  return new InputError(
    [`${failed.length} of ${formatCount(count, "picture")} gave no answer.`, ...listed, ...more].join("\n"),
    hint,
  );
}
