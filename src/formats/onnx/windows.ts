/**
 * Convolutions and poolings in ONNX, with TensorFlow's padding written out pixel by pixel: at stride 2 on an even size "same"
 * pads 0 before and 1 after, which the graph says as `pads`, not as `auto_pad`.
 *
 * Kernels HWIO [kh, kw, in / groups, out] become OIHW [out, in / groups, kh, kw]; depthwise kernels [kh, kw, C, multiplier]
 * become [C·multiplier, 1, kh, kw].
 *
 * @module
 */
import type { LayerConfig } from "../../fuse/config.ts";
import type { Shape } from "../../fuse/graph.ts";
import { padded } from "../../fuse/padding.ts";
import { ACTIVATIONS } from "./activations.ts";
import { NotInOnnx, type OnnxCall, type OnnxRule } from "./call.ts";
import { type Attribute, ints } from "./graph_writer.ts";

type Pair = readonly [number, number];

/** HWIO to OIHW. */
const TO_OIHW = [3, 2, 0, 1] as const;

/** [kh, kw, C, multiplier] to [C, multiplier, kh, kw], which is read as [C·multiplier, 1, kh, kw]. */
const TO_DEPTHWISE = [2, 3, 0, 1] as const;

/** A Conv2D, or a GroupedConv2D with its groups. */
export const convolutionRule: OnnxRule = (call) => {
  const { config, layer, writer } = call;
  const kernel = writer.weight(`${layer.name}/kernel`, TO_OIHW);
  const groups = config.count("groups", 1);
  convolve(call, kernel, groups, config.pair("dilation_rate", [1, 1]), call.output);
};

/** A DepthwiseConv2D, whose dilation rate TensorFlow.js does not heed. */
export const depthwiseRule: OnnxRule = (call) => {
  const kernel = depthwiseKernel(call);
  convolve(call, kernel, Number(call.inputs[0]!.shape?.[3]), [1, 1], call.output);
};

/** An AveragePooling2D, which divides by the number of pixels inside the image, or a MaxPooling2D. */
export function poolingRule(opType: "AveragePool" | "MaxPool"): OnnxRule {
  return (call) => {
    const { config, inputs, output, writer } = call;
    const size = config.pair("pool_size", [2, 2]);
    const found = windowAttributes(config, inputs[0]!.shape, size, config.pair("strides", size), [1, 1]);
    const { dilations: _unused, ...attributes } = found;
    writer.node(opType, output, [inputs[0]!.name], attributes);
  };
}

/** [kh, kw, C, multiplier] as [C·multiplier, 1, kh, kw]. */
function depthwiseKernel({ layer, writer }: OnnxCall): string {
  const name = `${layer.name}/depthwise_kernel`;
  const [height, width, channels, multiplier] = writer.weights.shape(name) as [
    number,
    number,
    number,
    number,
  ];
  return writer.weight(name, TO_DEPTHWISE, [channels * multiplier, 1, height, width]);
}

function convolve(
  call: OnnxCall,
  kernel: string,
  groups: number,
  dilations: Pair,
  output: string,
): void {
  const { config, inputs, layer, writer } = call;
  const [input] = inputs;
  const activation = config.text("activation", "linear");
  const activate = ACTIVATIONS[activation];
  if (activate === undefined) throw new NotInOnnx(`its activation is "${activation}"`);
  const size = kernelSize(call);
  const attributes = windowAttributes(config, input!.shape, size, config.pair("strides", [1, 1]), dilations);
  const bias = config.flag("use_bias", true) ? [writer.weight(`${layer.name}/bias`)] : [];
  const isLinear = activation === "linear";
  const linear = writer.node(
    "Conv",
    isLinear ? output : `${output}/linear`,
    [input!.name, kernel, ...bias],
    { ...attributes, group: BigInt(groups) },
  );
  if (!isLinear) activate(writer, linear, output);
}

function kernelSize({ layer, writer }: OnnxCall): Pair {
  const kernel = writer.weights.has(`${layer.name}/kernel`) ? "kernel" : "depthwise_kernel";
  const [height, width] = writer.weights.shape(`${layer.name}/${kernel}`) as [number, number];
  return [height, width];
}

/** The attributes of a window. */
function windowAttributes(
  config: LayerConfig,
  shape: Shape,
  size: Pair,
  strides: Pair,
  dilations: Pair,
): Record<string, Attribute> {
  if (config.text("data_format", "channels_last") !== "channels_last") {
    throw new NotInOnnx("its images are channels first");
  }
  const mode = config.text("padding", "valid");
  if (mode !== "same" && mode !== "valid") throw new NotInOnnx(`its padding is "${mode}"`);
  const axes = ([0, 1] as const).map((i) =>
    padded({ size: size[i], dilation: dilations[i], stride: strides[i] }, mode, shape?.[i + 1] ?? null)
  );
  if (axes.includes(undefined)) throw new NotInOnnx("the size of its input is not fixed");
  // A window that leaves pixels unread at the end would be padded by less than nothing: ONNX rounds down by itself.
  const before = axes.map((axis) => axis!.before);
  const after = axes.map((axis) => Math.max(0, axis!.after));
  return {
    kernel_shape: ints(size),
    strides: ints(strides),
    dilations: ints(dilations),
    pads: ints([...before, ...after]),
  };
}
