/**
 * Every convolution of `convolutions.ts` with the fast kernels and the stock ones, in turn.
 *
 * @module
 */
import { median } from "../../src/timing/statistics.ts";
import { kernelCases } from "./convolutions.ts";
import type { KernelSets } from "./kernel_sets.ts";
import { inTurn, ratioOf, type SectionOptions } from "./sections.ts";

/** One kernel on one shape. */
export interface KernelComparison {
  readonly name: string;
  readonly fastMs: number;
  readonly stockMs: number;
  /** How many times as long the stock kernel takes, with a 95% confidence interval. */
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  /** Of the fast kernel, by the operations of the direct algorithm. */
  readonly gflops: number;
}

/**
 * Measures every kernel on every shape.
 *
 * @param options `only`: a part of the names of those to measure.
 */
export async function compareKernels(
  sets: KernelSets,
  { rounds, update, only }: SectionOptions & { only: string },
): Promise<KernelComparison[]> {
  const comparisons: KernelComparison[] = [];
  for (const subject of kernelCases()) {
    if (subject.name.includes(only)) {
      update(subject.name);
      const [fast, stock] = await inTurn([
        { name: "fast", run: () => (sets.useFast(), subject.run()) },
        { name: "stock", run: () => (sets.useStock(), subject.run()) },
      ], rounds);
      const fastMs = median(fast!.timesMs);
      comparisons.push({
        name: subject.name,
        fastMs,
        stockMs: median(stock!.timesMs),
        ...ratioOf(stock!, fast!),
        gflops: subject.flop / fastMs / 1e6,
      });
    }
    subject.dispose();
  }
  return comparisons;
}

/** One row of the table of kernels. */
export function kernelRow(
  { name, fastMs, stockMs, ratio, low, high, gflops }: KernelComparison,
  peakGflops: number,
): string[] {
  return [
    name,
    fastMs.toFixed(3),
    stockMs.toFixed(3),
    `${ratio.toFixed(2)}x`,
    `${low.toFixed(2)}-${high.toFixed(2)}`,
    gflops.toFixed(1),
    `${(100 * gflops / peakGflops).toFixed(0)}%`,
  ];
}
