/**
 * An ONNX file as a {@link Classifier}, by onnxruntime-web: a program that is not ours, which therefore judges what is
 * exported here. One thread.
 *
 * @module
 */
import { normalizePixels } from "../data/normalization.ts";
import { openSession } from "../formats/onnx/judge.ts";
import { TO_NCHW } from "../formats/onnx/layout.ts";
import { onnxInputs } from "../formats/onnx/probe.ts";
import { readOnnx } from "../formats/onnx/read.ts";
import { permute } from "../formats/permute.ts";
import { type Classifier, imageCount, type ModelCard } from "./classifier.ts";

/**
 * Opens a network that takes images, NHWC or NCHW.
 *
 * @param bytes The file.
 * @param name What to call it in an error: its path.
 * @throws {InputError} when onnxruntime refuses the file, or it has several inputs or outputs.
 */
export async function openOnnx(bytes: Uint8Array, card: ModelCard, name: string): Promise<Classifier> {
  const session = await openSession(bytes, name);
  const [height, width, channels] = card.inputSize;
  const [, ...inFile] = onnxInputs(readOnnx(bytes, name))[0]?.shape ?? [];
  const isNchw = `${inFile}` === `${[channels, height, width]}`;
  return {
    classify(pixels) {
      const count = imageCount(pixels, card);
      const images = normalizePixels(pixels, card.normalization);
      if (!isNchw) return session.run(images, [count, height, width, channels]);
      return session.run(permute(images, [count, height, width, channels], TO_NCHW), [
        count,
        channels,
        height,
        width,
      ]);
    },
    dispose: () => session.release(),
  };
}
