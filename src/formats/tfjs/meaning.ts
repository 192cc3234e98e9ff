/**
 * What each class of layer means: the one place where a Keras configuration becomes operations. A new layer is one entry in
 * {@link RULES}; what is not there is opaque, with its shape where {@link SHAPES} tells it.
 *
 * The layers are those of `@tensorflow/tfjs-layers` 4.22.
 *
 * @module
 */
import { type Activation, activationNamed, RELU6_LIMIT } from "../../graph/activation.ts";
import { InputError } from "../../errors.ts";
import { asImageShape, sequenceShape } from "../../graph/as_images.ts";
import { broadcast } from "../../graph/broadcast.ts";
import type { FullShape, Shape } from "../../graph/graph.ts";
import { type Refusal, refuse } from "../../graph/refusal.ts";
import { isSequence } from "../../graph/sides.ts";
import type { Weights } from "../../graph/weights.ts";
import type { Meaning } from "./topology.ts";
import { axisFromFront, imageShape, type LayerCall, weightOf } from "./layer_call.ts";
import { LayerConfig } from "./layer_config.ts";
import type { Part } from "../part.ts";
import { SHAPES } from "./shapes.ts";
import {
  convolution,
  depthwiseConvolution,
  type Outcome,
  pointwiseConvolution,
  pool,
  shapeWithoutPadding,
  transposedConvolution,
  zeroPadding,
} from "./window.ts";
import { weightNamed, weightsOfLayer } from "./weights.ts";

/** The parts of a call in order; a refusal where it is opaque for a reason, and nothing where it is without one. */
type Rule = (call: LayerCall) => readonly Part[] | Refusal | undefined;

/** The axis of a Softmax that names none, as tf.layers has it. */
const TFJS_SOFTMAX_AXIS = 1;

/** Layers that change nothing at inference. */
const unchanged: Rule = ({ inputs: [input] }) => [{ op: "identity", shape: input?.shape }];

const RULES: Readonly<Record<string, Rule>> = {
  Conv2D: onImages((call, image) => convolution(call, image)),
  GroupedConv2D: onImages((call, image) =>
    convolution(call, image, { groups: call.config.count("groups", 1) })
  ),
  Conv2DTranspose: onImages(transposedConvolution),
  DepthwiseConv2D: onImages((call, image) => depthwiseConvolution(call, image, true)),
  SeparableConv2D: onImages((call, image) => {
    const depthwise = depthwiseConvolution(call, image, false);
    return "kind" in depthwise ? depthwise : [depthwise, pointwiseConvolution(call, depthwise.shape!)];
  }),
  MaxPooling2D: onImages((call, image) => pool(call, image, "maxPool")),
  AveragePooling2D: onImages((call, image) => pool(call, image, "averagePool")),
  UpSampling2D: onImages(({ config }, [batch, height, width, channels]) => {
    if (config.text("interpolation", "nearest") !== "nearest") return undefined;
    const [rows, columns] = config.pair("size", [2, 2]) as [number, number];
    const times = (length: number | null, factor: number) => length === null ? null : length * factor;
    const shape = [batch!, times(height!, rows), times(width!, columns), channels!];
    return { op: "upsample", factors: [rows, columns], shape };
  }),
  ZeroPadding2D: onImages(zeroPadding),
  Conv1D: onSequences((call, image) => convolution(call, image)),
  MaxPooling1D: onSequences((call, image) => pool(call, image, "maxPool")),
  AveragePooling1D: onSequences((call, image) => pool(call, image, "averagePool")),
  GlobalMaxPooling1D: onSequences((call, image) => globalPool(call, image, "globalMaxPool")),
  GlobalAveragePooling1D: onSequences((call, image) => globalPool(call, image, "globalAveragePool")),
  Conv3D: () => refuse("layout", "it moves along three axes", "Nothing: it stays as it is."),
  GlobalMaxPooling2D: onImages((call, image) => globalPool(call, image, "globalMaxPool")),
  GlobalAveragePooling2D: onImages((call, image) => globalPool(call, image, "globalAveragePool")),
  BatchNormalization: batchNormalization,
  Rescaling: ({ config, inputs: [input] }) => [{
    op: "scale",
    factors: config.numbers("scale", 1),
    offsets: config.numbers("offset", 0),
    shape: input?.shape,
  }],
  Dense: dense,
  Flatten: ({ inputs: [input] }) => reshaped(input?.shape, [-1]),
  Reshape: ({ config, inputs: [input] }) => reshaped(input?.shape, config.values.target_shape),
  Add: joined("add"),
  Average: joined("average"),
  Multiply: joined("multiply"),
  Maximum: joined("maximum"),
  Minimum: joined("minimum"),
  Concatenate: ({ config, inputs }) => {
    const shape = SHAPES.Concatenate!(inputs.map((input) => input.shape), config);
    const axis = shape && axisFromFront(config.axis("axis", -1), shape);
    return axis === undefined ? undefined : [{ op: "concatenate", axis, shape }];
  },
  ReLU: ({ config, inputs: [input] }) => {
    const limit = config.numberOrNone("max_value");
    const alpha = config.numberOrNone("negative_slope") ?? 0;
    if ((config.numberOrNone("threshold") ?? 0) !== 0 || (limit !== undefined && alpha !== 0)) {
      return undefined;
    }
    const shape = input?.shape;
    if (alpha !== 0) return [leaky(alpha, shape)];
    if (limit === RELU6_LIMIT) return [{ op: "activation", activation: "relu6", shape }];
    return [{ op: "activation", activation: "relu", ...(limit === undefined ? {} : { limit }), shape }];
  },
  LeakyReLU: ({ config, inputs: [input] }) => [leaky(config.number("alpha", 0.3), input?.shape)],
  PReLU: (call) => {
    const { name, shape } = weightOf(call, "alpha");
    const [first, ...others] = weightNamed(call.weights, name).read();
    const isOne = shape.length > 0 && first !== undefined && others.every((slope) => slope === first);
    return isOne ? [leaky(first, call.inputs[0]?.shape)] : undefined;
  },
  ELU: ({ config, inputs: [input] }) => {
    const alpha = config.number("alpha", 1);
    return [{ op: "activation", activation: "elu", ...(alpha === 1 ? {} : { alpha }), shape: input?.shape }];
  },
  Softmax: ({ config, inputs: [input] }) => {
    const shape = input?.shape;
    const axis = shape && axisFromFront(config.axis("axis", TFJS_SOFTMAX_AXIS), shape);
    return axis === undefined ? undefined : [{ op: "softmax", axis, shape }];
  },
  Activation: ({ config, inputs: [input] }) => {
    const shape = input?.shape;
    const activation = activationOf(config);
    if (activation === "linear") return [{ op: "identity", shape }];
    if (activation !== "softmax") return activation && [{ op: "activation", activation, shape }];
    return shape && [{ op: "softmax", axis: shape.length - 1, shape }];
  },
  AlphaDropout: unchanged,
  Dropout: unchanged,
  GaussianDropout: unchanged,
  GaussianNoise: unchanged,
  SpatialDropout1D: unchanged,
  SpatialDropout2D: unchanged,
};

/** The classes that are convolutions, and their kernels: each weight is used once per output position. */
const KERNELS: Readonly<Record<string, readonly string[]>> = {
  Conv1D: ["kernel"],
  Conv2D: ["kernel"],
  Conv3D: ["kernel"],
  Conv2DTranspose: ["kernel"],
  GroupedConv2D: ["kernel"],
  DepthwiseConv2D: ["depthwise_kernel"],
  SeparableConv2D: ["depthwise_kernel", "pointwise_kernel"],
};

/**
 * What calls of layers compute, for `readCalls`.
 *
 * @param weights Of the model.
 * @throws {InputError} when a layer's configuration or the shape of a weight is broken.
 */
export function meaningIn(weights: Weights): Meaning {
  return (layer, inputs, kwargs) => {
    const config = new LayerConfig(layer.name, layer.config);
    const call: LayerCall = { layer, config, inputs, weights };
    const rule = Object.hasOwn(RULES, layer.className) ? RULES[layer.className] : undefined;
    const found = rule?.(call);
    if (kwargs.training === true) {
      const refusal = refuse("inference", "it is called in training mode", "Call it without training: true.");
      return [
        opaque(call, found !== undefined && "length" in found ? found.at(-1)!.shape : undefined, refusal),
      ];
    }
    if (found !== undefined && "length" in found) return found;
    return [opaque(call, shapeOf(call), found)];
  };
}

/** A rule for channels-last images of a known number of channels, with the activation that the layer carries. */
function onImages(
  rule: (call: LayerCall, image: FullShape) => Outcome | readonly Part[] | undefined,
): Rule {
  return (call) => {
    const image = imageShape(call.inputs[0]?.shape);
    if (image === undefined) return undefined;
    if (call.config.text("data_format", "channels_last") !== "channels_last") {
      return refuse("layout", "its images are channels first", 'Use data_format "channels_last".');
    }
    const found = rule(call, image);
    if (found === undefined || "kind" in found) return found;
    return withActivation(call.config, "op" in found ? [found] : found);
  };
}

/** A rule for channels-last sequences of a known number of channels: they are images of height 1. */
function onSequences(
  rule: (call: LayerCall, image: FullShape) => Outcome | readonly Part[] | undefined,
): Rule {
  const images = onImages(rule);
  return (call) => {
    const [input] = call.inputs;
    if (input === undefined || !isSequence(input.shape)) return undefined;
    const inputs = [{ ...input, shape: asImageShape(input.shape) }];
    const found = images({ ...call, config: call.config.ofImages(), inputs });
    if (found === undefined || "kind" in found) return found;
    return found.map((part) => ({
      ...part,
      shape: sequenceShape(part.shape),
      ...(part.op === "softmax" ? { axis: 2 } : {}),
    }));
  };
}

/** The parts with the activation of the layer's configuration on the last; a softmax becomes a part of its own. */
function withActivation(config: LayerConfig, parts: readonly Part[]): readonly Part[] | undefined {
  const activation = activationOf(config);
  const last = parts.at(-1)!;
  if (activation === undefined) return undefined;
  if (activation === "softmax") {
    return [...parts, { op: "softmax", axis: last.shape!.length - 1, shape: last.shape }];
  }
  if (last.op !== "convolution" && last.op !== "convolutionTranspose" && last.op !== "dense") return parts;
  return [...parts.slice(0, -1), { ...last, activation }];
}

/** The configured activation; nothing where a graph has none of its name. */
function activationOf({ values }: LayerConfig): Activation | "softmax" | undefined {
  const name = values.activation ?? "linear";
  if (name === "softmax") return name;
  // The slope of a leaky ReLU is not said by its name.
  return typeof name === "string" && name !== "leaky_relu" ? activationNamed(name) : undefined;
}

function batchNormalization(call: LayerCall): readonly Part[] | Refusal | undefined {
  const { config, inputs: [input], layer } = call;
  const shape = input?.shape;
  if (shape === undefined) return undefined;
  const axis = config.axis("axis", -1);
  if (axisFromFront(axis, shape) !== shape.length - 1) {
    return refuse("batchNorm", `it normalizes axis ${axis}, not the channels`, "Normalize the last axis.");
  }
  const variance = weightOf(call, "moving_variance");
  const channels = shape.at(-1);
  if (channels != null && variance.shape[0] !== channels) {
    throw new InputError(
      `Cannot read layer "${layer.name}": it normalizes ${
        variance.shape[0]
      } channels, its input has ${channels}.`,
    );
  }
  return [{
    op: "batchNorm",
    mean: weightOf(call, "moving_mean"),
    variance,
    ...(config.flag("scale", true) ? { gamma: weightOf(call, "gamma") } : {}),
    ...(config.flag("center", true) ? { beta: weightOf(call, "beta") } : {}),
    epsilon: config.number("epsilon", 1e-3),
    shape,
  }];
}

function dense(call: LayerCall): readonly Part[] | undefined {
  const { config, inputs: [input] } = call;
  const shape = input?.shape && [...input.shape.slice(0, -1), config.count("units", 1)];
  if (shape === undefined) return undefined;
  return withActivation(config, [{
    op: "dense",
    kernel: weightOf(call, "kernel"),
    ...(config.flag("use_bias", true) ? { bias: weightOf(call, "bias") } : {}),
    activation: "linear",
    shape,
  }]);
}

/** A slope below zero; a slope of 1 changes nothing. */
function leaky(alpha: number, shape: Shape): Part {
  return alpha === 1
    ? { op: "identity", shape }
    : { op: "activation", activation: "leaky_relu", alpha, shape };
}

function globalPool(
  { config }: LayerCall,
  image: FullShape,
  op: "globalMaxPool" | "globalAveragePool",
): Part {
  const [batch, , , channels] = image as [number | null, unknown, unknown, number];
  return { op, shape: config.flag("keepdims", false) ? [batch, 1, 1, channels] : [batch, channels] };
}

function joined(op: "add" | "average" | "multiply" | "maximum" | "minimum"): Rule {
  return ({ inputs }) => [{ op, shape: broadcast(inputs.map((input) => input.shape)) }];
}

/** A reshape to lengths of which one may be -1: what is left. */
function reshaped(shape: Shape, target: unknown): readonly Part[] | undefined {
  if (shape === undefined || !Array.isArray(target) || !target.every(Number.isInteger)) return undefined;
  const known = target.filter((length) => length > 0).reduce((a, b) => a * b, 1);
  if (target.filter((length) => length <= 0).length > 1) return undefined;
  const count = shape.slice(1).reduce((a, b) => a === null || b === null ? null : a * b, 1)!;
  const lengths = target.map((length) => length > 0 ? length : count === null ? null : count / known);
  return [{ op: "reshape", shape: [shape[0]!, ...lengths] }];
}

function shapeOf(call: LayerCall): Shape {
  const { layer: { className }, config, inputs } = call;
  const image = imageShape(inputs[0]?.shape);
  const isWindow = (className in KERNELS && className.endsWith("Conv2D")) ||
    className === "MaxPooling2D" || className === "AveragePooling2D";
  if (isWindow) return image && shapeWithoutPadding(call, image);
  if (className === "BatchNormalization") return inputs[0]?.shape;
  const rule = Object.hasOwn(SHAPES, className) ? SHAPES[className] : undefined;
  return rule?.(inputs.map((input) => input.shape), config);
}

function opaque(call: LayerCall, shape: Shape, refusal: Refusal | undefined): Part {
  const { layer: { className, name }, weights } = call;
  const kernels = Object.hasOwn(KERNELS, className) ? KERNELS[className]! : [];
  const perPixel = kernels.reduce(
    (sum, kernel) => sum + (weights.get(`${name}/${kernel}`)?.shape ?? [0]).reduce((a, b) => a * b, 1),
    0,
  );
  const pixels = (shape?.slice(1, -1) ?? [null]).reduce(
    (a, b) => a === null || b === null ? null : a * b,
    1,
  )!;
  return {
    op: "opaque",
    weights: weightsOfLayer(weights, name).map((weight) => ({
      name: weight,
      shape: weights.get(weight)!.shape,
    })),
    ...(refusal === undefined ? {} : { refusal }),
    isConvolution: kernels.length > 0,
    macs: perPixel === 0 ? 0 : pixels === null ? null : perPixel * pixels,
    shape,
  };
}
