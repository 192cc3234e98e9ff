/**
 * What an ablation found: per training form the accuracy of the fused network over the seeds, beside what it costs to
 * deploy and to train.
 *
 * @module
 */
import { GateError } from "../errors.ts";
import type { NetworkCost } from "../graph/cost.ts";
import { type Variant, VARIANTS } from "./variants.ts";
import { quoted } from "../text/shell.ts";

/** What one network reached. */
export interface MemberResult {
  readonly variant: string;
  readonly seed: number;
  /** Its run directory. */
  readonly run: string;
  /** Share of the test images that the fused network classifies right. */
  readonly fusedAccuracy: number;
  /** Wall time of the epochs, evaluation included. */
  readonly trainingSeconds: number;
  /** Cost of the training form. */
  readonly trainingCost: NetworkCost;
  /** Cost of the deploy form. */
  readonly deployCost: NetworkCost;
}

/** Mean and sample standard deviation. */
export interface Spread {
  readonly mean: number;
  /** 0 for a single value. */
  readonly deviation: number;
}

/** One training form, over its seeds. */
export interface VariantSummary {
  readonly variant: string;
  readonly label: string;
  /** Shares of the test images that the fused networks classify right, one per seed. */
  readonly fusedAccuracies: readonly number[];
  readonly fusedAccuracy: Spread;
  /** Seconds per run. */
  readonly trainingSeconds: Spread;
  readonly trainingCost: NetworkCost;
  readonly deployCost: NetworkCost;
  /** Whether its deploy form costs what the plain network costs. */
  readonly deploysPlain: boolean;
}

/** The content of `ablation.json`. */
export interface AblationReport {
  /** The ablation's folder. */
  readonly folder: string;
  /** Whether every network of the plan is trained. */
  readonly finished: boolean;
  readonly variants: readonly VariantSummary[];
  readonly members: readonly MemberResult[];
}

/**
 * Sums results up. Training forms without a result are left out.
 *
 * @throws {GateError} when deploy costs differ that must be equal.
 */
export function summarizeAblation(
  folder: string,
  members: readonly MemberResult[],
  finished: boolean,
): AblationReport {
  checkDeployCosts(members);
  const variants = VARIANTS.flatMap((variant) => {
    const own = members.filter((member) => member.variant === variant.name);
    return own.length === 0 ? [] : [summarizeVariant(variant, own)];
  });
  return { folder, finished, variants, members };
}

function summarizeVariant(variant: Variant, members: readonly MemberResult[]): VariantSummary {
  const fusedAccuracies = members.map(({ fusedAccuracy }) => fusedAccuracy);
  const { trainingCost, deployCost } = members[0]!;
  return {
    variant: variant.name,
    label: variant.label,
    fusedAccuracies,
    fusedAccuracy: spreadOf(fusedAccuracies),
    trainingSeconds: spreadOf(members.map(({ trainingSeconds }) => trainingSeconds)),
    trainingCost,
    deployCost,
    deploysPlain: variant.deploysPlain,
  };
}

/** Mean and sample standard deviation of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}

/** The comparison is fair only among networks that cost the same to deploy. */
function checkDeployCosts(members: readonly MemberResult[]): void {
  const plain = VARIANTS.filter(({ deploysPlain }) => deploysPlain).map(({ name }) => name);
  const [first, ...others] = members.filter(({ variant }) => plain.includes(variant));
  if (first === undefined) return;
  const text = ({ deployCost }: MemberResult) => JSON.stringify(deployCost);
  const odd = others.find((other) => text(other) !== text(first));
  if (odd === undefined) return;
  throw new GateError(
    `The deploy forms of ${first.run} and ${odd.run} do not cost the same: ${text(first)} and ${text(odd)}.`,
    `See what did not merge: repfuse inspect ${quoted(odd.run)}`,
  );
}
