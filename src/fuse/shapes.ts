/**
 * Output shapes of the layers of `@tensorflow/tfjs-layers` 4.22 that stand around convolutions, as far as padding and
 * multiply-accumulates need them. A layer that is not listed has an unknown shape, and what follows it is fused only
 * where the shape does not matter.
 *
 * @module
 */
import { outputLength } from "./axis.ts";
import { LayerConfig } from "./config.ts";
import type { Layer, Shape } from "./graph.ts";
import { padded, type PaddingMode } from "./padding.ts";

type Rule = (inputs: readonly Shape[], config: LayerConfig) => Shape;

const same: Rule = ([input]) => input;

/** `[batch, height, width, channels]` through a window, with the number of channels that comes out. */
function windowed(channels: (input: number | null, config: LayerConfig) => number | null): Rule {
  return ([input], config) => {
    if (input?.length !== 4 || config.text("data_format", "channels_last") !== "channels_last") {
      return undefined;
    }
    const sizes = config.pair("kernel_size", config.pair("pool_size", [2, 2]));
    const strides = config.pair("strides", "pool_size" in config.values ? sizes : [1, 1]);
    const dilations = "depth_multiplier" in config.values && !("filters" in config.values)
      ? [1, 1] as const // The DepthwiseConv2D of TensorFlow.js ignores its dilation rate.
      : config.pair("dilation_rate", [1, 1]);
    const mode = config.text("padding", "valid") as PaddingMode;
    const lengths = [0, 1].map((i) => {
      const length = at(input, i + 1);
      if (length === null) return null;
      const axis = padded({ size: sizes[i]!, dilation: dilations[i]!, stride: strides[i]! }, mode, length)!;
      return outputLength(axis, length);
    });
    return [at(input, 0), ...lengths, channels(at(input, 3), config)];
  };
}

const filters = windowed((_, config) => config.count("filters", 1));
const keepChannels = windowed((channels) => channels);

const RULES: Readonly<Record<string, Rule>> = {
  Conv2D: filters,
  SeparableConv2D: filters,
  GroupedConv2D: filters,
  DepthwiseConv2D: windowed((channels, config) => {
    return channels === null ? null : channels * config.count("depth_multiplier", 1);
  }),
  MaxPooling2D: keepChannels,
  AveragePooling2D: keepChannels,
  ZeroPadding2D: ([input], config) => {
    if (input?.length !== 4 || config.text("data_format", "channels_last") !== "channels_last") {
      return undefined;
    }
    const [[top, bottom], [left, right]] = zeroPaddingAmounts(config);
    return [at(input, 0), plus(at(input, 1), top + bottom), plus(at(input, 2), left + right), at(input, 3)];
  },
  GlobalAveragePooling2D: ([input]) => input && [at(input, 0), at(input, 3)],
  GlobalMaxPooling2D: ([input]) => input && [at(input, 0), at(input, 3)],
  Dense: ([input], config) => input && [...input.slice(0, -1), config.count("units", 1)],
  Flatten: ([input]) => {
    if (input === undefined) return undefined;
    const count = input.slice(1).reduce((a, b) => a === null || b === null ? null : a * b, 1);
    return [at(input, 0), count];
  },
  Reshape: ([input], config) => {
    const target = config.values.target_shape;
    if (input === undefined || !Array.isArray(target)) return undefined;
    if (!target.every((length) => typeof length === "number" && length > 0)) return undefined;
    return [at(input, 0), ...target as number[]];
  },
  UpSampling2D: ([input], config) => {
    if (input?.length !== 4 || config.text("data_format", "channels_last") !== "channels_last") {
      return undefined;
    }
    const factors = config.pair("size", [2, 2]);
    const [height, width] = [at(input, 1), at(input, 2)];
    return [
      at(input, 0),
      height === null ? null : height * factors[0],
      width === null ? null : width * factors[1],
      at(input, 3),
    ];
  },
  Concatenate: (inputs, config) => {
    const first = inputs[0];
    if (first === undefined || inputs.some((shape) => shape?.length !== first.length)) return undefined;
    const axis = (config.axis("axis", -1) + first.length) % first.length;
    const total = inputs.map((shape) => at(shape, axis)).reduce(plus, 0);
    return first.map((length, i) => i === axis ? total : length);
  },
  ...Object.fromEntries(
    ["Add", "Average", "Multiply", "Maximum", "Minimum"].map((name) => [name, broadcast]),
  ),
  ...Object.fromEntries(
    [
      "Activation",
      "BatchNormalization",
      "Dropout",
      "ELU",
      "GaussianDropout",
      "GaussianNoise",
      "LayerNormalization",
      "LeakyReLU",
      "PReLU",
      "ReLU",
      "Rescaling",
      "Softmax",
      "SpatialDropout2D",
      "AlphaDropout",
      "ThresholdedReLU",
    ].map((name) => [name, same]),
  ),
};

/** The shape of a layer's first output, or nothing when it is not known. */
export function outputShape(layer: Layer, inputs: readonly Shape[]): Shape {
  const rule = Object.hasOwn(RULES, layer.className) ? RULES[layer.className] : undefined;
  return rule?.(inputs, new LayerConfig(layer.name, layer.config));
}

/** The `[[top, bottom], [left, right]]` of a ZeroPadding2D, from any of the forms that Keras allows. */
export function zeroPaddingAmounts(
  config: LayerConfig,
): readonly [readonly [number, number], readonly [number, number]] {
  const value = config.values.padding ?? 1;
  const both = Array.isArray(value) ? value : [value, value];
  const amounts = both.map((side) => Array.isArray(side) ? side : [side, side]);
  const holds = amounts.length === 2 &&
    amounts.every((side) => side.length === 2 && side.every((n) => Number.isInteger(n) && n >= 0));
  if (!holds) config.fail("padding", "[[top, bottom], [left, right]] in whole pixels");
  return amounts as unknown as readonly [readonly [number, number], readonly [number, number]];
}

/** A length of a shape; one that is missing is not fixed. */
function at(shape: Shape, i: number): number | null {
  return shape?.[i] ?? null;
}

function plus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

function broadcast(inputs: readonly Shape[]): Shape {
  const first = inputs[0];
  if (first === undefined || inputs.some((shape) => shape?.length !== first.length)) return undefined;
  return first.map((_, i) => {
    const lengths = inputs.map((shape) => at(shape, i));
    return lengths.find((length) => length !== 1 && length !== null) ??
      (lengths.some((length) => length === null) ? null : 1);
  });
}
