/**
 * The network of a page as a {@link Classifier}: the same steps, on the TensorFlow.js backend that is active here.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type Classifier, imageCount, type ModelCard } from "../classify/classifier.ts";
import { normalizePixels } from "../data/normalization.ts";
import type { Program } from "../runtime/program.ts";
import { createTfjsNetwork } from "./page/tfjs_network.ts";

/**
 * A classifier from a page's own bytes.
 *
 * @param weights Float32, little-endian.
 */
export function openPageNetwork(
  program: Program,
  weights: Uint8Array<ArrayBuffer>,
  card: ModelCard,
): Classifier {
  const network = createTfjsNetwork(program, new Float32Array(weights.slice().buffer));
  return {
    classify(pixels) {
      const shape = [imageCount(pixels, card), ...program.inputShape] as [number, number, number, number];
      const logits = tf.tidy(() =>
        network.run(tf.tensor4d(normalizePixels(pixels, card.normalization), shape)).dataSync<"float32">()
      );
      return Promise.resolve(logits as Float32Array);
    },
    dispose() {
      network.dispose();
      return Promise.resolve();
    },
  };
}
