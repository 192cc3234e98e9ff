/**
 * From a data set in memory to what a network is fed: an order for each epoch, and batches of normalised floats.
 * Pure, and without TensorFlow.js.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import type { Random } from "../random.ts";
import type { ImageShape } from "./image_shape.ts";
import { type Augmentation, augmentImage, augments, NO_AUGMENTATION } from "./augment/augmentation.ts";
import { defaultNormalization, type Normalization } from "./normalization.ts";
import type { Split } from "./dataset.ts";

const BYTES = 256;

/** One batch. */
export interface Batch {
  /** Normalised pixels, [batch, height, width, channels]. */
  readonly images: Float32Array<ArrayBuffer>;
  /** Class indices, [batch]. */
  readonly labels: Int32Array<ArrayBuffer>;
}

/** How {@link gatherBatch} augments: by nothing, unless it is given. */
export interface GatherOptions extends Partial<Augmentation> {
  /** Where everything is drawn from. Needed when there is anything to draw. */
  readonly random?: Random;
  /** How bytes become the network's input; {@link defaultNormalization} when not given. */
  readonly normalization?: Normalization | undefined;
}

/** Every index in [0, count) once, in random order. */
export function epochOrder(count: number, random: Random): Uint32Array<ArrayBuffer> {
  return random.shuffle(Uint32Array.from({ length: count }, (_, i) => i));
}

/**
 * Cuts an order into batches.
 *
 * @param order Indices, from {@link epochOrder}, or in their natural order.
 * @param batchSize Indices in a batch.
 * @param last What becomes of a last batch that is shorter: "drop" is for training, where a short batch would have
 *   noisier BatchNorm statistics and another weight in the mean gradient (the next epoch's order draws other images
 *   into it); "keep" is for evaluation, where every image counts once.
 * @throws {InputError} when `last` is "drop" and there is not one whole batch.
 */
export function cutBatches(
  order: Uint32Array<ArrayBuffer>,
  batchSize: number,
  last: "drop" | "keep",
): Uint32Array<ArrayBuffer>[] {
  const batches: Uint32Array<ArrayBuffer>[] = [];
  const end = last === "drop" ? order.length - batchSize + 1 : order.length;
  for (let start = 0; start < end; start += batchSize) batches.push(order.subarray(start, start + batchSize));
  if (batches.length === 0 && last === "drop") {
    throw new InputError(
      `Cannot train on batches of ${batchSize}: there are only ${order.length} training images.`,
      "Choose a smaller batch size.",
    );
  }
  return batches;
}

/**
 * Copies the images of a batch out of a split: augmented when asked, then normalised.
 *
 * @param split Where the images are.
 * @param shape Their height, width and channels.
 * @param indices Which images, in the order of the batch.
 * @throws {RangeError} when an index lies outside the split, or something random is asked for without a generator.
 */
export function gatherBatch(
  split: Split,
  shape: ImageShape,
  indices: ArrayLike<number>,
  options: GatherOptions = {},
): Batch {
  const { random, normalization = defaultNormalization(shape.channels), ...asked } = options;
  const augmentation = { ...NO_AUGMENTATION, ...asked };
  const changes = augments(augmentation);
  if (changes && random === undefined) throw new RangeError("gatherBatch() needs a generator to augment.");

  const { channels } = shape;
  const normalized = normalizedBytes(normalization);
  const imageLength = shape.height * shape.width * channels;
  const images = new Float32Array(indices.length * imageLength);
  const labels = new Int32Array(indices.length);
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i]!;
    const label = split.labels[index];
    if (label === undefined) {
      throw new RangeError(`There is no image ${index}: the split has ${split.count}.`);
    }
    labels[i] = label;
    let pixels = split.images.subarray(index * imageLength, (index + 1) * imageLength);
    if (changes) pixels = augmentImage(pixels, shape, augmentation, random!);
    for (let j = 0, to = i * imageLength; j < imageLength;) {
      for (let c = 0; c < channels; c++) images[to++] = normalized[c * BYTES + pixels[j++]!]!;
    }
  }
  return { images, labels };
}

/** (x − mean) / scale, float32, for every byte x of every channel: [channels, 256]. */
function normalizedBytes({ mean, scale }: Normalization): Float32Array {
  return Float32Array.from(
    { length: mean.length * BYTES },
    (_, i) => (i % BYTES - mean[Math.floor(i / BYTES)]!) / scale[Math.floor(i / BYTES)]!,
  );
}
