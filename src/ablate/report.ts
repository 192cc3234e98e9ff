/**
 * What an ablation found: per training form the accuracy of the fused network over the seeds, beside what it costs to
 * deploy and to train.
 *
 * @module
 */
import { GateError } from "../errors.ts";
import type { NetworkCost } from "../graph/cost.ts";
import type { Setting, Trial } from "./search.ts";
import { type Spread, spreadOf } from "./spread.ts";
import { type Interval, intervalOf } from "./student.ts";
import { type Variant, VARIANTS } from "./variants.ts";
import { quoted } from "../text/shell.ts";

/** What one network reached, at its setting. */
export interface MemberResult extends Setting {
  readonly variant: string;
  readonly seed: number;
  /** Its run directory. */
  readonly run: string;
  /** Share of the test images that the fused network classifies right. */
  readonly fusedAccuracy: number;
  /** Wall time of the epochs, evaluation included. */
  readonly trainingSeconds: number;
  /** Channels of the stem and of every stage. */
  readonly widths?: readonly number[];
  /** Cost of the training form. */
  readonly trainingCost: NetworkCost;
  /** Cost of the deploy form. */
  readonly deployCost: NetworkCost;
}

/** One training form, at one setting, over its seeds. */
export interface VariantSummary extends Setting {
  readonly variant: string;
  readonly label: string;
  /** Shares of the test images that the fused networks classify right, one per seed. */
  readonly fusedAccuracies: readonly number[];
  readonly fusedAccuracy: Spread;
  /** What it is ahead of the baseline of its depth or cost, over the seeds that both have; nothing for the baseline itself. */
  readonly gain?: Interval | undefined;
  /** Seconds per run. */
  readonly trainingSeconds: Spread;
  /** Channels of the stem and of every stage. */
  readonly widths?: readonly number[] | undefined;
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
  /** What the search for the best shapes saw; nothing where none was made. */
  readonly trials?: readonly Trial[] | undefined;
}

/**
 * Sums results up. Training forms without a result are left out.
 *
 * @param known The training forms, the baseline first.
 * @throws {GateError} when deploy costs differ that must be equal.
 */
export function summarizeAblation(
  folder: string,
  members: readonly MemberResult[],
  finished: boolean,
  known: readonly Variant[] = VARIANTS,
): AblationReport {
  const places = [...new Set(members.map(placeOf))].sort((a = 0, b = 0) => a - b);
  const variants = places.flatMap((place) => {
    const there = members.filter((member) => placeOf(member) === place);
    checkDeployCosts(there, known);
    const rows = known.map((variant) => ({
      variant,
      own: there.filter((member) => member.variant === variant.name),
    })).filter(({ own }) => own.length > 0);
    return rows.map(({ variant, own }, i) => {
      const summary = summarizeVariant(variant, own);
      return i === 0 ? summary : { ...summary, gain: gainOver(rows[0]!.own, own) };
    });
  });
  return { folder, finished, variants, members };
}

/** Where forms meet: at the same deploy cost, or at the same depth. */
function placeOf({ macs, depth }: Setting): number | undefined {
  return macs ?? depth;
}

/** The differences in accuracy of one seed each; nothing where no seed has both. */
function gainOver(baseline: readonly MemberResult[], members: readonly MemberResult[]): Interval | undefined {
  const differences = members.flatMap(({ seed, fusedAccuracy }) => {
    const twin = baseline.find((other) => other.seed === seed);
    return twin === undefined ? [] : [fusedAccuracy - twin.fusedAccuracy];
  });
  return differences.length === 0 ? undefined : intervalOf(differences);
}

function summarizeVariant(
  variant: Variant,
  members: readonly MemberResult[],
): VariantSummary {
  const fusedAccuracies = members.map(({ fusedAccuracy }) => fusedAccuracy);
  const { trainingCost, deployCost, depth, macs, rate, widths } = members[0]!;
  return {
    variant: variant.name,
    label: variant.label,
    ...(depth === undefined ? {} : { depth }),
    ...(macs === undefined ? {} : { macs, rate, widths }),
    fusedAccuracies,
    fusedAccuracy: spreadOf(fusedAccuracies),
    trainingSeconds: spreadOf(members.map(({ trainingSeconds }) => trainingSeconds)),
    trainingCost,
    deployCost,
    deploysPlain: variant.deploysPlain,
  };
}

/** The comparison is fair only among networks that cost the same to deploy, or whose shapes were searched for at one cost. */
function checkDeployCosts(members: readonly MemberResult[], known: readonly Variant[]): void {
  if (members.some(({ macs }) => macs !== undefined)) return;
  const plain = known.filter(({ deploysPlain }) => deploysPlain).map(({ name }) => name);
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
