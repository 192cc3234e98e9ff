/**
 * An ONNX file as a {@link Classifier}, by onnxruntime-web: a program that is not ours, which therefore judges what is
 * exported here. One thread.
 *
 * @module
 */
import { normalizePixels } from "../data/normalization.ts";
import { openSession } from "../formats/onnx/judge.ts";
import { TO_NCHW } from "../formats/onnx/layout.ts";
import type { FullShape } from "../graph/graph.ts";
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
  const [batch = null, ...inFile] = session.inputShape;
  const isNchw = takesChannelsFirst(inFile, card.inputSize);
  const run = (images: Float32Array<ArrayBuffer>, count: number) =>
    isNchw
      ? session.run(permute(images, [count, height, width, channels], TO_NCHW), [
        count,
        channels,
        height,
        width,
      ])
      : session.run(images, [count, height, width, channels]);
  return {
    async classify(pixels) {
      const count = imageCount(pixels, card);
      const images = normalizePixels(pixels, card.normalization);
      if (batch === null || batch === count) return await run(images, count);
      return await inTurn(images, count, batch, (part) => run(part, batch));
    },
    dispose: () => session.release(),
  };
}

/** How an image stands in the file: by the lengths that it fixes, and as ONNX has them where those tell nothing. */
function takesChannelsFirst(inFile: FullShape, [height, width, channels]: ModelCard["inputSize"]): boolean {
  const fits = (shape: readonly number[]) => shape.every((length, i) => (inFile[i] ?? length) === length);
  return fits([channels, height, width]) || !fits([height, width, channels]);
}

/** Any number of images by a network that takes `batch` at once; what the last turn lacks is zeros. */
async function inTurn(
  images: Float32Array<ArrayBuffer>,
  count: number,
  batch: number,
  run: (images: Float32Array<ArrayBuffer>) => Promise<Float32Array>,
): Promise<Float32Array> {
  const length = images.length / count;
  const answers: Float32Array[] = [];
  for (let start = 0; start < count; start += batch) {
    const part = new Float32Array(batch * length);
    part.set(images.subarray(start * length, (start + batch) * length));
    answers.push(await run(part));
  }
  const classes = answers[0]!.length / batch;
  const all = new Float32Array(answers.length * batch * classes);
  answers.forEach((answer, i) => all.set(answer, i * batch * classes));
  return all.subarray(0, count * classes);
}
