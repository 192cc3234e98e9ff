/**
 * What fine-tuning gains where images are few: `deno task fine-tune-benchmark`. A network learns five classes of Shapes10; it is
 * then fine-tuned, its first stage frozen, on 20 images of each of the other five. The same network is trained on the same
 * 100 images from fresh weights for as much time of the processor. Both are judged by all test images of the five classes.
 *
 * Processor time is user and system time of the process, all threads together, so that it means something on a loaded machine.
 * What the frozen stages make of the images counts, and so does every step; evaluations do not, nor does what the source took
 * to train, once. From fresh weights, rates of 0.02 and 0.2 did worse than 0.05 for one seed, BatchNorm statistics recomputed
 * at the end changed 0.3 points at most, and three times as many epochs gained 7 points: the network knows its 100 images by
 * heart (94% of them) and little else.
 *
 * @module
 */
import process from "node:process";
import type * as tf from "@tensorflow/tfjs";
import { classSubset } from "../../src/data/class_subset.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { loadDataset } from "../../src/data/load.ts";
import { defaultNormalization } from "../../src/data/normalization.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { createNetwork } from "../../src/model/network.ts";
import { presetConfig } from "../../src/model/presets.ts";
import { formatShare } from "../../src/text/quantities.ts";
import { renderTable } from "../../src/text/table.ts";
import { type TrainingConfig, trainingSchema } from "../../src/train/config.ts";
import { evaluate } from "../../src/train/evaluate.ts";
import { DEFAULT_VIEWS, takeWeights } from "../../src/train/fine_tuning.ts";
import { behindFrozenStages } from "../../src/train/frozen_stages.ts";
import { TrainingSession } from "../../src/train/session.ts";
import { type TrainedPart, wholeNetwork } from "../../src/train/trained_part.ts";

const SEEDS = [1, 2, 3];
const SOURCE_CLASSES = [0, 1, 2, 3, 4];
const NEW_CLASSES = [5, 6, 7, 8, 9];
const IMAGES_PER_CLASS = 20;
const FREEZE = 1;

const SOURCE_EPOCHS = 6;
const FINE_TUNING_EPOCHS = 60;

/** What follows with nothing frozen. */
const UNFREEZING = { epochs: 20, learningRate: 0.01, warmupEpochs: 1 };

/** A batch of 16 at a rate in proportion to it, as the recipe chooses for so few images. */
const FEW_IMAGES = { batchSize: 16, learningRate: 0.05 };

/** Steps whose mean cost says how many epochs from fresh weights take as long. */
const MEASURED_STEPS = 12;

/** A network of the preset `tiny`, sized for some classes. */
function networkFor({ classNames }: Dataset, seed: number): tf.LayersModel {
  return createNetwork(presetConfig("tiny", { classCount: classNames.length }), { seed });
}

/** Seconds of the processor since the process began, all threads together. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Trains to the last epoch. */
function finish(
  model: tf.LayersModel,
  dataset: Dataset,
  config: TrainingConfig,
  seed: number,
  part: TrainedPart,
) {
  const session = new TrainingSession(model, dataset, config, seed, part);
  while (!session.finished) {
    while (session.step < session.stepsPerEpoch) session.trainStep();
    session.endEpoch();
  }
  session.dispose();
}

/** Seconds of the processor that one epoch from fresh weights takes. */
function epochSeconds(dataset: Dataset, seed: number): number {
  const model = networkFor(dataset, seed);
  const session = new TrainingSession(model, dataset, trainingSchema.parse(FEW_IMAGES), seed);
  session.trainStep(); // the first compiles and allocates
  const start = processorSeconds();
  for (let step = 0; step < MEASURED_STEPS; step++) {
    if (session.step === session.stepsPerEpoch) session.endEpoch();
    session.trainStep();
  }
  const seconds = (processorSeconds() - start) / MEASURED_STEPS * session.stepsPerEpoch;
  session.dispose();
  model.dispose();
  return seconds;
}

/** Accuracy on the test images, and what it took. */
interface Outcome {
  readonly accuracy: number;
  readonly epochs: number;
  readonly seconds: number;
}

/** With the first stage frozen; and after that all of it, its head kept, for a few epochs at a lower rate. */
async function fineTuned(
  source: tf.LayersModel,
  dataset: Dataset,
  seed: number,
): Promise<{ frozen: Outcome; unfrozen: Outcome }> {
  const start = processorSeconds();
  const model = networkFor(dataset, seed);
  takeWeights(model, source, "the source");
  const config = trainingSchema.parse({ ...FEW_IMAGES, epochs: FINE_TUNING_EPOCHS });
  const options = { freeze: FREEZE, views: DEFAULT_VIEWS, normalization: defaultNormalization(3), seed };
  finish(model, dataset, config, seed, await behindFrozenStages(model, dataset, config, options));
  const seconds = processorSeconds() - start;
  const { accuracy } = evaluate(model, dataset.test, dataset);

  const unfreezing = trainingSchema.parse({ ...FEW_IMAGES, ...UNFREEZING });
  const startAgain = processorSeconds();
  finish(model, dataset, unfreezing, seed, wholeNetwork(model, dataset, unfreezing));
  const more = processorSeconds() - startAgain;
  const unfrozen = evaluate(model, dataset.test, dataset);
  model.dispose();
  return {
    frozen: { accuracy, epochs: FINE_TUNING_EPOCHS, seconds },
    unfrozen: { accuracy: unfrozen.accuracy, epochs: UNFREEZING.epochs, seconds: more },
  };
}

function fromScratch(dataset: Dataset, seed: number, epochs: number): Outcome {
  const start = processorSeconds();
  const model = networkFor(dataset, seed);
  const config = trainingSchema.parse({ ...FEW_IMAGES, epochs });
  finish(model, dataset, config, seed, wholeNetwork(model, dataset, config));
  const seconds = processorSeconds() - start;
  const { accuracy } = evaluate(model, dataset.test, dataset);
  model.dispose();
  return { accuracy, epochs, seconds };
}

await startBackend();
const all = await loadDataset("shapes10");
const old = await classSubset(all, SOURCE_CLASSES);
const few = await classSubset(all, NEW_CLASSES, IMAGES_PER_CLASS);
const rows: string[][] = [];
const differences: number[] = [];
for (const seed of SEEDS) {
  const source = networkFor(old, seed);
  const config = trainingSchema.parse({ epochs: SOURCE_EPOCHS });
  finish(source, old, config, seed, wholeNetwork(source, old, config));
  const known = evaluate(source, old.test, old).accuracy;
  const { frozen: tuned, unfrozen } = await fineTuned(source, few, seed);
  source.dispose();
  const epochs = Math.max(1, Math.round(tuned.seconds / epochSeconds(few, seed)));
  const scratch = fromScratch(few, seed, epochs);
  differences.push(tuned.accuracy - scratch.accuracy);
  rows.push([
    String(seed),
    formatShare(known, 1),
    ...[tuned, unfrozen, scratch].flatMap(({ accuracy, epochs, seconds }) => [
      formatShare(accuracy, 1),
      `${epochs} epochs, ${seconds.toFixed(1)} s`,
    ]),
    `${(100 * differences.at(-1)!).toFixed(1)} points`,
  ]);
}
const mean = differences.reduce((sum, difference) => sum + difference, 0) / differences.length;
console.log(
  `${few.train.count} images of ${few.classNames.join(", ")}; a network that knows ${
    old.classNames.join(", ")
  }\n`,
);
console.log(
  renderTable([
    ...["seed", "source", "fine-tuned", "processor", "then unfrozen", "processor"],
    ...["from scratch", "processor", "difference"],
  ], rows),
);
console.log(`\nmean difference: ${(100 * mean).toFixed(1)} points`);
