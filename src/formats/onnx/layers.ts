/**
 * The layers of tf.layers that stand in image classifiers, as nodes of ONNX's opset 17. A new layer is one entry in
 * {@link ONNX_RULES}.
 *
 * @module
 */
import { zeroPaddingAmounts } from "../../fuse/shapes.ts";
import { ACTIVATIONS, reluLayer } from "./activations.ts";
import { NotInOnnx, type OnnxCall, type OnnxRule, rank, TO_NCHW, TO_NHWC } from "./call.ts";
import { ints } from "./graph_writer.ts";
import { convolutionRule, depthwiseRule, poolingRule } from "./windows.ts";

/** NHWC axes by where they are in NCHW. */
const AXIS_IN_NCHW = [0, 2, 3, 1] as const;

/** Height and width in NCHW. */
const SPATIAL_AXES = ints([2, 3]);

/** The axis of a Softmax that names none, as tf.layers has it. */
const TFJS_SOFTMAX_AXIS = 1;

/** Layers by class. */
export const ONNX_RULES: Readonly<Record<string, OnnxRule>> = {
  Conv2D: convolutionRule,
  GroupedConv2D: convolutionRule,
  DepthwiseConv2D: depthwiseRule,
  AveragePooling2D: poolingRule("AveragePool"),
  MaxPooling2D: poolingRule("MaxPool"),
  GlobalAveragePooling2D: reduction("ReduceMean"),
  GlobalMaxPooling2D: reduction("ReduceMax"),
  ZeroPadding2D: zeroPadding,
  BatchNormalization: batchNormalization,
  Rescaling: rescaling,
  Dense: dense,
  Flatten: ({ inputs, output, writer }) => {
    writer.node("Flatten", output, [rowMajor(writer, inputs[0]!, output)], { axis: 1n });
  },
  Reshape: reshape,
  Add: joining("Sum"),
  Average: joining("Mean"),
  Maximum: joining("Max"),
  Minimum: joining("Min"),
  Multiply: multiply,
  Concatenate: concatenate,
  ReLU: ({ config, inputs, output, writer }) => reluLayer(writer, config, inputs[0]!.name, output),
  LeakyReLU: ({ config, inputs, output, writer }) => {
    writer.node("LeakyRelu", output, [inputs[0]!.name], { alpha: config.number("alpha", 0.3) });
  },
  ELU: ({ config, inputs, output, writer }) => {
    writer.node("Elu", output, [inputs[0]!.name], { alpha: config.number("alpha", 1) });
  },
  Softmax: ({ config, inputs, output, writer }) =>
    softmax(writer, inputs[0]!, output, config.axis("axis", TFJS_SOFTMAX_AXIS)),
  Activation: ({ config, inputs, output, writer }) => {
    const name = config.text("activation", "linear");
    if (name === "softmax") {
      softmax(writer, inputs[0]!, output, -1);
      return;
    }
    const activate = Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
    if (activate === undefined) throw new NotInOnnx(`its activation is "${name}"`);
    activate(writer, inputs[0]!.name, output);
  },
  Dropout: unchanged,
  SpatialDropout2D: unchanged,
  GaussianDropout: unchanged,
  GaussianNoise: unchanged,
  AlphaDropout: unchanged,
};

function unchanged({ inputs, output, writer }: OnnxCall): void {
  writer.node("Identity", output, [inputs[0]!.name]);
}

function reduction(opType: "ReduceMean" | "ReduceMax"): OnnxRule {
  return ({ inputs, output, writer }) => {
    writer.node(opType, output, [inputs[0]!.name], { axes: SPATIAL_AXES, keepdims: 0n });
  };
}

function zeroPadding({ config, inputs, output, writer }: OnnxCall): void {
  if (config.text("data_format", "channels_last") !== "channels_last") {
    throw new NotInOnnx("its images are channels first");
  }
  const [[top, bottom], [left, right]] = zeroPaddingAmounts(config);
  const pads = writer.integers(`${output}/pads`, [0, 0, top, left, 0, 0, bottom, right]);
  writer.node("Pad", output, [inputs[0]!.name, pads]);
}

function batchNormalization({ config, inputs, layer, output, writer }: OnnxCall): void {
  const [input] = inputs;
  const axis = config.axis("axis", -1);
  if (axis !== -1 && axis !== rank(input!) - 1) throw new NotInOnnx(`it normalizes axis ${axis}`);
  const channels = writer.weights.shape(`${layer.name}/moving_mean`)[0]!;
  const vector = (key: "gamma" | "beta", used: boolean, absent: number) =>
    used
      ? writer.weight(`${layer.name}/${key}`)
      : writer.constant(`${layer.name}/${key}`, new Float32Array(channels).fill(absent), [channels]);
  writer.node("BatchNormalization", output, [
    input!.name,
    vector("gamma", config.flag("scale", true), 1),
    vector("beta", config.flag("center", true), 0),
    writer.weight(`${layer.name}/moving_mean`),
    writer.weight(`${layer.name}/moving_variance`),
  ], { epsilon: config.number("epsilon", 1e-3) });
}

function rescaling({ config, inputs, output, writer }: OnnxCall): void {
  const scale = writer.scalar(`${output}/scale`, config.number("scale", 1));
  const offset = writer.scalar(`${output}/offset`, config.number("offset", 0));
  writer.node("Add", output, [writer.node("Mul", `${output}/scaled`, [inputs[0]!.name, scale]), offset]);
}

/** [N, inputs] by the kernel [inputs, units], as it is stored. */
function dense({ config, inputs, layer, output, writer }: OnnxCall): void {
  if (rank(inputs[0]!) !== 2) throw new NotInOnnx("its input is not [N, features]");
  const name = config.text("activation", "linear");
  const activate = Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
  if (activate === undefined && name !== "softmax") throw new NotInOnnx(`its activation is "${name}"`);
  const bias = config.flag("use_bias", true) ? [writer.weight(`${layer.name}/bias`)] : [];
  const product = name === "linear" ? output : `${output}/linear`;
  writer.node("Gemm", product, [inputs[0]!.name, writer.weight(`${layer.name}/kernel`), ...bias]);
  if (name === "softmax") softmax(writer, { name: product, shape: inputs[0]!.shape }, output, -1);
  else if (name !== "linear") activate!(writer, product, output);
}

/** To [1, 1, C], as squeeze-and-excitation has it, nothing has to move; any other image is brought to NHWC and back. */
function reshape({ inputs, output, shape, writer }: OnnxCall): void {
  const sizes = shape?.slice(1);
  if (sizes === undefined || sizes.includes(null)) throw new NotInOnnx("its target shape is not fixed");
  const target = sizes as number[];
  const x = rowMajor(writer, inputs[0]!, output);
  if (target.length !== 3) {
    writer.node("Reshape", output, [x, writer.integers(`${output}/shape`, [0, ...target])]);
  } else if (target[0] === 1 && target[1] === 1) {
    writer.node("Reshape", output, [x, writer.integers(`${output}/shape`, [0, target[2]!, 1, 1])]);
  } else {
    const nhwc = writer.node("Reshape", `${output}/nhwc`, [
      x,
      writer.integers(`${output}/shape`, [0, ...target]),
    ]);
    writer.node("Transpose", output, [nhwc], { perm: ints(TO_NCHW) });
  }
}

/** An operator that takes any number of tensors. */
function joining(opType: "Sum" | "Mean" | "Max" | "Min"): OnnxRule {
  return ({ inputs, output, writer }) => {
    if (!haveOneRank(inputs)) throw new NotInOnnx("its inputs differ in their number of axes");
    writer.node(opType, output, inputs.map(({ name }) => name));
  };
}

function multiply({ inputs, output, writer }: OnnxCall): void {
  if (!haveOneRank(inputs)) throw new NotInOnnx("its inputs differ in their number of axes");
  const last = inputs.length - 1;
  inputs.slice(1).reduce(
    (product, { name }, i) =>
      writer.node("Mul", i + 1 === last ? output : `${output}/product${i + 1}`, [product, name]),
    inputs[0]!.name,
  );
}

function concatenate({ config, inputs, output, writer }: OnnxCall): void {
  if (!haveOneRank(inputs)) throw new NotInOnnx("its inputs differ in their number of axes");
  writer.node("Concat", output, inputs.map(({ name }) => name), {
    axis: BigInt(axisInGraph(config.axis("axis", -1), rank(inputs[0]!))),
  });
}

function softmax(
  writer: OnnxCall["writer"],
  x: OnnxCall["inputs"][number],
  output: string,
  axis: number,
): void {
  writer.node("Softmax", output, [x.name], { axis: BigInt(axisInGraph(axis, rank(x))) });
}

/** Where an axis of the LayersModel's tensor is in the graph's. */
function axisInGraph(axis: number, rank: number): number {
  const positive = (axis + rank) % rank;
  return rank === 4 ? AXIS_IN_NCHW[positive]! : positive;
}

/** The tensor with its values in the LayersModel's order. */
function rowMajor(writer: OnnxCall["writer"], x: OnnxCall["inputs"][number], output: string): string {
  if (rank(x) !== 4) return x.name;
  return writer.node("Transpose", `${output}/input_nhwc`, [x.name], { perm: ints(TO_NHWC) });
}

function haveOneRank(inputs: OnnxCall["inputs"]): boolean {
  return inputs.every((input) => rank(input) === rank(inputs[0]!));
}
