/**
 * What every form and every format of a network has in common once it can be run: pictures in, logits out (or probabilities, as the card says). Whoever
 * evaluates, predicts or compares needs no more, and a new format needs to offer no more.
 *
 * @module
 */
import type { Normalization } from "../data/normalization.ts";
import { letEventsIn } from "../progress.ts";

/** What must be known beside the network so that pictures can be classified with it. */
export interface ModelCard {
  /** One name per class, in the order of the logits. A network that gives one number for two classes gives the second's. */
  readonly classNames: readonly string[];
  /** Height, width and channels of an image. */
  readonly inputSize: readonly [height: number, width: number, channels: number];
  /** How its bytes become the network's input. */
  readonly normalization: Normalization;
  /** Whether its outputs are probabilities, and not logits: of all classes together, or of each for itself. */
  readonly givesProbabilities: boolean;
}

/** A network that is ready to run. */
export interface Classifier {
  /**
   * The logits of some images.
   *
   * @param pixels [n, height, width, channels] as the card says; n is told by the length.
   * @returns [n, classes], row by row.
   */
  classify(pixels: Uint8Array): Promise<Float32Array>;
  /** Frees the network. */
  dispose(): Promise<void>;
}

/** Images in one call of {@link Classifier.classify} at most, where there are many. */
const CLASSIFY_BATCH = 100;

/** Bytes of them at most, but for one: 16 images of 224x224x3. What a network makes of an image is many times as large. */
const CLASSIFY_BYTES = 16 * 224 * 224 * 3;

/** How many images of a network are classified in one call, where there are many. */
export function classifyBatch({ inputSize }: Pick<ModelCard, "inputSize">): number {
  const imageBytes = inputSize.reduce((product, length) => product * length, 1);
  return Math.max(1, Math.min(CLASSIFY_BATCH, Math.floor(CLASSIFY_BYTES / imageBytes)));
}

/** How many images the pixels are. */
export function imageCount(pixels: Uint8Array, { inputSize }: Pick<ModelCard, "inputSize">): number {
  const count = pixels.length / (inputSize[0] * inputSize[1] * inputSize[2]);
  if (Number.isInteger(count)) return count;
  throw new RangeError(`Cannot cut ${pixels.length} bytes into images of ${inputSize.join("x")}.`);
}

/** The logits of any number of images, [n, classes], computed in batches of {@link classifyBatch}. */
export async function classifyAll(
  classifier: Classifier,
  pixels: Uint8Array,
  card: Pick<ModelCard, "inputSize">,
  onProgress: (done: number, count: number) => void = () => {},
): Promise<Float32Array> {
  const count = imageCount(pixels, card);
  const imageBytes = pixels.length / count;
  const parts: Float32Array[] = [];
  const batch = classifyBatch(card);
  for (let start = 0; start < count; start += batch) {
    const end = Math.min(start + batch, count);
    parts.push(await classifier.classify(pixels.subarray(start * imageBytes, end * imageBytes)));
    onProgress(end, count);
    await letEventsIn();
  }
  const logits = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((offset, part) => {
    logits.set(part, offset);
    return offset + part.length;
  }, 0);
  return logits;
}
