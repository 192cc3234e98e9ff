/**
 * Which variables a layer of Keras 3 has, in the order in which it saves them: `save_own_variables` writes them by number, the
 * trainable ones first.
 *
 * Reference: `keras/src/layers` and `keras/src/saving/saving_lib.py` of Keras 3.
 *
 * @module
 */
import type { Json } from "../tfjs/layer_config.ts";

const WITH_BIAS: readonly Variable[] = ["kernel", { name: "bias", where: "use_bias" }];
const SEPARABLE: readonly Variable[] = [
  "depthwise_kernel",
  "pointwise_kernel",
  { name: "bias", where: "use_bias" },
];

/** A variable; one that is there only where a key of the configuration is not false. */
type Variable = string | { readonly name: string; readonly where: string };

const VARIABLES: Readonly<Record<string, readonly Variable[]>> = {
  BatchNormalization: [
    { name: "gamma", where: "scale" },
    { name: "beta", where: "center" },
    "moving_mean",
    "moving_variance",
  ],
  Conv1D: WITH_BIAS,
  Conv1DTranspose: WITH_BIAS,
  Conv2D: WITH_BIAS,
  Conv2DTranspose: WITH_BIAS,
  Conv3D: WITH_BIAS,
  Conv3DTranspose: WITH_BIAS,
  Dense: WITH_BIAS,
  DepthwiseConv2D: ["depthwise_kernel", { name: "bias", where: "use_bias" }],
  Embedding: ["embeddings"],
  LayerNormalization: [{ name: "gamma", where: "scale" }, { name: "beta", where: "center" }],
  PReLU: ["alpha"],
  SeparableConv1D: SEPARABLE,
  SeparableConv2D: SEPARABLE,
};

/** The names of a layer's variables; none for a class that is not listed. */
export function variablesOf(className: string, config: Json): readonly string[] {
  const variables = Object.hasOwn(VARIABLES, className) ? VARIABLES[className]! : [];
  return variables.flatMap((variable) => {
    if (typeof variable === "string") return [variable];
    return config[variable.where] === false ? [] : [variable.name];
  });
}
