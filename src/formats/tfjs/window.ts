/**
 * The layers that move a window over an image: convolutions, poolings, explicit padding. Here a layer's "same" becomes
 * pixels.
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import { type Axes, type Axis, inputLength, outputLength, POINT } from "../../graph/axis.ts";
import type { Convolution, FullShape, WeightRef } from "../../graph/graph.ts";
import { type Refusal, refuse } from "../../graph/refusal.ts";
import { type LayerCall, weightOf } from "./layer_call.ts";
import type { LayerConfig, Pair } from "./layer_config.ts";
import { padded, transposed } from "./padding.ts";
import type { Part } from "../part.ts";

/** A layer on images, or why it is none that a graph knows. */
export type Outcome = Part | Refusal;

/** A Conv2D, a GroupedConv2D, or the pointwise half of a SeparableConv2D. */
export function convolution(
  call: LayerCall,
  image: FullShape,
  { kernel: key = "kernel", groups = 1 }: { kernel?: string; groups?: number } = {},
): Outcome {
  const kernel = kernelOf(call, key, image[3]!, groups);
  return windowed(call, image, kernel, groups, call.config.pair("dilation_rate", [1, 1]));
}

/**
 * A DepthwiseConv2D, or the first half of a SeparableConv2D.
 *
 * @param isWhole Whether the bias is its own.
 */
export function depthwiseConvolution(call: LayerCall, image: FullShape, isWhole: boolean): Outcome {
  const kernel = kernelOf(call, "depthwise_kernel", image[3]!, image[3]!);
  const dilation = call.config.pair("dilation_rate", [1, 1]);
  if (isWhole && dilation.some((rate) => rate > 1)) {
    return refuse(
      "depthwise",
      "TensorFlow.js ignores the dilation rate of a DepthwiseConv2D",
      "Write the dilation out as zeros in a larger kernel.",
    );
  }
  return windowed(call, image, kernel, image[3]!, dilation, isWhole);
}

/** A Conv2DTranspose, whose output is as many pixels times the stride, or more. */
export function transposedConvolution(call: LayerCall, image: FullShape): Outcome {
  const { config, layer } = call;
  const kernel = weightOf(call, "kernel");
  const [height = 0, width = 0, outChannels = 0, inChannels] = kernel.shape;
  if (kernel.shape.length !== 4 || inChannels !== image[3]) {
    throw new InputError(
      `Cannot read layer "${layer.name}": its kernel has shape [${kernel.shape}], which does not fit ${
        image[3]
      } channels.`,
    );
  }
  const mode = config.text("padding", "valid");
  const isDilated = config.pair("dilation_rate", [1, 1]).some((rate) => rate > 1);
  if ((mode !== "same" && mode !== "valid") || isDilated || config.values.output_padding != null) {
    return refuse(
      "padding",
      `its padding is "${mode}", or it is dilated, or has an output padding`,
      'Use padding "same" or "valid" alone.',
    );
  }
  const strides = config.pair("strides", [1, 1]);
  const [vertical, horizontal] = [height, width].map((size, i) => transposed(size, strides[i]!, mode)) as [
    Axis,
    Axis,
  ];
  return {
    op: "convolutionTranspose",
    kernel,
    ...(config.flag("use_bias", true) ? { bias: weightOf(call, "bias") } : {}),
    axes: [vertical, horizontal],
    activation: "linear",
    shape: [
      image[0]!,
      ...[vertical, horizontal].map((axis, i) =>
        image[i + 1] == null ? null : inputLength(axis, image[i + 1]!)
      ),
      outChannels,
    ],
  };
}

/** The 1x1 half of a SeparableConv2D, which carries its bias. */
export function pointwiseConvolution(call: LayerCall, image: FullShape): Part {
  const kernel = kernelOf(call, "pointwise_kernel", image[3]!, 1);
  return convolutionPart(call, image, kernel, 1, [POINT, POINT], true);
}

/** A pooling over a window. */
export function pool(call: LayerCall, image: FullShape, op: "maxPool" | "averagePool"): Outcome {
  const { config } = call;
  const size = config.pair("pool_size", [2, 2]);
  const axes = axesOf(config, image, size, config.pair("strides", size), [1, 1]);
  return "kind" in axes ? axes : { op, axes, shape: imageAfter(image, axes, image[3]!) };
}

/** A ZeroPadding2D. */
export function zeroPadding({ config }: LayerCall, image: FullShape): Part {
  const [[top, bottom], [left, right]] = config.sides("padding", 1);
  const axes = [{ ...POINT, before: top, after: bottom }, { ...POINT, before: left, after: right }] as const;
  return { op: "pad", padding: [top, bottom, left, right], shape: imageAfter(image, axes, image[3]!) };
}

/** The shape that a window gives whose padding is not known, with its lengths where they do not depend on that. */
export function shapeWithoutPadding(call: LayerCall, image: FullShape): FullShape | undefined {
  const { config, layer: { className } } = call;
  if (config.text("data_format", "channels_last") !== "channels_last") return undefined;
  const depthwise = className === "DepthwiseConv2D";
  const channels = depthwise
    ? image[3]! * config.count("depth_multiplier", 1)
    : className.endsWith("Conv2D")
    ? config.count("filters", 1)
    : image[3]!;
  const size = config.pair("kernel_size", config.pair("pool_size", [2, 2]));
  const strides = config.pair("strides", "pool_size" in config.values ? size : [1, 1]);
  const axes = axesOf(
    config,
    image,
    size,
    strides,
    depthwise ? [1, 1] : config.pair("dilation_rate", [1, 1]),
  );
  return "kind" in axes ? [image[0]!, null, null, channels] : imageAfter(image, axes, channels);
}

function windowed(
  call: LayerCall,
  image: FullShape,
  kernel: WeightRef,
  groups: number,
  dilation: Pair,
  hasBias = true,
): Outcome {
  const [height, width] = kernel.shape as [number, number, number, number];
  const strides = call.config.pair("strides", [1, 1]);
  const axes = axesOf(call.config, image, [height, width], strides, dilation);
  return "kind" in axes ? axes : convolutionPart(call, image, kernel, groups, axes, hasBias);
}

function convolutionPart(
  call: LayerCall,
  image: FullShape,
  kernel: WeightRef,
  groups: number,
  axes: Axes,
  mayHaveBias: boolean,
): Omit<Convolution, "name" | "inputs" | "outputs" | "origin"> & { shape: FullShape } {
  return {
    op: "convolution",
    kernel,
    ...(mayHaveBias && call.config.flag("use_bias", true) ? { bias: weightOf(call, "bias") } : {}),
    axes,
    groups,
    activation: "linear",
    shape: imageAfter(image, axes, kernel.shape[3]!),
  };
}

/** A kernel [h, w, C / groups, filters], or a depthwise one [h, w, C, multiplier], whose shape was checked. */
function kernelOf(call: LayerCall, key: string, inChannels: number, groups: number): WeightRef {
  const { name, shape: stored } = weightOf(call, key);
  // Of a layer for sequences, which are images of height 1.
  const shape = stored.length === 3 ? [1, ...stored] : stored;
  const [height = 0, width = 0, rows = 0, columns = 0] = shape;
  const isDepthwise = key === "depthwise_kernel";
  const outChannels = isDepthwise ? rows * columns : columns;
  const fits = inChannels === (isDepthwise ? rows : rows * groups) && outChannels % groups === 0;
  if (shape.length !== 4 || !fits) {
    throw new InputError(
      `Cannot read layer "${call.layer.name}": "${name}" has shape [${shape}], which does not fit ${inChannels} input ` +
        `channels in ${groups} group${groups === 1 ? "" : "s"}.`,
    );
  }
  return { name, shape: isDepthwise ? [height, width, 1, outChannels] : shape };
}

function axesOf(
  config: LayerConfig,
  image: FullShape,
  size: Pair,
  stride: Pair,
  dilation: Pair,
): Axes | Refusal {
  const mode = config.text("padding", "valid");
  if (mode !== "same" && mode !== "valid") {
    return refuse("padding", `its padding is "${mode}"`, 'Use padding "same" or "valid".');
  }
  const [vertical, horizontal] = ([0, 1] as const).map((i) =>
    padded({ size: size[i], dilation: dilation[i], stride: stride[i] }, mode, image[i + 1]!)
  );
  if (vertical === undefined || horizontal === undefined) {
    return refuse(
      "padding",
      `its stride is ${stride.join("x")} and the size of its input is not fixed`,
      "Give the network's input a fixed height and width.",
    );
  }
  return [vertical, horizontal];
}

/** The image that a window gives. */
function imageAfter([batch, ...sizes]: FullShape, axes: Axes, channels: number): FullShape {
  const [height, width] = axes.map((axis, i) => sizes[i] == null ? null : outputLength(axis, sizes[i]));
  return [batch!, height!, width!, channels];
}
