/**
 * What a network takes pictures for.
 *
 * @module
 */
import { softmax } from "./scores.ts";
import type { Classifier, ModelCard } from "./classifier.ts";

/** One guess. */
export interface Guess {
  /** The class's name. */
  readonly name: string;
  /** Its softmax probability. */
  readonly probability: number;
}

/**
 * The most probable classes of some images, the best first.
 *
 * @param pixels One image each, [height, width, channels].
 * @param count How many classes, fewer where the network has fewer.
 */
export async function predictTop(
  classifier: Classifier,
  card: ModelCard,
  pixels: readonly Uint8Array[],
  count: number,
): Promise<Guess[][]> {
  const guesses: Guess[][] = [];
  for (const image of pixels) {
    const probabilities = softmax(await classifier.classify(image));
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
