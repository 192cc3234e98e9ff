/**
 * What a person says of a network, where its file does not say it, or says it wrong.
 *
 * @module
 */
import { type Normalization, normalizationOf } from "../data/normalization.ts";
import { InputError } from "../errors.ts";
import type { ModelCard } from "./classifier.ts";
import type { PixelRange } from "../graph/pixel_range.ts";

/** Answers to what a card asks; each wins over the file. */
export interface CardAnswers {
  /** In which range the network takes its pixels. */
  readonly pixels?: PixelRange | undefined;
  /** What is taken off each pixel, of one channel or each; of pixels in 0..1 where no range is said. */
  readonly mean?: readonly number[] | undefined;
  /** What the rest is divided by. */
  readonly std?: readonly number[] | undefined;
  /** One per class. */
  readonly classNames?: readonly string[] | undefined;
  readonly outputs?: "logits" | "probabilities" | undefined;
  /** Side of the images of a network that takes any size. */
  readonly imageSize?: number | undefined;
}

/** A card, and what in it is nobody's word. */
export interface AnsweredCard {
  readonly card: ModelCard;
  /** What neither the file nor a person told, each with the flag that tells. */
  readonly assumed: readonly string[];
}

/**
 * A card that is known, with the answers in it.
 *
 * @param path Names the network in errors.
 * @throws {InputError} when an answer does not fit the network.
 */
export function withAnswers(card: ModelCard, answers: CardAnswers, path: string): ModelCard {
  const [height, width, channels] = card.inputSize;
  checkImageSize([height, width], answers, path);
  return {
    ...card,
    classNames: answers.classNames === undefined
      ? card.classNames
      : namesFor(card.classNames.length, answers.classNames, path),
    normalization: saidNormalization(answers, channels) ?? card.normalization,
    givesProbabilities: saysProbabilities(answers) ?? card.givesProbabilities,
  };
}

/** Whether the outputs are probabilities, where that is said. */
export function saysProbabilities({ outputs }: CardAnswers): boolean | undefined {
  return outputs === undefined ? undefined : outputs === "probabilities";
}

/**
 * The normalization, where any of it is said.
 *
 * @throws {InputError} when there are as many values as neither one channel nor all have.
 */
export function saidNormalization(
  { pixels, mean, std }: CardAnswers,
  channels: number,
): Normalization | undefined {
  if (pixels === undefined && mean === undefined && std === undefined) return undefined;
  return normalizationOf(
    pixels ?? "0..1",
    perChannel("--mean", mean ?? [0], channels),
    perChannel("--std", std ?? [1], channels),
  );
}

/**
 * Refuses a size that is not the network's.
 *
 * @param size Height and width as the network has them; null for any.
 */
export function checkImageSize(
  [height, width]: readonly [height: number | null, width: number | null],
  { imageSize }: CardAnswers,
  path: string,
): void {
  if (imageSize === undefined) return;
  if ((height ?? imageSize) === imageSize && (width ?? imageSize) === imageSize) return;
  throw new InputError(
    `Cannot use ${path} on images of ${imageSize}x${imageSize}: it takes ${height ?? "any"}x${
      width ?? "any"
    }.`,
    "Leave --image-size out: it is for networks that take images of any size.",
  );
}

/**
 * The names, where there are as many as classes. One output has two classes, and its number is the second's.
 *
 * @param outputs Numbers that the network gives for one image.
 * @throws {InputError} when there are more or fewer.
 */
export function namesFor(outputs: number, names: readonly string[], path: string): readonly string[] {
  const classes = outputs === 1 ? 2 : outputs;
  if (names.length === classes) return names;
  throw new InputError(
    `Cannot use these labels with ${path}: there are ${names.length}, and the network has ${classes} classes` +
      `${outputs === 1 ? " (one output, which is of the second)" : ""}.`,
    "One label for each class, in the order of the network's outputs.",
  );
}

function perChannel(flag: string, values: readonly number[], channels: number): readonly number[] {
  if (values.length === channels) return values;
  if (values.length === 1) return new Array<number>(channels).fill(values[0]!);
  throw new InputError(
    `${flag} has ${values.length} values, and the network's images have ${channels} ${
      channels === 1 ? "channel" : "channels"
    }: expected ${channels === 1 ? "1" : `1 or ${channels}`}.`,
  );
}
