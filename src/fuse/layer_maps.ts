/**
 * The affine maps of the layer classes that have them: from a layer's configuration and weights to kernel, bias, stride,
 * padding and groups. A new affine layer is one entry in {@link AFFINE_LAYERS}.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { type Affine, type Outcome, type Refusal, refuse } from "./affine.ts";
import { type Axes, type Axis, POINT } from "./axis.ts";
import type { LayerConfig } from "./config.ts";
import type { Laws } from "./laws.ts";
import { padded, type PaddingMode } from "./padding.ts";
import { zeroPaddingAmounts } from "./shapes.ts";
import type { WeightStore } from "./weights.ts";

/** One call of an affine layer on an image. */
export interface AffineCall {
  readonly name: string;
  readonly config: LayerConfig;
  readonly input: ImageShape;
  readonly laws: Laws;
  readonly weights: WeightStore;
}

/** The shape of an NHWC image; `null` for a length that is not fixed. */
export interface ImageShape {
  readonly height: number | null;
  readonly width: number | null;
  readonly channels: number;
}

/** The maps of a call, one after the other, or why it has none. */
export type AffineRule = (call: AffineCall) => readonly Affine[] | Refusal;

/** The layer classes that are affine at inference. */
export const AFFINE_LAYERS: Readonly<Record<string, AffineRule>> = {
  Conv2D: (call) => convolution(call, "kernel", 1, "bias"),
  GroupedConv2D: (call) => convolution(call, "kernel", call.config.count("groups", 1), "bias"),
  DepthwiseConv2D: (call) => {
    if (call.config.pair("dilation_rate", [1, 1]).some((rate) => rate > 1)) {
      return refuse(
        "depthwise",
        "TensorFlow.js ignores the dilation rate of a DepthwiseConv2D",
        "Write the dilation out as zeros in a larger kernel.",
      );
    }
    return convolution(call, "depthwise_kernel", call.input.channels, "bias");
  },
  SeparableConv2D: (call) => {
    const depthwise = convolution(call, "depthwise_kernel", call.input.channels);
    if ("kind" in depthwise) return depthwise;
    const kernel = kernelOf(call, "pointwise_kernel", 1, depthwise[0]!.outChannels);
    return [...depthwise, convolutionMap(call, kernel, [POINT, POINT], "bias")];
  },
  BatchNormalization: batchNormalization,
  ZeroPadding2D: ({ config, input, laws }) => {
    const [[top, bottom], [left, right]] = zeroPaddingAmounts(config);
    const vertical = { ...POINT, before: top, after: bottom };
    const horizontal = { ...POINT, before: left, after: right };
    return [laws.zeroPadding(input.channels, [vertical, horizontal])];
  },
  AveragePooling2D: ({ config, input, laws }) => {
    const size = config.pair("pool_size", [2, 2]);
    const axes = windowAxes(config, size, config.pair("strides", size), [1, 1], input);
    return "kind" in axes ? axes : single(laws.averagePool(input.channels, axes));
  },
  Rescaling: ({ config, input, laws }) => {
    const fill = (value: number) => new Float64Array(input.channels).fill(value);
    return [laws.scale(fill(config.number("scale", 1)), fill(config.number("offset", 0)))];
  },
};

function single(outcome: Outcome): readonly Affine[] | Refusal {
  return outcome.kind === "refusal" ? outcome : [outcome];
}

/** A convolution with the layer's own window. */
function convolution(
  call: AffineCall,
  kernelName: string,
  groups: number,
  biasName?: string,
): readonly Affine[] | Refusal {
  const { config, input } = call;
  const kernel = kernelOf(call, kernelName, groups, input.channels);
  const strides = config.pair("strides", [1, 1]);
  const axes = windowAxes(config, kernel.size, strides, config.pair("dilation_rate", [1, 1]), input);
  return "kind" in axes ? axes : [convolutionMap(call, kernel, axes, biasName)];
}

/** A kernel whose shape was checked. */
interface Kernel {
  readonly name: string;
  readonly size: readonly [height: number, width: number];
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
}

/** The kernel [h, w, C / groups, filters], or a depthwise one [h, w, C, multiplier]. */
function kernelOf(
  { name, weights }: AffineCall,
  kernelName: string,
  groups: number,
  inChannels: number,
): Kernel {
  const weight = `${name}/${kernelName}`;
  const shape = weights.shape(weight);
  const [height = 0, width = 0, rows = 0, columns = 0] = shape;
  const depthwise = kernelName === "depthwise_kernel";
  const outChannels = depthwise ? rows * columns : columns;
  if (shape.length !== 4 || inChannels !== (depthwise ? rows : rows * groups) || outChannels % groups !== 0) {
    throw new InputError(
      `Cannot fuse: "${weight}" has shape [${shape}], which does not fit ${inChannels} input channels in ${groups} ` +
        `group${groups === 1 ? "" : "s"}.`,
    );
  }
  return { name: weight, size: [height, width], inChannels, outChannels, groups };
}

function convolutionMap(
  { name, config, laws, weights }: AffineCall,
  kernel: Kernel,
  axes: Axes,
  biasName?: string,
) {
  const { inChannels, outChannels, groups } = kernel;
  const hasWeight = biasName !== undefined && config.flag("use_bias", true);
  const bias = hasWeight ? weights.read(`${name}/${biasName}`) : undefined;
  const hasBias = bias?.some((value) => value !== 0) ?? false;
  return laws.convolution(
    { inChannels, outChannels, groups, axes, hasBias },
    () => ({ kernel: weights.read(kernel.name), bias }),
  );
}

function batchNormalization({ name, config, input, laws, weights }: AffineCall): readonly Affine[] | Refusal {
  const axis = config.axis("axis", -1);
  if (axis !== -1 && axis !== 3) {
    return refuse("batchNorm", `it normalizes axis ${axis}, not the channels`, "Normalize the last axis.");
  }
  const read = (key: string) => weights.read(`${name}/${key}`);
  const variance = read("moving_variance");
  const epsilon = config.number("epsilon", 1e-3);
  if (variance.length !== input.channels) {
    throw new InputError(
      `Cannot fuse: "${name}" normalizes ${variance.length} channels, its input has ${input.channels}.`,
    );
  }
  const bad = variance.findIndex((value) => value < 0 || value + epsilon <= 0);
  if (bad >= 0) {
    throw new InputError(
      `Cannot fuse: the running variance of "${name}" is ${
        variance[bad]
      } at channel ${bad} (epsilon ${epsilon}), ` +
        "expected at least 0 and more than 0 with epsilon.",
    );
  }
  return [laws.batchNorm({
    gamma: config.flag("scale", true) ? read("gamma") : undefined,
    beta: config.flag("center", true) ? read("beta") : undefined,
    mean: read("moving_mean"),
    variance,
    epsilon,
  })];
}

function windowAxes(
  config: LayerConfig,
  size: readonly [number, number],
  stride: readonly [number, number],
  dilation: readonly [number, number],
  input: ImageShape,
): Axes | Refusal {
  const mode = config.text("padding", "valid");
  if (mode !== "same" && mode !== "valid") {
    return refuse("padding", `its padding is "${mode}"`, 'Use padding "same" or "valid".');
  }
  const axis = (i: 0 | 1, length: number | null): Axis | undefined =>
    padded({ size: size[i], dilation: dilation[i], stride: stride[i] }, mode satisfies PaddingMode, length);
  const [vertical, horizontal] = [axis(0, input.height), axis(1, input.width)];
  if (vertical === undefined || horizontal === undefined) {
    return refuse(
      "padding",
      `its stride is ${stride.join("x")} and the size of its input is not fixed`,
      "Give the network's input a fixed height and width.",
    );
  }
  return [vertical, horizontal];
}
