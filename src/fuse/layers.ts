/**
 * What each layer class is to the pass: affine maps, an addition, an activation, or opaque. A layer that is affine only
 * under a condition that does not hold is opaque, with the reason.
 *
 * @module
 */
import { type Affine, type Refusal, refuse } from "./affine.ts";
import { LayerConfig } from "./config.ts";
import type { Call, Shape } from "./graph.ts";
import { AFFINE_LAYERS, type ImageShape } from "./layer_maps.ts";
import type { Laws } from "./laws.ts";
import type { WeightStore } from "./weights.ts";

/** One step of what a layer computes at inference. */
export type Step =
  | { readonly kind: "affine"; readonly map: Affine }
  /** The sum of the inputs times `factor`. */
  | { readonly kind: "add"; readonly factor: number }
  /** A function that a convolution layer can carry in its `activation`. */
  | { readonly kind: "activation"; readonly activation: string }
  | { readonly kind: "opaque"; readonly refusal?: Refusal };

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
  "elu gelu hard_sigmoid mish relu relu6 selu sigmoid softplus softsign swish tanh".split(" "),
);

const CONVOLUTIONS: ReadonlySet<string> = new Set([
  "Conv2D",
  "DepthwiseConv2D",
  "GroupedConv2D",
  "SeparableConv2D",
]);

/** Whether the class is a convolution. */
export function isConvolution(className: string): boolean {
  return CONVOLUTIONS.has(className);
}

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

  const input = imageShape(call.inputs[0]?.shape);
  if (input === undefined) return [{ kind: "opaque" }];
  if (activation === "linear" || IDENTITY_LAYERS.has(className)) {
    return [{ kind: "affine", map: laws.identity(input.channels) }];
  }
  const rule = Object.hasOwn(AFFINE_LAYERS, className) ? AFFINE_LAYERS[className] : undefined;
  if (rule === undefined) return [{ kind: "opaque" }];
  if (config.text("data_format", "channels_last") !== "channels_last") {
    return [opaque(refuse("layout", "its images are channels first", 'Use data_format "channels_last".'))];
  }
  const builtIn = activationName(config);
  if (builtIn === undefined) return [{ kind: "opaque" }];
  const maps = rule({ name, config, input, laws, weights });
  if ("kind" in maps) return [opaque(maps)];
  const steps: Step[] = maps.map((map) => ({ kind: "affine", map }));
  if (builtIn !== "linear") steps.push({ kind: "activation", activation: builtIn });
  return steps;
}

function opaque(refusal: Refusal): Step {
  return { kind: "opaque", refusal };
}

/** The activation that a layer is, if it is one that a Conv2D can carry. */
function activationOf(className: string, config: LayerConfig): string | undefined {
  if (className === "Activation") return activationName(config);
  if (className !== "ReLU") return undefined;
  const limit = config.values.max_value ?? null;
  const { negative_slope: slope, threshold } = config.values; // Keras may write them as lists of one.
  if (Number(slope ?? 0) !== 0 || Number(threshold ?? 0) !== 0) return undefined;
  if (limit === null) return "relu";
  return limit === 6 ? "relu6" : undefined;
}

/** The configured activation, if it is one of {@link ACTIVATIONS} or "linear". */
function activationName({ values }: LayerConfig): string | undefined {
  const name = values.activation ?? "linear";
  return typeof name === "string" && (name === "linear" || ACTIVATIONS.has(name)) ? name : undefined;
}

function imageShape(shape: Shape): ImageShape | undefined {
  if (shape?.length !== 4 || shape[3] == null) return undefined;
  return { height: shape[1] ?? null, width: shape[2] ?? null, channels: shape[3] };
}
