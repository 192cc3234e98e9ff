/**
 * The contract between the benchmark and whatever executes a model. An engine holds one model in one form; the
 * benchmark hands every engine the same images, compares what they answer, and only then times them in turn.
 *
 * To add one (another runtime, other kernels, another thread count), implement {@link Engine} in a file of `engines/`, and
 * hand it to `bench()` beside the others. It must keep three promises:
 *
 * 1. `run()` is the whole inference, from images that already lie where the engine wants them to results that JavaScript
 *    can read. Work that is only queued, or results left on a device, would be timed as free.
 * 2. After `run()` everything that it allocated is freed; after `dispose()` everything else is, too.
 * 3. The rows and columns of `output()` mean the same as those of every other engine: [batch, classes], row by row.
 *
 * @module
 */

/** Images that all engines get. */
export interface InputBatch {
  /** Normalised pixels, NHWC, row by row. */
  readonly images: Float32Array;
  /** [batch, height, width, channels] */
  readonly shape: readonly [number, number, number, number];
}

/** What a model costs to keep and to run. */
export interface Footprint {
  /** Numbers in the weights, BatchNorm statistics included. */
  readonly parameters: number;
  /** Bytes of the weights. */
  readonly bytes: number;
  /**
   * Tensors alive at once, at most, during one run on the prepared batch: weights, images, intermediate results; null where
   * nobody can count them.
   */
  readonly tensors: number | null;
  /** Bytes of these tensors, at most; null as above. */
  readonly heapBytes: number | null;
}

/** Executes one model. */
export interface Engine {
  /** The form of the model, as reports name it: "training", "fused". Unique within a benchmark. */
  readonly name: string;
  /** Takes the images of the runs to come. Replaces those of the call before. */
  prepare(batch: InputBatch): void | Promise<void>;
  /** One inference on the prepared images, until its result lies in JavaScript's memory. */
  run(): void | Promise<void>;
  /** The result of the last `run()`: [batch, classes], row by row. Valid until the next `run()`. */
  output(): Float32Array;
  /** Measures one run on the prepared images. Not to be called while a time is taken. */
  footprint(): Promise<Footprint>;
  /** Frees the model and the images. */
  dispose(): void;
}
