/**
 * A LayersModel as a {@link Classifier}, on the active TensorFlow.js backend.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import { openModel } from "../model/open_model.ts";
import { type Classifier, imageCount, type ModelCard } from "./classifier.ts";
import { normalizePixels } from "../data/normalization.ts";

/**
 * A classifier around a model. It owns the model.
 *
 * @param model One input [N, height, width, channels], one output [N, classes].
 */
export function tfjsClassifier(model: tf.LayersModel, card: ModelCard): Classifier {
  return {
    async classify(pixels) {
      const count = imageCount(pixels, card);
      const logits = tf.tidy(() => {
        const images = tf.tensor4d(normalizePixels(pixels, card.normalization), [count, ...card.inputSize]);
        const isWhole = model.inputs[0]?.dtype === "int32";
        return model.predict(isWhole ? images.toInt() : images, { batchSize: count }) as tf.Tensor;
      });
      try {
        return await logits.data() as Float32Array;
      } finally {
        logits.dispose();
      }
    },
    dispose() {
      model.dispose();
      return Promise.resolve();
    },
  };
}

/**
 * A classifier from artifacts, with the card of what it is.
 *
 * @param name What to call the model in an error: its path.
 * @throws {InputError} when TensorFlow.js cannot build the model.
 */
export async function openArtifacts(
  artifacts: tf.io.ModelArtifacts,
  card: ModelCard,
  name: string,
): Promise<Classifier> {
  const model = await openModel(artifacts, name);
  checkSingle(model, name);
  return tfjsClassifier(model, card);
}

function checkSingle(model: tf.LayersModel, name: string): void {
  const { inputs, outputs } = model;
  if (inputs.length === 1 && outputs.length === 1) return;
  model.dispose();
  throw new InputError(
    `Cannot run ${name} as a classifier: it has ${inputs.length} inputs and ${outputs.length} outputs, expected one of ` +
      "each.",
  );
}
