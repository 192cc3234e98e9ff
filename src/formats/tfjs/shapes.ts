/**
 * Output shapes of layers that a graph knows by their shape alone, as far as what follows them needs it. A layer that is not
 * listed has an unknown shape, and what follows it is fused only where the shape does not matter.
 *
 * @module
 */
import type { FullShape, Shape } from "../../graph/graph.ts";
import type { LayerConfig } from "./layer_config.ts";

type ShapeRule = (inputs: readonly Shape[], config: LayerConfig) => Shape;

const same: ShapeRule = ([input]) => input;

/** The shape of a layer's first output by class, or nothing when it is not known. */
export const SHAPES: Readonly<Record<string, ShapeRule>> = {
  Activation: same,
  LayerNormalization: same,
  PReLU: same,
  ReLU: same,
  Softmax: same,
  ThresholdedReLU: same,
  UpSampling2D: onImages(([batch, height, width, channels], config) => {
    const [rows, columns] = config.pair("size", [2, 2]);
    return [batch!, times(height!, rows), times(width!, columns), channels!];
  }),
  Cropping2D: onImages(([batch, height, width, channels], config) => {
    const [[top, bottom], [left, right]] = config.sides("cropping", 0);
    return [batch!, plus(height!, -top - bottom), plus(width!, -left - right), channels!];
  }),
  Conv1D: onSequences(([batch, length], config) => {
    const isWhole = config.text("padding", "valid") === "causal" &&
      config.ofImages().pair("strides", [1, 1])[1] === 1;
    return [batch!, isWhole ? length! : null, config.count("filters", 1)];
  }),
  ZeroPadding1D: onSequences(openLength),
  Cropping1D: onSequences(openLength),
  UpSampling1D: onSequences(openLength),
  Conv2DTranspose: onImages(([batch, ...sizes], config) => {
    const [kernel, strides] = [config.pair("kernel_size", [1, 1]), config.pair("strides", [1, 1])];
    const isSame = config.text("padding", "valid") === "same";
    const [height, width] = [0, 1].map((i) =>
      plus(times(sizes[i]!, strides[i]!), isSame ? 0 : Math.max(kernel[i]! - strides[i]!, 0))
    );
    return [batch!, height!, width!, config.count("filters", 1)];
  }),
  Resizing: onImages(([batch, , , channels], config) => [
    batch!,
    config.count("height", 1),
    config.count("width", 1),
    channels!,
  ]),
  Permute: ([input], { values: { dims } }) => {
    if (input === undefined || !Array.isArray(dims)) return undefined;
    const lengths = dims.map((axis) => input[axis]);
    return lengths.length === input.length - 1 && !lengths.includes(undefined)
      ? [input[0]!, ...lengths as FullShape]
      : undefined;
  },
  Dense: ([input], config) => input && [...input.slice(0, -1), config.count("units", 1)],
  Concatenate: (inputs, config) => {
    const first = inputs[0];
    if (first === undefined || inputs.some((shape) => shape?.length !== first.length)) return undefined;
    const axis = (config.axis("axis", -1) + first.length) % first.length;
    const total = inputs.map((shape) => shape![axis] ?? null)
      .reduce((a, b) => a === null || b === null ? null : a + b, 0);
    return first.map((length, i) => i === axis ? total : length);
  },
};

/** A rule for channels-last images. */
function onImages(rule: (image: FullShape, config: LayerConfig) => Shape): ShapeRule {
  return ([input], config) =>
    input?.length === 4 && config.text("data_format", "channels_last") === "channels_last"
      ? rule(input, config)
      : undefined;
}

/** A rule for channels-last sequences. */
function onSequences(rule: (sequence: FullShape, config: LayerConfig) => Shape): ShapeRule {
  return ([input], config) =>
    input?.length === 3 && config.text("data_format", "channels_last") === "channels_last"
      ? rule(input, config)
      : undefined;
}

/** The channels stay. */
function openLength([batch, , channels]: FullShape): Shape {
  return [batch!, null, channels!];
}

function times(length: number | null, factor: number): number | null {
  return length === null ? null : length * factor;
}

function plus(length: number | null, amount: number): number | null {
  return length === null ? null : length + amount;
}
