/**
 * The activations, number by number, as TensorFlow.js computes them.
 *
 * @module
 */
import { type Activation, LEAKY_SLOPE } from "../graph/activation.ts";

/** Constants of SELU: Klambauer et al., "Self-Normalizing Neural Networks" (2017). */
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

/** What an activation may say beside its name; see `Activate` in `graph/graph.ts`. */
export interface ActivationNumbers {
  readonly alpha?: number;
  readonly limit?: number;
}

/** The function of one number that an activation is. */
export function activationOf(
  activation: Activation,
  { alpha, limit }: ActivationNumbers = {},
): (x: number) => number {
  if (activation === "relu" && limit !== undefined) return (x) => x < 0 ? 0 : x > limit ? limit : x;
  if (activation === "leaky_relu") return leaky(alpha ?? LEAKY_SLOPE);
  if (activation === "elu" && alpha !== undefined) return (x) => x < 0 ? alpha * Math.expm1(x) : x;
  return FUNCTIONS[activation];
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => x > 30 ? x : Math.log1p(Math.exp(x));
const leaky = (slope: number) => (x: number) => x < 0 ? slope * x : x;

const FUNCTIONS: Readonly<Record<Activation, (x: number) => number>> = {
  linear: (x) => x,
  relu: (x) => x < 0 ? 0 : x,
  relu6: (x) => x < 0 ? 0 : x > 6 ? 6 : x,
  leaky_relu: leaky(LEAKY_SLOPE),
  elu: (x) => x < 0 ? Math.expm1(x) : x,
  selu: (x) => SELU_SCALE * (x < 0 ? SELU_ALPHA * Math.expm1(x) : x),
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  gelu_new: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  sigmoid,
  hard_sigmoid: (x) => Math.min(1, Math.max(0, 0.2 * x + 0.5)),
  softplus,
  softsign: (x) => x / (1 + Math.abs(x)),
  swish: (x) => x * sigmoid(x),
  mish: (x) => x * Math.tanh(softplus(x)),
  tanh: Math.tanh,
};

/** Abramowitz and Stegun, 7.1.26; the error is below 1.5e-7. */
function erf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const series = t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(x) * (1 - series * Math.exp(-x * x));
}
