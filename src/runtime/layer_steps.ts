/**
 * How each class of layer becomes steps of a program. The layers are those of RepFuse's own networks in both forms, and of
 * most small classifiers.
 *
 * @module
 */
import { LayerConfig } from "../fuse/config.ts";
import type { Call } from "../fuse/graph.ts";
import { padded } from "../fuse/padding.ts";
import { zeroPaddingAmounts } from "../fuse/shapes.ts";
import { fixedShape, type ProgramBuilder, refusal } from "./builder.ts";
import {
  type Activation,
  ACTIVATIONS,
  type Pair,
  type PlainStep,
  type Step,
  type WeightRef,
} from "./program.ts";

/** One layer on the way into a program. */
interface LayerCall {
  readonly builder: ProgramBuilder;
  readonly call: Call;
  readonly config: LayerConfig;
  /** What every step of the layer has. */
  readonly base: Pick<Step, "name" | "inputs" | "shape">;
}

/** Adds the steps of a layer; returns the value that it gives. */
type Rule = (layer: LayerCall) => number;

/** Does nothing at inference. */
const identity: Rule = ({ base }) => base.inputs[0]!;

const plain = (op: PlainStep["op"]): Rule => ({ builder, base }) => builder.push({ ...base, op });

const RULES: Readonly<Record<string, Rule>> = {
  AlphaDropout: identity,
  Dropout: identity,
  GaussianDropout: identity,
  GaussianNoise: identity,
  SpatialDropout2D: identity,
  Add: plain("add"),
  Multiply: plain("multiply"),
  GlobalAveragePooling2D: plain("globalAveragePool"),
  GlobalMaxPooling2D: plain("globalMaxPool"),
  Flatten: plain("reshape"),
  Reshape: plain("reshape"),
  Softmax: plain("softmax"),
  Conv2D: convolution,
  GroupedConv2D: convolution,
  DepthwiseConv2D: depthwiseConvolution,
  Dense: dense,
  BatchNormalization: batchNorm,
  ZeroPadding2D: ({ builder, config, base }) => {
    const [[top, bottom], [left, right]] = zeroPaddingAmounts(config);
    return builder.push({ ...base, op: "pad", padding: [top, bottom, left, right] });
  },
  MaxPooling2D: (layer) => pool(layer, "maxPool"),
  AveragePooling2D: (layer) => pool(layer, "averagePool"),
  Concatenate: ({ builder, call, config, base }) => {
    if (![-1, base.shape.length].includes(config.axis("axis", -1))) {
      throw refusal(call, "joins another axis than the channels");
    }
    return builder.push({ ...base, op: "concatenate" });
  },
  ReLU: (layer) => layer.builder.push({ ...layer.base, op: "activation", activation: reluOf(layer) }),
  ELU: ({ builder, call, config, base }) => {
    if (config.number("alpha", 1) !== 1) throw refusal(call, "has an alpha other than 1");
    return builder.push({ ...base, op: "activation", activation: "elu" });
  },
  Activation: (layer) => activate(layer, layer.base.inputs[0]!),
};

/**
 * Adds the steps of one call of a layer.
 *
 * @returns The value that it gives.
 * @throws {InputError} when programs have no such layer; the layer is named.
 */
export function addLayer(builder: ProgramBuilder, call: Call): number {
  const { className, name } = call.layer;
  const rule = Object.hasOwn(RULES, className) ? RULES[className] : undefined;
  if (rule === undefined) throw refusal(call, `is of the class ${className}`);
  if (call.kwargs.training === true) throw refusal(call, "is called in training mode");
  const config = new LayerConfig(name, call.layer.config);
  if (config.text("data_format", "channels_last") !== "channels_last") {
    throw refusal(call, "has its channels first");
  }
  const inputs = call.inputs.map((tensor) => builder.valueOf(tensor));
  const shape = fixedShape({ call, index: 0, shape: call.shape });
  return rule({ builder, call, config, base: { name, inputs, shape } });
}

function convolution(layer: LayerCall): number {
  const { builder, config, base } = layer;
  return withActivation(layer, (activation) => ({
    ...base,
    op: "convolution",
    kernel: builder.weight(`${base.name}/kernel`),
    ...biasOf(layer),
    ...windowOf(layer, config.pair("kernel_size", [1, 1]), [1, 1], config.pair("dilation_rate", [1, 1])),
    groups: config.count("groups", 1),
    activation,
  }));
}

/** The layer of TensorFlow.js ignores its dilation rate. */
function depthwiseConvolution(layer: LayerCall): number {
  const { builder, call, config, base } = layer;
  const { offset, shape } = builder.weight(`${base.name}/depthwise_kernel`);
  const [height, width, channels, multiplier] = shape as [number, number, number, number];
  return withActivation(layer, (activation) => ({
    ...base,
    op: "convolution",
    // [kh, kw, C, M] as [kh, kw, 1, C·M]: the same numbers in the same order.
    kernel: { offset, shape: [height, width, 1, channels * multiplier] },
    ...biasOf(layer),
    ...windowOf(layer, config.pair("kernel_size", [1, 1]), [1, 1], [1, 1]),
    groups: fixedShape(call.inputs[0]!)[2]!,
    activation,
  }));
}

function dense(layer: LayerCall): number {
  const { builder, call, base } = layer;
  if (fixedShape(call.inputs[0]!).length !== 1) throw refusal(call, "works on more than one vector");
  return withActivation(layer, (activation) => ({
    ...base,
    op: "dense",
    kernel: builder.weight(`${base.name}/kernel`),
    ...biasOf(layer),
    activation,
  }));
}

function batchNorm({ builder, call, config, base }: LayerCall): number {
  const axis = config.axis("axis", -1);
  if (axis !== -1 && axis !== base.shape.length) {
    throw refusal(call, "normalizes another axis than the channels");
  }
  const weight = (key: string) => builder.weight(`${base.name}/${key}`);
  return builder.push({
    ...base,
    op: "batchNorm",
    mean: weight("moving_mean"),
    variance: weight("moving_variance"),
    ...(config.flag("scale", true) ? { gamma: weight("gamma") } : {}),
    ...(config.flag("center", true) ? { beta: weight("beta") } : {}),
    epsilon: config.number("epsilon", 1e-3),
  });
}

function pool(layer: LayerCall, op: "maxPool" | "averagePool"): number {
  const size = layer.config.pair("pool_size", [2, 2]);
  const { strides, padding } = windowOf(layer, size, size, [1, 1]);
  return layer.builder.push({ ...layer.base, op, size, strides, padding });
}

function biasOf({ builder, config, base }: LayerCall): { bias?: WeightRef } {
  return config.flag("use_bias", true) ? { bias: builder.weight(`${base.name}/bias`) } : {};
}

/** Strides, dilation and explicit padding of a window over the layer's input. */
function windowOf({ call, config }: LayerCall, size: Pair, defaultStrides: Pair, dilation: Pair) {
  const strides = config.pair("strides", defaultStrides);
  const mode = config.text("padding", "valid");
  if (mode !== "same" && mode !== "valid") throw refusal(call, `has the padding "${mode}"`);
  const shape = fixedShape(call.inputs[0]!);
  const zeros = (i: 0 | 1): Pair => {
    const { before, after } = padded(
      { size: size[i], dilation: dilation[i], stride: strides[i] },
      mode,
      shape[i]!,
    )!;
    return [before, Math.max(0, after)];
  };
  return { strides, dilation, padding: [...zeros(0), ...zeros(1)] as const };
}

/** The step with the activation of the layer's configuration; a softmax becomes a step of its own. */
function withActivation(layer: LayerCall, make: (activation: Activation) => Step): number {
  const { builder, call, config } = layer;
  const name = config.text("activation", "linear");
  if (name !== "softmax") return builder.push(make(activationOf(call, name)));
  return activate(layer, builder.push(make("linear")));
}

/** The activation of the layer's configuration as a step after `input`. */
function activate({ builder, call, config, base }: LayerCall, input: number): number {
  const name = config.text("activation", "linear");
  const after = { ...base, inputs: [input] };
  if (name === "softmax") return builder.push({ ...after, op: "softmax" });
  const activation = activationOf(call, name);
  return activation === "linear" ? input : builder.push({ ...after, op: "activation", activation });
}

function activationOf(call: Call, name: string): Activation {
  const known = ACTIVATIONS.find((activation) => activation === name);
  if (known === undefined) throw refusal(call, `has the activation "${name}"`);
  return known;
}

function reluOf({ call, config }: LayerCall): Activation {
  const limit = config.values.max_value ?? null;
  const isPlain = config.number("negative_slope", 0) === 0 && config.number("threshold", 0) === 0;
  if (!isPlain || (limit !== null && limit !== 6)) throw refusal(call, "is not the plain ReLU or ReLU6");
  return limit === null ? "relu" : "relu6";
}
