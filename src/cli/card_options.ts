/**
 * The flags that say what a network takes and gives, where its file does not: for every task that feeds it pictures.
 *
 * @module
 */
import { Option } from "@commander-js/extra-typings";
import type { CardAnswers } from "../classify/card_answers.ts";
import { PIXEL_RANGES } from "../graph/pixel_range.ts";
import { readLabels } from "../data/label_file.ts";
import { newComputeCommand } from "./backend_options.ts";
import { numbers, wholeNumber } from "./command.ts";

/** Largest side of an image. */
const MAXIMUM_SIDE = 4096;

/** What `--image-size` says of a network that was made elsewhere. */
export const IMAGE_SIZE_HELP =
  "side of the images of a network that takes any size (default: the network's own)";

/** The flags. */
export type CardFlags = ReturnType<ReturnType<typeof newCardCommand>["opts"]>;

/**
 * A command with the flags of `newComputeCommand`, and those about the network's input and output.
 *
 * @param name As it is typed: `repfuse <name>`.
 * @param description What the command does, in one line.
 */
export function newCardCommand(name: string, description: string) {
  return newComputeCommand(name, description)
    .addOption(
      new Option(
        "--pixels <range>",
        "in which the network takes pixels (default: as its file says, else -1..1)",
      )
        .choices(PIXEL_RANGES as ["0..255", "0..1", "-1..1"]),
    )
    .option(
      "--mean <values>",
      "taken off each pixel, per channel; of pixels in 0..1, as in torchvision, unless --pixels says another " +
        "range (default: as its file says)",
      numbers,
    )
    .option("--std <values>", "what the rest is divided by, per channel (default: as its file says)", numbers)
    .option(
      "--labels <file>",
      "names of the classes, one on a line or as JSON, in the order of the outputs (default: as its file says)",
    )
    .addOption(
      new Option("--outputs <kind>", "what the network gives (default: as its last operation says)")
        .choices(["logits", "probabilities"] as const),
    )
    .option("--image-size <pixels>", IMAGE_SIZE_HELP, wholeNumber(1, MAXIMUM_SIDE));
}

/**
 * What the flags say.
 *
 * @throws {InputError} when the labels cannot be read.
 */
export async function answersFrom(flags: CardFlags): Promise<CardAnswers> {
  const { pixels, mean, std, labels, outputs, imageSize } = flags;
  const classNames = labels === undefined ? undefined : await readLabels(labels);
  return { pixels, mean, std, classNames, outputs, imageSize };
}

/** What was assumed, in a line; nothing where nothing was. */
export function assumedLine(assumed: readonly string[]): string[] {
  return assumed.length === 0 ? [] : [`assumed: ${assumed.join("; ")}`];
}
