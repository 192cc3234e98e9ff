/**
 * What each layer class is to the pass: an affine map, an addition, an activation, or opaque. A layer that is affine only
 * under a condition that does not hold is opaque, with the reason.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { type Affine, type Outcome, type Refusal, refuse } from "./affine.ts";
import type { Axes, Axis } from "./axis.ts";
import { LayerConfig } from "./config.ts";
import type { Call, Shape } from "./graph.ts";
import type { Laws } from "./laws.ts";
import { padded, type PaddingMode } from "./padding.ts";
import { zeroPaddingAmounts } from "./shapes.ts";
import type { WeightStore } from "./weights.ts";

/** One step of what a layer computes at inference. */
export type Step =
  | { readonly kind: "affine"; readonly map: Affine }
  /** The sum of the inputs times `factor`. */
  | { readonly kind: "add"; readonly factor: number }
  /** A function that a convolution layer can carry in its `activation`. */
  | { readonly kind: "activation"; readonly activation: string }
  | { readonly kind: "opaque"; readonly refusal?: Refusal };

/** A function of a layer class: the map of one call, or why there is none. */
type AffineRule = (call: CallContext) => Outcome;

interface CallContext {
  readonly name: string;
  readonly config: LayerConfig;
  /** The input's shape: rank 4, channels known. */
  readonly input: ImageShape;
  readonly laws: Laws;
  readonly weights: WeightStore;
}

interface ImageShape {
  readonly height: number | null;
  readonly width: number | null;
  readonly channels: number;
}

const AFFINE_LAYERS: Readonly<Record<string, AffineRule>> = {
  Conv2D: (call) => convolutionMap(call, 1, "kernel"),
  GroupedConv2D: (call) => convolutionMap(call, call.config.count("groups", 1), "kernel"),
  DepthwiseConv2D: (call) => {
    if (call.config.pair("dilation_rate", [1, 1]).some((rate) => rate > 1)) {
      return refuse(
        "depthwise",
        "TensorFlow.js ignores the dilation rate of a DepthwiseConv2D",
        "Write the dilation out as zeros in a larger kernel.",
      );
    }
    return convolutionMap(call, call.input.channels, "depthwise_kernel");
  },
  BatchNormalization: batchNormMap,
  ZeroPadding2D: ({ config, input, laws }) => {
    const [[top, bottom], [left, right]] = zeroPaddingAmounts(config);
    const axis = (before: number, after: number): Axis => ({
      size: 1,
      dilation: 1,
      stride: 1,
      before,
      after,
    });
    return laws.zeroPadding(input.channels, [axis(top, bottom), axis(left, right)]);
  },
  AveragePooling2D: ({ config, input, laws }) => {
    const size = config.pair("pool_size", [2, 2]);
    const axes = windowAxes(config, size, config.pair("strides", size), [1, 1], input);
    return axes.kind === "refusal" ? axes : laws.averagePool(input.channels, axes.axes);
  },
  Rescaling: ({ config, input, laws }) => {
    const fill = (value: number) => new Float64Array(input.channels).fill(value);
    return laws.scale(fill(config.number("scale", 1)), fill(config.number("offset", 0)));
  },
};

/** Layers that change nothing at inference. */
const IDENTITY_LAYERS: ReadonlySet<string> = new Set([
  "AlphaDropout",
  "Dropout",
  "GaussianDropout",
  "GaussianNoise",
  "SpatialDropout2D",
]);

/** Activations by their name in an Activation layer, as a Conv2D's `activation` takes them. */
const ACTIVATIONS: ReadonlySet<string> = new Set(
  "elu gelu gelu_new hard_sigmoid mish relu relu6 selu sigmoid softplus softsign swish tanh".split(" "),
);

/**
 * What a call computes, as steps one after the other: a convolution with a built-in activation is two.
 *
 * @throws {InputError} when the layer's configuration or weights are broken.
 */
export function stepsOf(call: Call, laws: Laws, weights: WeightStore): readonly Step[] {
  const { className, name } = call.layer;
  const config = new LayerConfig(name, call.layer.config);
  if (call.kwargs.training === true) {
    return [opaque(refuse("inference", "it is called in training mode", "Call it without training: true."))];
  }
  if (className === "Add") return [{ kind: "add", factor: 1 }];
  if (className === "Average") return [{ kind: "add", factor: 1 / call.inputs.length }];
  const activation = activationOf(className, config);
  if (activation !== undefined && activation !== "linear") return [{ kind: "activation", activation }];

  const changesNothing = IDENTITY_LAYERS.has(className) || activation === "linear";
  const rule = Object.hasOwn(AFFINE_LAYERS, className) ? AFFINE_LAYERS[className] : undefined;
  if (rule === undefined && !changesNothing) return [{ kind: "opaque" }];
  const input = imageShape(call.inputs[0]?.shape);
  if (input === undefined) return [{ kind: "opaque" }];
  if (config.text("data_format", "channels_last") !== "channels_last") {
    return [opaque(refuse("layout", "its images are channels first", 'Use data_format "channels_last".'))];
  }
  if (changesNothing) return [{ kind: "affine", map: laws.identity(input.channels) }];
  const outcome = rule!({ name, config, input, laws, weights });
  if (outcome.kind === "refusal") return [opaque(outcome)];
  const builtIn = config.text("activation", "linear");
  if (builtIn === "linear") return [{ kind: "affine", map: outcome }];
  if (!ACTIVATIONS.has(builtIn)) return [{ kind: "opaque" }];
  return [{ kind: "affine", map: outcome }, { kind: "activation", activation: builtIn }];
}

/** Whether the class is a convolution in its own right, whose kernel is worth keeping as it is. */
export function isConvolution(className: string): boolean {
  return ["Conv2D", "DepthwiseConv2D", "GroupedConv2D", "SeparableConv2D"].includes(className);
}

function opaque(refusal: Refusal): Step {
  return { kind: "opaque", refusal };
}

/** The activation that a layer is, if it is one that a Conv2D can carry. */
function activationOf(className: string, config: LayerConfig): string | undefined {
  if (className === "Activation") {
    const name = config.text("activation", "linear");
    return name === "linear" || ACTIVATIONS.has(name) ? name : undefined;
  }
  if (className !== "ReLU") return undefined;
  const limit = config.values.max_value ?? null;
  const plain = config.number("negative_slope", 0) === 0 && config.number("threshold", 0) === 0;
  if (!plain) return undefined;
  if (limit === null) return "relu";
  return limit === 6 ? "relu6" : undefined;
}

function convolutionMap(call: CallContext, groups: number, kernelName: string): Outcome {
  const { name, config, input, laws, weights } = call;
  const shape = weights.shape(`${name}/${kernelName}`);
  const [height, width, rows, columns] = shape;
  const depthwise = kernelName === "depthwise_kernel";
  const outChannels = depthwise ? rows! * columns! : columns!;
  const inChannels = depthwise ? rows! : rows! * groups;
  if (shape.length !== 4 || inChannels !== input.channels || outChannels % groups !== 0) {
    throw new InputError(
      `Cannot fuse: the kernel of "${name}" has shape [${shape}], which does not fit ${input.channels} input ` +
        `channels in ${groups} groups.`,
    );
  }
  const axes = windowAxes(
    config,
    [height!, width!],
    config.pair("strides", [1, 1]),
    depthwise ? [1, 1] : config.pair("dilation_rate", [1, 1]),
    input,
  );
  if (axes.kind === "refusal") return axes;
  const hasBias = config.flag("use_bias", true);
  weights.read(`${name}/${kernelName}`); // Bad numbers are found here, before anything is planned.
  const bias = hasBias ? weights.read(`${name}/bias`) : undefined;
  return laws.convolution(
    {
      inChannels,
      outChannels,
      groups,
      axes: axes.axes,
      hasBias: bias?.some((value) => value !== 0) ?? false,
    },
    () => ({ kernel: weights.read(`${name}/${kernelName}`), bias }),
  );
}

function batchNormMap({ name, config, input, laws, weights }: CallContext): Outcome {
  const axis = config.axis("axis", -1);
  if (axis !== -1 && axis !== 3) {
    return refuse("batchNorm", `it normalizes axis ${axis}, not the channels`, "Normalize the last axis.");
  }
  const read = (key: string) => weights.read(`${name}/${key}`);
  const variance = read("moving_variance");
  const epsilon = config.number("epsilon", 1e-3);
  const negative = variance.findIndex((value) => value < 0 || value + epsilon <= 0);
  if (negative >= 0 || variance.length !== input.channels) {
    const found = negative >= 0
      ? `holds ${
        variance[negative]
      } at channel ${negative} with epsilon ${epsilon}, expected a variance of at least 0`
      : `has ${variance.length} values, expected ${input.channels}`;
    throw new InputError(`Cannot fuse: the running variance of "${name}" ${found}.`);
  }
  return laws.batchNorm({
    gamma: config.flag("scale", true) ? read("gamma") : undefined,
    beta: config.flag("center", true) ? read("beta") : undefined,
    mean: read("moving_mean"),
    variance,
    epsilon,
  });
}

type Window = { readonly kind: "axes"; readonly axes: Axes } | Refusal;

function windowAxes(
  config: LayerConfig,
  size: readonly [number, number],
  stride: readonly [number, number],
  dilation: readonly [number, number],
  input: ImageShape,
): Window {
  const mode = config.text("padding", "valid");
  if (mode !== "same" && mode !== "valid") {
    return refuse("padding", `its padding is "${mode}"`, 'Use padding "same" or "valid".');
  }
  const axis = (i: 0 | 1, length: number | null) =>
    padded({ size: size[i], dilation: dilation[i], stride: stride[i] }, mode as PaddingMode, length);
  const [vertical, horizontal] = [axis(0, input.height), axis(1, input.width)];
  if (vertical === undefined || horizontal === undefined) {
    return refuse(
      "padding",
      `its stride is ${stride.join("x")} and the size of its input is not fixed`,
      "Give the network's input a fixed height and width.",
    );
  }
  return { kind: "axes", axes: [vertical, horizontal] };
}

function imageShape(shape: Shape): ImageShape | undefined {
  if (shape?.length !== 4 || shape[3] == null) return undefined;
  return { height: shape[1]!, width: shape[2]!, channels: shape[3] };
}
