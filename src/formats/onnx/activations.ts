/**
 * The activations of tf.layers in operators of opset 17, which has neither GELU nor Mish nor swish.
 *
 * @module
 */
import type { LayerConfig } from "../../fuse/config.ts";
import { NotInOnnx } from "./call.ts";
import type { OnnxGraphWriter } from "./graph_writer.ts";

/** Writes the nodes of an activation of `x`; the last one is named `output`. */
type Activation = (writer: OnnxGraphWriter, x: string, output: string) => void;

const RELU6_LIMIT = 6;

/** The tanh approximation of GELU (Hendrycks and Gimpel, 2016): 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))). */
const GELU_TANH = { scale: Math.sqrt(2 / Math.PI), cubic: 0.044715 } as const;

/** Activations by their names in tf.layers. Softmax is not among them: it needs an axis. */
export const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  linear: single("Identity"),
  relu: single("Relu"),
  relu6: (writer, x, output) => clip(writer, x, output, 0, RELU6_LIMIT),
  elu: single("Elu"),
  selu: single("Selu"),
  sigmoid: single("Sigmoid"),
  hard_sigmoid: single("HardSigmoid"), // clip(0.2·x + 0.5, 0, 1), the defaults of both
  softplus: single("Softplus"),
  softsign: single("Softsign"),
  tanh: single("Tanh"),
  swish: (writer, x, output) => {
    writer.node("Mul", output, [x, writer.node("Sigmoid", `${output}/sigmoid`, [x])]);
  },
  mish: (writer, x, output) => {
    const softplus = writer.node("Softplus", `${output}/softplus`, [x]);
    writer.node("Mul", output, [x, writer.node("Tanh", `${output}/tanh`, [softplus])]);
  },
  gelu: (writer, x, output) => {
    const scaled = writer.node("Mul", `${output}/scaled`, [
      x,
      writer.scalar(`${output}/sqrt1_2`, Math.SQRT1_2),
    ]);
    halfOfOnePlus(writer, x, writer.node("Erf", `${output}/erf`, [scaled]), output);
  },
  gelu_new: (writer, x, output) => {
    const square = writer.node("Mul", `${output}/square`, [x, x]);
    const cubic = writer.node("Mul", `${output}/cubic`, [
      square,
      writer.scalar(`${output}/c3`, GELU_TANH.cubic),
    ]);
    const sum = writer.node("Add", `${output}/sum`, [cubic, writer.scalar(`${output}/one`, 1)]);
    const inner = writer.node("Mul", `${output}/inner`, [x, sum]);
    const scaled = writer.node("Mul", `${output}/scaled`, [
      inner,
      writer.scalar(`${output}/c1`, GELU_TANH.scale),
    ]);
    halfOfOnePlus(writer, x, writer.node("Tanh", `${output}/tanh`, [scaled]), output);
  },
};

/** min(max(x, least), most). */
export function clip(writer: OnnxGraphWriter, x: string, output: string, least: number, most: number): void {
  writer.node("Clip", output, [
    x,
    writer.scalar(`${output}/min`, least),
    writer.scalar(`${output}/max`, most),
  ]);
}

/**
 * A ReLU layer with its options.
 *
 * @throws {NotInOnnx} when no operator has them.
 */
export function reluLayer(
  writer: OnnxGraphWriter,
  config: LayerConfig,
  x: string,
  output: string,
): void {
  const limit = config.values.max_value ?? null;
  const slope = config.number("negative_slope", 0);
  if (config.number("threshold", 0) !== 0) throw new NotInOnnx("its threshold is not 0");
  if (limit !== null && slope !== 0) throw new NotInOnnx("it has both a max_value and a negative_slope");
  if (limit !== null) clip(writer, x, output, 0, config.number("max_value", 0));
  else if (slope !== 0) writer.node("LeakyRelu", output, [x], { alpha: slope });
  else writer.node("Relu", output, [x]);
}

function single(opType: string): Activation {
  return (writer, x, output) => void writer.node(opType, output, [x]);
}

/** 0.5·x·(1 + y) */
function halfOfOnePlus(writer: OnnxGraphWriter, x: string, y: string, output: string): void {
  const sum = writer.node("Add", `${output}/one_plus`, [y, writer.scalar(`${output}/one`, 1)]);
  const half = writer.node("Mul", `${output}/half`, [x, writer.scalar(`${output}/half_factor`, 0.5)]);
  writer.node("Mul", output, [half, sum]);
}
