/**
 * The training step that all figures of this folder refer to: one step of SGD on five RepVGG blocks 16-32-32-64-64,
 * strides 1, 2, 1, 2, 1, on 32x32x3 images, batch 32. `training_step.py` has the same sizes.
 *
 * @module
 */

/** Images of one step. */
export const STEP_BATCH = 32;
/** Rows and columns of an image; it has three channels. */
export const IMAGE_SIZE = 32;
/** Classes of the labels. */
export const CLASSES = 10;
/** Output channels and stride of each block. */
export const BLOCKS = [[16, 1], [32, 2], [32, 1], [64, 2], [64, 1]] as const;

/** Something that trains. */
export interface TrainingStep {
  /** One step, complete when it returns. */
  run(): void;
  /** Gives back the network and the batch. */
  dispose(): void;
}
