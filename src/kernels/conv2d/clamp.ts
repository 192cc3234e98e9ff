/**
 * Activations that are a clamp, which a convolution applies before it stores a sum. All others go to the stock kernel.
 *
 * @module
 */

/** The interval that a sum is clamped to. */
export interface Clamp {
  /** No sum ends below this. */
  readonly lo: number;
  /** No sum ends above this. */
  readonly hi: number;
}

const CLAMPS: Readonly<Record<string, Clamp>> = {
  linear: { lo: -Infinity, hi: Infinity },
  relu: { lo: 0, hi: Infinity },
  relu6: { lo: 0, hi: 6 },
};

/** The clamp of an activation of a fused kernel, linear when it has none; undefined when it is not a clamp. */
export function clampOf(activation: string | null | undefined): Clamp | undefined {
  return CLAMPS[activation ?? "linear"];
}
