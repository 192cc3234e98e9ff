/**
 * The training step as a TensorFlow.js program writes it that knows nothing of this project: standard layers, the stock
 * optimizer. With stock kernels and fallback gradients it is the step that ours is held against.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { BLOCKS, CLASSES, IMAGE_SIZE, STEP_BATCH, type TrainingStep } from "./step_sizes.ts";

const LEARNING_RATE = 0.01;

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
export function plainStep(): TrainingStep {
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
    run() {
      const cost = optimizer.minimize(
        () =>
          tf.losses.softmaxCrossEntropy(labels, model.apply(images, { training: true }) as tf.Tensor)
            .asScalar(),
        true,
      )!;
      cost.dataSync();
      cost.dispose();
    },
    dispose() {
      model.dispose();
      optimizer.dispose();
      tf.dispose([images, labels]);
    },
  };
}
