/**
 * How a network is trained: the schema of the `training` part of a configuration, and its defaults.
 *
 * @module
 */
import { z } from "zod";

/** Schema of the training configuration. Every key has a default, so `{}` is a configuration. */
export const trainingSchema = z.strictObject({
  /**
   * The network with its branches; or its plain twin, one convolution and BatchNorm in place of every block; or what was
   * fused already, one convolution with bias.
   */
  form: z.enum(["wide", "plain", "deploy"]).default("wide"),
  /** Passes over the training images. */
  epochs: z.int().min(1).default(11),
  /** Images per step. The last short batch of an epoch is dropped. */
  batchSize: z.int().min(2).default(64),
  /** Peak learning rate, reached after the warm-up. */
  learningRate: z.number().positive().default(0.2),
  /** Epochs over which the learning rate rises linearly from zero. */
  warmupEpochs: z.number().min(0).default(1),
  /** Nesterov momentum. */
  momentum: z.number().min(0).lt(1).default(0.9),
  /** L2 decay, on convolution and dense kernels only. */
  weightDecay: z.number().min(0).default(5e-4),
  /** Probability mass spread evenly over all classes. */
  labelSmoothing: z.number().min(0).lt(1).default(0.1),
  /** Largest random shift of a training image, in pixels, each way. */
  shift: z.int().min(0).default(2),
  /** Whether training images are mirrored at random. */
  flip: z.boolean().default(true),
  /** The smallest share of a training image's area that is cut out and blown up; 1 cuts nothing. */
  minCrop: z.number().min(0.05).max(1).default(1),
  /** Brightness, contrast and saturation change by a factor of up to 1 ± this; 0 changes none. */
  colorJitter: z.number().min(0).max(1).default(0),
  /** Side of a grey square that is painted into every training image, pixels; 0 paints none. */
  cutout: z.int().min(0).default(0),
  /** α of mixup: pairs of images and labels are blended by a share drawn from Beta(α, α); 0 blends none. */
  mixup: z.number().min(0).max(1).default(0),
  /** Whether every class counts alike in the loss, however many images it has. */
  balance: z.boolean().default(false),
  /** Decay of the exponential moving average of the weights; 0 trains without one. */
  emaDecay: z.number().min(0).lt(1).default(0),
  /** Share of the pooled features that is dropped before the head. */
  dropout: z.number().min(0).lt(1).default(0),
  /** Weight α of the R-Drop term; 0 trains without it. It needs a dropout above 0. */
  rDropAlpha: z.number().min(0).default(0),
  /** Share of the training images that choose the best epoch, where the data set has none for that. */
  validationShare: z.number().min(0).lt(1).default(0.1),
  /** The epoch whose weights are frozen: the last, or the one of the highest validation accuracy. */
  keep: z.enum(["last", "best"]).default("last"),
  /** Epochs without a better validation accuracy after which training stops; 0 never stops early. */
  patience: z.int().min(0).default(0),
  /** Training batches over which BatchNorm statistics are recomputed at the end; 0 keeps the moving averages. */
  recalibrateBatches: z.int().min(0).default(0),
}).refine((training) => training.rDropAlpha === 0 || training.dropout > 0, {
  message: "R-Drop compares two dropout masks, so it needs a dropout above 0 (for example 0.1)",
  path: ["rDropAlpha"],
}).refine((training) => training.warmupEpochs <= training.epochs, {
  message: "the warm-up cannot be longer than the training",
  path: ["warmupEpochs"],
});

/** A complete training configuration. */
export type TrainingConfig = z.infer<typeof trainingSchema>;
