/**
 * What a network takes pictures for.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { probabilitiesOf } from "./probabilities.ts";
import type { Classifier, ModelCard } from "./classifier.ts";

/** One guess. */
export interface Guess {
  /** The class's name. */
  readonly name: string;
  /** From 0 to 1. */
  readonly probability: number;
}

/**
 * The most probable classes of some images, the best first.
 *
 * @param pixels One image each, [height, width, channels].
 * @param count How many classes, fewer where the network has fewer.
 * @throws {InputError} when the network gives one number per image that is no probability.
 */
export async function predictTop(
  classifier: Classifier,
  card: ModelCard,
  pixels: readonly Uint8Array[],
  count: number,
): Promise<Guess[][]> {
  if (card.classNames.length === 1 && !card.givesProbabilities) {
    throw new InputError(
      "Cannot predict classes: the network gives one number per image, and it is no probability.",
      "Say what it is: --outputs logits, where its sigmoid is the second class's probability, or --outputs probabilities.",
    );
  }
  const guesses: Guess[][] = [];
  for (const image of pixels) {
    const probabilities = probabilitiesOf(
      await classifier.classify(image),
      card.classNames.length,
      card.givesProbabilities,
    );
    const order = Array.from(probabilities.keys()).sort((a, b) =>
      probabilities[b]! - probabilities[a]! || a - b
    );
    guesses.push(
      order.slice(0, count).map((index) => ({
        name: card.classNames[index]!,
        probability: probabilities[index]!,
      })),
    );
  }
  return guesses;
}
