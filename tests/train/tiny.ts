/** A data set and a network that train in milliseconds. */
import type { Dataset } from "../../src/data/dataset.ts";
import { drawShapes, SHAPE_NAMES } from "../../src/data/shapes.ts";
import { parseNetworkConfig } from "../../src/model/config.ts";
import { type TrainingConfig, trainingSchema } from "../../src/train/config.ts";

/** 48 training and 20 test images of Shapes10. */
export function tinyDataset(): Dataset {
  return {
    name: "tiny",
    height: 32,
    width: 32,
    channels: 3,
    classNames: SHAPE_NAMES,
    train: drawShapes("train", 48),
    test: drawShapes("test", 20),
    checksum: "tiny",
  };
}

/** Two blocks, the second with an identity branch. */
export const TINY_NETWORK = parseNetworkConfig({
  block: "repvgg",
  inputSize: [32, 32, 3],
  classCount: 10,
  stem: { width: 4, stride: 4 },
  stages: [{ depth: 2, width: 8, stride: 2 }],
});

/** Two epochs of three steps, with everything random switched on. */
export const TINY_TRAINING: TrainingConfig = trainingSchema.parse({
  epochs: 2,
  batchSize: 16,
  learningRate: 0.05,
  dropout: 0.2,
  rDropAlpha: 1,
  emaDecay: 0.9,
});
