/**
 * The training step as `deno task train` does it: the network of `model/`, one step of a {@link TrainingSession}.
 *
 * @module
 */
import type { Dataset, Split } from "../../src/data/dataset.ts";
import { createNetwork } from "../../src/model/network.ts";
import { parseNetworkConfig } from "../../src/model/config.ts";
import { Random } from "../../src/random.ts";
import { trainingSchema } from "../../src/train/config.ts";
import { TrainingSession } from "../../src/train/session.ts";
import { BLOCKS, CLASSES, IMAGE_SIZE, STEP_BATCH, type TrainingStep } from "./step_sizes.ts";

const SEED = 1;
/** Low, since the labels are random and the steps are many. */
const LEARNING_RATE = 0.001;

/** Builds the network, the optimizer and the batch on the active backend. */
export function ourStep(): TrainingStep {
  const [[stemWidth, stemStride], [width, stride], , [wideWidth, wideStride]] = BLOCKS;
  const network = parseNetworkConfig({
    block: "repvgg",
    inputSize: [IMAGE_SIZE, IMAGE_SIZE, 3],
    classCount: CLASSES,
    stem: { width: stemWidth, stride: stemStride },
    stages: [{ depth: 2, width, stride }, { depth: 2, width: wideWidth, stride: wideStride }],
  });
  const model = createNetwork(network, { seed: SEED });
  const config = trainingSchema.parse({
    batchSize: STEP_BATCH,
    learningRate: LEARNING_RATE,
    warmupEpochs: 0,
    shift: 0,
    flip: false,
    labelSmoothing: 0,
  });
  const session = new TrainingSession(model, randomImages(), config, SEED);
  return {
    run() {
      session.trainStep();
      session.step = 0;
    },
    dispose() {
      session.dispose();
      model.dispose();
    },
  };
}

/** One batch of noise. */
function randomImages(): Dataset {
  const random = Random.from(SEED, "images");
  const images = Uint8Array.from(
    { length: STEP_BATCH * IMAGE_SIZE * IMAGE_SIZE * 3 },
    () => random.integer(256),
  );
  const labels = Uint8Array.from({ length: STEP_BATCH }, (_, image) => image % CLASSES);
  const split: Split = { images, labels, count: STEP_BATCH };
  return {
    name: "noise",
    height: IMAGE_SIZE,
    width: IMAGE_SIZE,
    channels: 3,
    classNames: Array.from({ length: CLASSES }, (_, index) => `class ${index}`),
    train: split,
    test: split,
    checksum: "",
  };
}
