/**
 * The forward pass in training: a LayersModel's own layers, called in order, with differences to `model.apply` that save
 * memory traffic: the end of a re-parameterizable block, ReLU over a sum of BatchNorms, is one operation; a convolution saves
 * no more than its gradient reads; and a tensor is disposed after its last use, where `apply` keeps all until the step ends.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { MAXIMUM_TERMS, normalizedSum } from "../kernels/tfjs/batch_norm/normalized_sum.ts";
import { BatchNormalization } from "../model/layers/batch_normalization.ts";

/** One layer, or several layers in one. */
interface Step {
  readonly inputs: readonly tf.SymbolicTensor[];
  readonly output: tf.SymbolicTensor;
  readonly run: (inputs: tf.Tensor[]) => tf.Tensor;
}

/**
 * The function of a batch that a part of a model computes in training. Running statistics move as they do in
 * `model.apply(x, { training: true })`.
 *
 * @param input Where the batch goes in.
 * @param output What is computed; it depends on the input alone, through layers of one output each.
 */
export function trainingForward(
  input: tf.SymbolicTensor,
  output: tf.SymbolicTensor,
): (batch: tf.Tensor) => tf.Tensor {
  const uses = countUses(input, output);
  const stepOf = (tensor: tf.SymbolicTensor) =>
    normalizedSumStep(tensor, uses) ?? convolutionStep(tensor) ?? layerStep(tensor, true);
  return forwardOf(input, output, planSteps(input, output, stepOf));
}

/** {@link trainingForward} in inference: BatchNorms use their running statistics and leave them as they are. */
export function inferenceForward(
  input: tf.SymbolicTensor,
  output: tf.SymbolicTensor,
): (batch: tf.Tensor) => tf.Tensor {
  return forwardOf(input, output, planSteps(input, output, (tensor) => layerStep(tensor, false)));
}

/** The function of a batch that steps compute. */
function forwardOf(
  input: tf.SymbolicTensor,
  output: tf.SymbolicTensor,
  steps: readonly Step[],
): (batch: tf.Tensor) => tf.Tensor {
  const lastUses = findLastUses(steps, [input, output]);
  return (batch) => {
    const values = new Map([[input.id, batch]]);
    for (const [index, step] of steps.entries()) {
      const inputs = step.inputs.map(({ id }) => values.get(id)!);
      const result = step.run(inputs);
      // A layer may hand its input on; then there are two owners.
      values.set(step.output.id, inputs.includes(result) ? result.clone() : result);
      for (const id of lastUses[index]!) values.get(id)!.dispose();
    }
    return values.get(output.id)!;
  };
}

/** The steps from input to output, each after those that it needs. */
function planSteps(
  input: tf.SymbolicTensor,
  output: tf.SymbolicTensor,
  stepOf: (tensor: tf.SymbolicTensor) => Step,
): Step[] {
  const steps: Step[] = [];
  const planned = new Set([input.id]);
  const plan = (tensor: tf.SymbolicTensor): void => {
    if (planned.has(tensor.id)) return;
    planned.add(tensor.id);
    const step = stepOf(tensor);
    step.inputs.forEach(plan);
    steps.push(step);
  };
  plan(output);
  return steps;
}

/** How many layers take each tensor, by its id. */
function countUses(input: tf.SymbolicTensor, output: tf.SymbolicTensor): Map<number, number> {
  const uses = new Map([[input.id, 0], [output.id, 1]]);
  const visit = (tensor: tf.SymbolicTensor): void => {
    for (const source of sourcesOf(tensor)) {
      const known = uses.get(source.id);
      uses.set(source.id, (known ?? 0) + 1);
      if (known === undefined) visit(source);
    }
  };
  visit(output);
  return uses;
}

/** What the layer that makes a tensor takes. */
function sourcesOf({ sourceLayer, nodeIndex }: tf.SymbolicTensor): tf.SymbolicTensor[] {
  return sourceLayer.inboundNodes[nodeIndex!]!.inputTensors;
}

/** Which tensors each step is the last to take, by their ids, except those of `kept`. */
function findLastUses(steps: readonly Step[], kept: readonly tf.SymbolicTensor[]): number[][] {
  const seen = new Set(kept.map(({ id }) => id));
  return steps.toReversed().map((step) => {
    const last = [...new Set(step.inputs.map(({ id }) => id))].filter((id) => !seen.has(id));
    for (const id of last) seen.add(id);
    return last;
  }).reverse();
}

/** One layer. */
function layerStep(output: tf.SymbolicTensor, training: boolean): Step {
  const layer = output.sourceLayer;
  return {
    inputs: sourcesOf(output),
    output,
    run: (inputs) => layer.call(inputs.length === 1 ? inputs[0]! : inputs, { training }) as tf.Tensor,
  };
}

/**
 * A convolution without bias and activation. The layer runs the fused convolution, which also saves its output, for the
 * gradient of an activation that there is not, and computes the gradient of its input even where nobody asks for it.
 */
function convolutionStep(output: tf.SymbolicTensor): Step | undefined {
  const layer = output.sourceLayer;
  const { useBias, activation, dataFormat, ...config } = layer.getConfig();
  if (layer.getClassName() !== "Conv2D" || useBias || activation !== "linear") return undefined;
  if (dataFormat !== "channelsLast") return undefined;
  const { strides, padding, dilationRate } = config as unknown as ConvolutionConfig;
  const run = ([x]: tf.Tensor[]) => {
    const kernel = layer.weights[0]!.read() as tf.Tensor4D;
    return tf.conv2d(x as tf.Tensor4D, kernel, strides, padding, "NHWC", dilationRate);
  };
  return { inputs: sourcesOf(output), output, run };
}

/** What tf.conv2d takes of a layer's configuration. */
interface ConvolutionConfig {
  readonly strides: [number, number];
  readonly padding: "same" | "valid";
  readonly dilationRate: [number, number];
}

/** ReLU over one BatchNorm, or over a sum of them, whose intermediate results nobody else takes; undefined elsewhere. */
function normalizedSumStep(output: tf.SymbolicTensor, uses: ReadonlyMap<number, number>): Step | undefined {
  const isPrivate = ({ id }: tf.SymbolicTensor) => uses.get(id) === 1;
  if (!isRelu(output.sourceLayer)) return undefined;
  const [activated] = sourcesOf(output) as [tf.SymbolicTensor];
  const isSum = activated.sourceLayer.getClassName() === "Add";
  const terms = isSum ? sourcesOf(activated) : [activated];
  if (!isPrivate(activated) || terms.length > MAXIMUM_TERMS || !terms.every(isPrivate)) return undefined;
  const sameShape = ({ shape }: tf.SymbolicTensor) =>
    tf.util.arraysEqual(shape as number[], output.shape as number[]);
  const layers = terms.map(({ sourceLayer }) => sourceLayer)
    .filter((layer) => layer instanceof BatchNormalization && layer.isFast);
  if (layers.length < terms.length || !terms.every(sameShape)) return undefined;
  return {
    inputs: terms.flatMap(sourcesOf),
    output,
    run: (inputs) => runNormalizedSum(layers as BatchNormalization[], inputs),
  };
}

function runNormalizedSum(layers: readonly BatchNormalization[], inputs: readonly tf.Tensor[]): tf.Tensor {
  return tf.tidy(() => {
    const { y, means, variances } = normalizedSum(layers.map((layer, b) => layer.term(inputs[b]!)));
    layers.forEach((layer, b) => layer.moveStatistics(means[b]!, variances[b]!));
    return y;
  });
}

/** Whether a layer is max(x, 0). */
function isRelu(layer: tf.layers.Layer): boolean {
  const config = layer.getConfig();
  if (layer.getClassName() === "ReLU") return config["maxValue"] == null;
  return layer.getClassName() === "Activation" && config["activation"] === "relu";
}
