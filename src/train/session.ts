/**
 * The state of a training run and its steps. A session can be captured between any two steps and restored into a fresh
 * one, which then goes on bit by bit as the first would have.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { cutBatches, epochOrder } from "../data/batches.ts";
import type { Dataset } from "../data/dataset.ts";
import { WorkError } from "../errors.ts";
import { HEAD_LAYER, POOL_LAYER } from "../model/architecture.ts";
import { Random } from "../random.ts";
import type { TrainingConfig } from "./config.ts";
import { countCorrect, evaluateExamples } from "./evaluate.ts";
import { trainingForward } from "./forward.ts";
import { balancedWeights } from "./class_weights.ts";
import { crossEntropy, rDropLoss, type Targets, targetsOf } from "./losses.ts";
import { bestEpoch, type EpochMetrics } from "./metrics.ts";
import { blend, blendTargets, drawShare } from "./mixup.ts";
import { MovingAverage } from "./moving_average.ts";
import { NesterovSgd } from "./optimizer.ts";
import { learningRateAt } from "./schedule.ts";
import type { SessionState, StoredTensor } from "./state.ts";
import { type TrainedPart, wholeNetwork } from "./trained_part.ts";
import { modelWeights, trainableParameters } from "./weights.ts";

/** One training run in memory. */
export class TrainingSession {
  /** Metrics of the finished epochs. */
  readonly history: EpochMetrics[] = [];
  /** Steps in one epoch: whole batches only. */
  readonly stepsPerEpoch: number;
  /** Steps done in the running epoch. */
  step = 0;

  private readonly weights: Map<string, tf.Variable>;
  private readonly variables: tf.Variable[];
  private readonly optimizer: NesterovSgd;
  private readonly average: MovingAverage | undefined;
  /** Examples to the features at `head/pool`. */
  private readonly body: (batch: tf.Tensor) => tf.Tensor;
  private readonly head: tf.layers.Layer;
  private readonly classCount: number;
  /** How much an image of every class counts, where that is not alike. */
  private readonly classWeights: Float32Array<ArrayBuffer> | undefined;
  private random: Random;
  /** The generator's state before the running epoch's order was drawn. */
  private epochRandomState: number[];
  private batches: Uint32Array[];
  private lossSum = 0;
  private correct = 0;

  /**
   * A session at its very beginning.
   *
   * @param model A network of `model/network.ts`: features at `head/pool`, logits at `head/dense`.
   * @param dataset Images of the model's input size.
   * @param config How to train.
   * @param seed Seed of order, augmentation and dropout.
   * @param part What of the model is trained, and on what: all of it, on the images, when not given.
   * @throws {InputError} when there are fewer training images than one batch.
   */
  constructor(
    model: tf.LayersModel,
    dataset: Dataset,
    private readonly config: TrainingConfig,
    seed: number,
    private readonly part: TrainedPart = wholeNetwork(model, dataset, config),
  ) {
    const parameters = trainableParameters(model).filter(({ name }) => part.trains(name));
    this.variables = parameters.map(({ variable }) => variable);
    this.weights = modelWeights(model);
    this.optimizer = new NesterovSgd(parameters, config);
    this.average = config.emaDecay > 0 ? new MovingAverage(this.weights, config.emaDecay) : undefined;
    this.body = trainingForward(part.input, model.getLayer(POOL_LAYER).output as tf.SymbolicTensor);
    this.head = model.getLayer(HEAD_LAYER);
    this.classCount = dataset.classNames.length;
    this.classWeights = config.balance ? balancedWeights(dataset.train.labels, this.classCount) : undefined;
    this.random = Random.from(seed, "training");
    this.epochRandomState = this.random.state();
    this.batches = this.drawBatches(this.random);
    this.stepsPerEpoch = this.batches.length;
  }

  /** Epochs that are finished. */
  get epoch(): number {
    return this.history.length;
  }

  /** Whether every epoch is finished, or so many went by without a better one that it was told to stop. */
  get finished(): boolean {
    const { epochs, patience } = this.config;
    const withoutGain = this.epoch - (bestEpoch(this.history)?.epoch ?? this.epoch);
    return this.epoch >= epochs || (patience > 0 && withoutGain >= patience);
  }

  /** The learning rate of the next step. */
  get learningRate(): number {
    return learningRateAt(this.config, this.epoch * this.stepsPerEpoch + this.step, this.stepsPerEpoch);
  }

  /** Mean loss and accuracy over the steps of the running epoch so far. */
  get running(): { loss: number; accuracy: number } {
    const steps = Math.max(1, this.step);
    return { loss: this.lossSum / steps, accuracy: this.correct / (steps * this.config.batchSize) };
  }

  /**
   * One step of the optimizer on the next batch.
   *
   * @throws {WorkError} when the loss is not finite; the weights are those before the step.
   */
  trainStep(): void {
    const { mixup } = this.config;
    tf.tidy(() => {
      const batch = this.part.train.gather(this.batches[this.step]!, this.random);
      const share = mixup > 0 ? drawShare(this.random, mixup) : 1;
      const examples = share < 1 ? blend(batch.values, share) : batch.values;
      const labels = tf.tensor1d(batch.labels, "int32");
      const targets = this.targetsOf(labels, share);
      let correct = 0;
      const { value, grads } = tf.variableGrads(() => {
        const features = this.body(examples) as tf.Tensor2D;
        const logits = this.logitsOf(features);
        correct = countCorrect(logits, labels);
        return this.lossOf(features, logits, targets);
      }, this.variables);
      const loss = value.dataSync()[0]!;
      if (!Number.isFinite(loss)) this.refuseLoss(loss);
      this.optimizer.step(this.variables.map((variable) => grads[variable.name]!), this.learningRate);
      this.lossSum += loss;
      this.correct += correct;
    });
    this.average?.update();
    this.step++;
  }

  /** Evaluates on the validation images, closes the epoch and draws the order of the next. Call it after the last step. */
  endEpoch(): EpochMetrics {
    const { loss, accuracy } = this.running;
    const { validation, logitsOf } = this.part;
    const measured = validation === undefined
      ? undefined
      : this.withServedWeights(() => evaluateExamples(logitsOf, validation));
    const lastStep = (this.epoch + 1) * this.stepsPerEpoch - 1;
    const metrics = {
      epoch: this.epoch + 1,
      learningRate: learningRateAt(this.config, lastStep, this.stepsPerEpoch),
      trainingLoss: loss,
      trainingAccuracy: accuracy,
      ...(measured === undefined ? {} : {
        validationLoss: measured.loss,
        validationAccuracy: measured.accuracy,
      }),
    };
    this.history.push(metrics);
    this.step = this.lossSum = this.correct = 0;
    this.epochRandomState = this.random.state();
    this.batches = this.drawBatches(this.random);
    return metrics;
  }

  /** Makes the weights that the run is judged by (the moving average, where there is one) the model's own, for good. */
  adoptServedWeights(): void {
    this.average?.adopt();
  }

  /** Everything that the rest of the run depends on, copied. */
  capture(): SessionState {
    const tensors = new Map<string, StoredTensor>();
    for (const [prefix, variables] of this.groups()) {
      for (const [name, variable] of variables) {
        tensors.set(prefix + name, {
          shape: variable.shape,
          values: Float32Array.from(variable.dataSync()),
        });
      }
    }
    return {
      history: [...this.history],
      step: this.step,
      lossSum: this.lossSum,
      correct: this.correct,
      epochRandom: this.epochRandomState,
      random: this.random.state(),
      tensors,
    };
  }

  /**
   * Goes back to a captured state.
   *
   * @param state One that `capture` made, of a session with the same network and configuration.
   */
  restore(state: SessionState): void {
    for (const [prefix, variables] of this.groups()) {
      for (const [name, variable] of variables) {
        const { values, shape } = state.tensors.get(prefix + name)!;
        tf.tidy(() => variable.assign(tf.tensor(values, [...shape])));
      }
    }
    this.history.splice(0, this.history.length, ...state.history);
    this.step = state.step;
    this.lossSum = state.lossSum;
    this.correct = state.correct;
    this.epochRandomState = [...state.epochRandom];
    this.batches = this.drawBatches(Random.fromState(state.epochRandom));
    this.random = Random.fromState(state.random);
  }

  /** Names and shapes of the tensors that a state of this session holds. */
  expectedTensors(): Map<string, readonly number[]> {
    const shapes = new Map<string, readonly number[]>();
    for (const [prefix, variables] of this.groups()) {
      for (const [name, variable] of variables) shapes.set(prefix + name, variable.shape);
    }
    return shapes;
  }

  /** Frees what the session allocated; the model stays. */
  dispose(): void {
    this.optimizer.dispose();
    this.average?.dispose();
  }

  /** The batches of one epoch, in an order that the generator draws. */
  private drawBatches(random: Random): Uint32Array[] {
    return cutBatches(epochOrder(this.part.train.count, random), this.config.batchSize, "drop");
  }

  /** Every variable that a state holds, by the prefix of its name. */
  private groups(): [string, Map<string, tf.Variable>][] {
    return [
      ["weights/", this.weights],
      ["momentum/", this.optimizer.slots()],
      ["average/", this.average?.slots() ?? new Map()],
    ];
  }

  /** Runs `work` on the weights that the run is judged by. */
  private withServedWeights<T>(work: () => T): T {
    return this.average === undefined ? work() : this.average.during(work);
  }

  /**
   * R-Drop passes every image twice. The passes differ in the dropout mask alone, and dropout stands before the head, so
   * the body runs once and the head twice: the same loss and gradient at half the cost.
   */
  private lossOf(features: tf.Tensor2D, logits: tf.Tensor2D, targets: Targets): tf.Scalar {
    const { rDropAlpha } = this.config;
    if (rDropAlpha === 0) return crossEntropy(logits, targets);
    return rDropLoss(logits, this.logitsOf(features), targets, rDropAlpha);
  }

  /** Labels, int32 [batch], as what the logits are to say. */
  private targetsOf(labels: tf.Tensor1D, share: number): Targets {
    const classWeights = this.classWeights === undefined ? undefined : tf.tensor1d(this.classWeights);
    const targets = targetsOf(labels, this.classCount, this.config.labelSmoothing, classWeights);
    return share < 1 ? blendTargets(targets, share) : targets;
  }

  /** Features [batch, channels], dropped at random and rescaled, to logits [batch, classes]. */
  private logitsOf(features: tf.Tensor2D): tf.Tensor2D {
    const { dropout } = this.config;
    if (dropout === 0) return this.head.apply(features) as tf.Tensor2D;
    const scale = 1 / (1 - dropout);
    const mask = Float32Array.from(
      { length: features.size },
      () => this.random.uniform() < dropout ? 0 : scale,
    );
    return this.head.apply(features.mul(tf.tensor2d(mask, features.shape))) as tf.Tensor2D;
  }

  /** Stops the run with everything that one needs to know. */
  private refuseLoss(loss: number): never {
    const step = this.epoch * this.stepsPerEpoch + this.step + 1;
    throw new WorkError(
      `The loss is ${loss} at step ${step} (epoch ${this.epoch + 1}, learning rate ${
        this.learningRate.toPrecision(3)
      }). ` +
        "The last checkpoint is as it was.",
      `Start again with a lower rate: repfuse train --learning-rate ${this.config.learningRate / 10}`,
    );
  }
}
