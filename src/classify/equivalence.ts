/**
 * Whether two forms of a network are one function: what both answer to the same inputs is compared, region by region and
 * output by output. Whoever runs the forms is another matter: TensorFlow.js (`verify.ts`), onnxruntime, our own runtime.
 *
 * @module
 */
import { letEventsIn } from "../progress.ts";
import { Comparison, type Difference, PredictionComparison } from "./comparison.ts";

/** How far apart the forms may be, relative to the largest value of the training form. */
export const EQUIVALENCE_TOLERANCE = 1e-4;

/** The outcome of a verification. */
export interface FusionProof {
  /** Whether the fused form may be used in place of the training form. */
  readonly pass: boolean;
  /** The bar that differences were held to. */
  readonly tolerance: number;
  /** How many inputs were compared. */
  readonly images: number;
  /** Per region, in the order in which they compute, where the training form's tensor can be looked at. */
  readonly regions: readonly Difference[];
  /** Per output of the network. */
  readonly outputs: readonly Difference[];
  /** The largest relative difference of an output. */
  readonly maxRelativeDifference: number;
  /** Predictions of outputs [N, classes] that changed, ties included. */
  readonly changedPredictions: number;
  /**
   * The changed predictions that are ties: the training form's values for the two classes are no farther apart than
   * `tolerance` times its largest value.
   */
  readonly ties: number;
}

/** A tensor of an answer. */
export interface Numbers {
  /** Row by row. Asked for once, and not kept. */
  read(): ArrayLike<number> | Promise<ArrayLike<number>>;
  /** Images are [N, H, W, C] where a border is to be told from the interior. */
  readonly shape: readonly number[];
}

/** What both forms make of the same inputs: the regions' tensors, then the outputs. */
export interface Answers {
  readonly images: number;
  readonly expected: readonly Numbers[];
  readonly found: readonly Numbers[];
}

/** What {@link compareForms} needs. */
export interface Comparisons {
  readonly regions: readonly { readonly name: string; readonly borderWidth: number }[];
  /** Names of the outputs. */
  readonly outputs: readonly string[];
  readonly answers: AsyncIterable<Answers>;
  readonly tolerance: number;
}

/**
 * Compares answers.
 *
 * The forms pass when every region and every output differ by at most `tolerance` times the largest value of the training
 * form, every changed prediction is a tie, and there was at least one input.
 */
export async function compareForms(
  { regions, outputs, answers, tolerance }: Comparisons,
): Promise<FusionProof> {
  const regionComparisons = regions.map(({ name, borderWidth }) => new Comparison(name, borderWidth));
  const outputComparisons = outputs.map((name) => new Comparison(name, 1));
  const comparisons = [...regionComparisons, ...outputComparisons];
  const predictions = outputs.map(() => new PredictionComparison());
  let images = 0;
  for await (const { images: count, expected, found } of answers) {
    images += count;
    for (const [i, comparison] of comparisons.entries()) {
      const { shape } = expected[i]!;
      const [before, after] = [await expected[i]!.read(), await found[i]!.read()];
      comparison.update(before, after, shape);
      const output = i - regions.length;
      const classes = shape[1] ?? 1;
      if (output >= 0 && shape.length === 2 && classes > 1) {
        predictions[output]!.update(before, after, classes);
      }
    }
    await letEventsIn();
  }
  const differences = regionComparisons.map((comparison) => comparison.result());
  const ofOutputs = outputComparisons.map((comparison) => comparison.result());
  const changes = predictions.map((prediction, i) => prediction.result(tolerance * ofOutputs[i]!.scale));
  const changedPredictions = sum(changes.map((change) => change.changed));
  const ties = sum(changes.map((change) => change.ties));
  const close = [...differences, ...ofOutputs].every((difference) => largest(difference) <= tolerance);
  return {
    pass: close && changedPredictions === ties && images > 0,
    tolerance,
    images,
    regions: differences,
    outputs: ofOutputs,
    maxRelativeDifference: Math.max(0, ...ofOutputs.map(largest)),
    changedPredictions,
    ties,
  };
}

/** The larger of the border's difference and the interior's. */
export function largest(difference: Difference): number {
  return Math.max(difference.border, difference.interior);
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
