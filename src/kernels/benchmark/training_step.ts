/**
 * The training step that all figures of this folder refer to: one step of SGD on five RepVGG blocks 16-32-32-64-64,
 * strides 1, 2, 1, 2, 1, on 32x32x3 images, batch 32.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** Images of one step. */
export const STEP_BATCH = 32;
const IMAGE_SIZE = 32;
const CLASSES = 10;
const BLOCKS = [[16, 1], [32, 2], [32, 1], [64, 2], [64, 1]] as const;
const LEARNING_RATE = 0.01;

/** A network in training form and a fixed batch, held until {@link TrainingStep.dispose}. */
export interface TrainingStep {
  /** The network in training form. */
  readonly model: tf.LayersModel;
  /** One step of SGD; returns the loss. */
  run(): number;
  /** Gives back the network and the batch. */
  dispose(): void;
}

/** One RepVGG block in training form: 3x3, 1x1 and, where shapes allow, identity; each with BatchNorm; added; ReLU. */
function block(x: tf.SymbolicTensor, filters: number, stride: number): tf.SymbolicTensor {
  const normalize = (y: tf.SymbolicTensor) =>
    tf.layers.batchNormalization({ epsilon: 1e-5, momentum: 0.9 }).apply(y) as tf.SymbolicTensor;
  const convolve = (kernelSize: number) =>
    normalize(
      tf.layers.conv2d({ filters, kernelSize, strides: stride, padding: "same", useBias: false }).apply(
        x,
      ) as tf.SymbolicTensor,
    );
  const branches = [convolve(3), convolve(1)];
  if (stride === 1 && x.shape[3] === filters) branches.push(normalize(x));
  const sum = tf.layers.add().apply(branches);
  return tf.layers.activation({ activation: "relu" }).apply(sum) as tf.SymbolicTensor;
}

/** Builds the network, the optimizer and the batch on the active backend. */
export function trainingStep(): TrainingStep {
  const input = tf.input({ shape: [IMAGE_SIZE, IMAGE_SIZE, 3] });
  let x: tf.SymbolicTensor = input;
  for (const [filters, stride] of BLOCKS) x = block(x, filters, stride);
  x = tf.layers.globalAveragePooling2d({}).apply(x) as tf.SymbolicTensor;
  const logits = tf.layers.dense({ units: CLASSES }).apply(x) as tf.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs: logits });
  const optimizer = tf.train.sgd(LEARNING_RATE);
  const images = tf.randomNormal([STEP_BATCH, IMAGE_SIZE, IMAGE_SIZE, 3], 0, 1, "float32", 1);
  const labels = tf.oneHot(tf.range(0, STEP_BATCH, 1, "int32").mod(tf.scalar(CLASSES, "int32")), CLASSES);
  return {
    model,
    run() {
      const cost = optimizer.minimize(
        () =>
          tf.losses.softmaxCrossEntropy(labels, model.apply(images, { training: true }) as tf.Tensor)
            .asScalar(),
        true,
      )!;
      const loss = cost.dataSync()[0]!;
      cost.dispose();
      return loss;
    },
    dispose() {
      model.dispose();
      optimizer.dispose();
      tf.dispose([images, labels]);
    },
  };
}
