/**
 * What the kernels must reach, and the goal where they are meant to end: each a ratio within one run.
 *
 * @module
 */

/** One line of the table of targets. */
export interface Target {
  /** What is measured against what. */
  readonly name: string;
  /** What must hold. */
  readonly target: number;
  /** Where it is meant to end. */
  readonly goal: number;
  /** Whether more is better: a gain, and not a cost or an error. */
  readonly isGain: boolean;
}

/** A target with what was measured. */
export interface Result extends Target {
  readonly result: number;
  /** 95% confidence interval; a single figure has none. */
  readonly low?: number;
  readonly high?: number;
}

/** All targets, by the name under which they are measured. */
export const TARGETS = {
  pytorch: { name: "training step, time against PyTorch, one thread", target: 2.5, goal: 1, isGain: false },
  threads: { name: "training step, two threads against one", target: 1.5, goal: 1.8, isGain: true },
  fallback: { name: "training step against the fallback kernels", target: 10, goal: 25, isGain: true },
  a0Stock: { name: "fused A0, 224x224, batch 1, against stock", target: 1.8, goal: 3, isGain: true },
  a0Onnx: { name: "the same against onnxruntime-web, one thread", target: 2, goal: 4, isGain: true },
  tiny1: { name: "fused tiny, 32x32, batch 1, against stock", target: 1.5, goal: 3, isGain: true },
  tiny32: { name: "fused tiny, 32x32, batch 32, against stock", target: 1.5, goal: 3, isGain: true },
  direct: { name: "largest forward error, direct", target: 1e-5, goal: 1e-5, isGain: false },
  winograd: { name: "largest forward error, Winograd", target: 5e-5, goal: 1e-5, isGain: false },
} as const satisfies Record<string, Target>;

/** How far a figure has come: to the goal, to the target, or to neither. */
export function statusOf({ result, target, goal, isGain }: Result): "goal" | "met" | "missed" {
  const holds = (limit: number) => isGain ? result >= limit : result <= limit;
  return holds(goal) ? "goal" : holds(target) ? "met" : "missed";
}

/** The titles of the table's columns. */
export const TARGET_COLUMNS = ["", "target", "result", "95%", "goal", "status"];

/** One row of the table, under {@link TARGET_COLUMNS}. */
export function targetRow(measured: Result): string[] {
  const { name, target, goal, result, low, high, isGain } = measured;
  const format = (figure: number) => figure < 0.01 ? figure.toExponential(1) : `${figure.toFixed(2)}x`;
  const side = isGain ? "≥" : "≤";
  return [
    name,
    `${side} ${format(target)}`,
    format(result),
    low === undefined || high === undefined ? "" : `${low.toFixed(2)}-${high.toFixed(2)}`,
    `${side} ${format(goal)}`,
    statusOf(measured),
  ];
}
