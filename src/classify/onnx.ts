/**
 * An ONNX file as a {@link Classifier}, by onnxruntime-web: a program that is not ours, which therefore judges what is
 * exported here. One thread.
 *
 * @module
 */
import { normalizePixels } from "../data/normalization.ts";
import { openSession } from "../formats/onnx/judge.ts";
import { type Classifier, imageCount, type ModelCard } from "./classifier.ts";

/**
 * Opens a network that takes NHWC images.
 *
 * @param bytes The file.
 * @param name What to call it in an error: its path.
 * @throws {InputError} when onnxruntime refuses the file, or it has several inputs or outputs.
 */
export async function openOnnx(bytes: Uint8Array, card: ModelCard, name: string): Promise<Classifier> {
  const session = await openSession(bytes, name);
  return {
    classify(pixels) {
      const images = normalizePixels(pixels, card.normalization);
      return session.run(images, [imageCount(pixels, card), ...card.inputSize]);
    },
    dispose: () => session.release(),
  };
}
