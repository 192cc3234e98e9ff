/**
 * The flags that say what a network takes and gives, where its file does not: for every task that feeds it pictures.
 *
 * @module
 */
import { Option } from "@commander-js/extra-typings";
import type { CardAnswers } from "../classify/card_answers.ts";
import { PIXEL_RANGES } from "../graph/pixel_range.ts";
import { readLabels } from "../data/label_file.ts";
import { numbers } from "./command.ts";

/** Largest side of an image. */
export const MAXIMUM_SIDE = 4096;

/** What `--image-size` says of a network that was made elsewhere. */
export const IMAGE_SIZE_HELP =
  "side of the images of a network that takes any size (default: the network's own)";

/** What the flags hold. */
export interface CardFlags extends Omit<CardAnswers, "classNames"> {
  /** A file. */
  readonly labels?: string | undefined;
}

/** The flags one by one. Defaults that a file may know are not parsed, but said. */
export const CARD_OPTIONS = {
  pixels: new Option(
    "--pixels <range>",
    "in which the network takes pixels (default: as its file says, else -1..1; 0..1 with --mean or --std)",
  ).choices(PIXEL_RANGES as ["0..255", "0..1", "-1..1"]),
  mean: new Option(
    "--mean <values>",
    "taken off each pixel of that range, per channel, as in torchvision (default: as its file says; 0 with --std)",
  ).argParser(numbers),
  std: new Option(
    "--std <values>",
    "what the rest is divided by, per channel (default: as its file says; 1 with --mean)",
  ).argParser(numbers),
  labels: new Option(
    "--labels <file>",
    "names of the classes, one on a line or as JSON, in the order of the outputs (default: as its file says)",
  ),
  outputs: new Option("--outputs <kind>", "what the network gives (default: as its last operation says)")
    .choices(["logits", "probabilities"] as const),
};

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
