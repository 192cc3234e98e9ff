/**
 * The search for the best shape: every training form, at every deploy cost, in several depths and at several learning rates.
 * Each candidate is trained once and judged by the validation images; the winner is trained anew, with other seeds, and judged
 * by the test images, so that neither the images nor the seeds that chose it flatter it.
 *
 * @module
 */
import { z } from "zod";

/** The seed of candidates; no final training has it. */
export const TRIAL_SEED = 0;

/** Schema of what is searched. */
export const searchSchema = z.strictObject({
  /** Deploy costs, multiply-adds for one image. */
  macs: z.array(z.number().positive()).min(1),
  /** Blocks in a row, the stem among them. */
  depths: z.array(z.int().min(2)).min(1),
  /** Learning rates. */
  rates: z.array(z.number().positive()).min(1),
});

/** What is searched: all depths at all rates, for each cost. */
export type Search = z.output<typeof searchSchema>;

/** What differs from the network and the recipe of the plan. */
export interface Setting {
  /** Blocks in a row, the stem among them. */
  readonly depth?: number | undefined;
  /** What the deploy form may cost, multiply-adds. */
  readonly macs?: number | undefined;
  /** Learning rate. */
  readonly rate?: number | undefined;
}

/** What one candidate reached. */
export interface Trial extends Required<Setting> {
  readonly variant: string;
  /** Its run directory. */
  readonly run: string;
  /** Share of the validation images that the weights it keeps classify right. */
  readonly validationAccuracy: number;
}

/** Every setting of a search. */
export function settingsOf({ macs, depths, rates }: Search): readonly Required<Setting>[] {
  return macs.flatMap((macs) => depths.flatMap((depth) => rates.map((rate) => ({ macs, depth, rate }))));
}

/**
 * The settings that won, one for each cost. Of two that are alike the earlier wins.
 *
 * @param trials Of one training form.
 */
export function winnersOf(trials: readonly Trial[]): readonly Required<Setting>[] {
  const costs = [...new Set(trials.map(({ macs }) => macs))];
  return costs.map((cost) => {
    const { macs, depth, rate } = trials.filter(({ macs }) => macs === cost)
      .reduce((best, trial) => trial.validationAccuracy > best.validationAccuracy ? trial : best);
    return { macs, depth, rate };
  });
}
