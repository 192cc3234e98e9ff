/**
 * What the kernels must reach, and where they are meant to end: each a ratio within one run.
 *
 * @module
 */

/** One line of the table of bars. */
export interface Bar {
  /** What is measured against what. */
  readonly name: string;
  /** What must hold. */
  readonly bar: number;
  /** Where it is meant to end. */
  readonly goal: number;
  /** Whether more is better: a gain, and not a cost or an error. */
  readonly isGain: boolean;
}

/** A bar with what was measured. */
export interface Reached extends Bar {
  readonly value: number;
  /** 95% confidence interval; a single figure has none. */
  readonly low?: number;
  readonly high?: number;
}

/** All bars, by the name under which they are measured. */
export const BARS = {
  pytorch: { name: "training step, time against PyTorch, one thread", bar: 2.5, goal: 1, isGain: false },
  threads: { name: "training step, two threads against one", bar: 1.5, goal: 1.8, isGain: true },
  composed: { name: "training step against the composed one", bar: 10, goal: 25, isGain: true },
  a0Stock: { name: "fused A0, 224x224, batch 1, against stock", bar: 1.8, goal: 3, isGain: true },
  a0Onnx: { name: "the same against onnxruntime-web, one thread", bar: 2, goal: 4, isGain: true },
  toy1: { name: "fused toy, 32x32, batch 1, against stock", bar: 1.5, goal: 3, isGain: true },
  toy32: { name: "fused toy, 32x32, batch 32, against stock", bar: 1.5, goal: 3, isGain: true },
  direct: { name: "largest forward error, direct", bar: 1e-5, goal: 1e-5, isGain: false },
  winograd: { name: "largest forward error, Winograd", bar: 5e-5, goal: 1e-5, isGain: false },
} as const satisfies Record<string, Bar>;

/** "goal", "bar" or "missed": how far a figure has come. */
export function verdict({ value, bar, goal, isGain }: Reached): "goal" | "bar" | "missed" {
  const holds = (limit: number) => isGain ? value >= limit : value <= limit;
  return holds(goal) ? "goal" : holds(bar) ? "bar" : "missed";
}

/** One row of the table: name, bar, reached, interval, goal, verdict. */
export function barRow(reached: Reached): string[] {
  const { name, bar, goal, value, low, high } = reached;
  const format = (figure: number) => figure < 0.01 ? figure.toExponential(1) : `${figure.toFixed(2)}x`;
  const side = reached.isGain ? "≥" : "≤";
  return [
    name,
    `${side} ${format(bar)}`,
    format(value),
    low === undefined || high === undefined ? "" : `${low.toFixed(2)}-${high.toFixed(2)}`,
    `${side} ${format(goal)}`,
    verdict(reached),
  ];
}
