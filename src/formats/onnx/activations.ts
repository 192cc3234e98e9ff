/**
 * The activations in operators of opset 17, which has neither GELU nor Mish nor swish.
 *
 * @module
 */
import { type Activation, LEAKY_SLOPE, RELU6_LIMIT } from "../../graph/activation.ts";
import type { Activate } from "../../graph/graph.ts";
import { apply, type Term } from "./term.ts";

/** What an activation can be given beside its name. */
type Settings = Pick<Activate, "alpha" | "limit">;

/** The tanh approximation of GELU (Hendrycks and Gimpel, 2016): 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))). */
const GELU_TANH = { scale: Math.sqrt(2 / Math.PI), cubic: 0.044715 } as const;

const ACTIVATIONS: Readonly<Record<Activation, (x: Term, settings: Settings) => Term>> = {
  linear: (x) => x,
  relu: (x, { limit }) => limit === undefined ? apply("Relu", [x]) : apply("Clip", [x, 0, limit]),
  relu6: (x) => apply("Clip", [x, 0, RELU6_LIMIT]),
  leaky_relu: (x, { alpha = LEAKY_SLOPE }) => apply("LeakyRelu", [x], { alpha }),
  elu: (x, { alpha = 1 }) => apply("Elu", [x], { alpha }),
  selu: (x) => apply("Selu", [x]),
  gelu: (x) => halfOfOnePlus(x, apply("Erf", [apply("Mul", [x, Math.SQRT1_2])])),
  gelu_new: (x) => {
    const sum = apply("Add", [apply("Mul", [apply("Mul", [x, x]), GELU_TANH.cubic]), 1]);
    return halfOfOnePlus(x, apply("Tanh", [apply("Mul", [apply("Mul", [x, sum]), GELU_TANH.scale])]));
  },
  sigmoid: (x) => apply("Sigmoid", [x]),
  hard_sigmoid: (x) => apply("HardSigmoid", [x]), // clip(0.2·x + 0.5, 0, 1), the defaults of both
  softplus: (x) => apply("Softplus", [x]),
  softsign: (x) => apply("Softsign", [x]),
  swish: (x) => apply("Mul", [x, apply("Sigmoid", [x])]),
  mish: (x) => apply("Mul", [x, apply("Tanh", [apply("Softplus", [x])])]),
  tanh: (x) => apply("Tanh", [x]),
};

/** The activation of a tensor. */
export function activated(x: Term, activation: Activation, settings: Settings = {}): Term {
  return ACTIVATIONS[activation](x, settings);
}

/** 0.5·x·(1 + y) */
function halfOfOnePlus(x: Term, y: Term): Term {
  return apply("Mul", [apply("Mul", [x, 0.5]), apply("Add", [y, 1])]);
}
