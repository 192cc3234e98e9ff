/**
 * Whether two forms of a network are one function: what both answer to the same inputs is compared, section by section and
 * output by output. Whoever runs the forms is another matter: TensorFlow.js (`tensorflow.ts`), onnxruntime (`onnx.ts`).
 *
 * A section of the fused form computes from what the training form itself computes, so that it shows its own fault and its
 * own rounding alone. The outputs are those of both forms run whole.
 *
 * @module
 */
import type { FusedGraph } from "../fuse/fuse.ts";
import { largestIndex } from "../graph/class_scores.ts";
import { leastScaleOf } from "../graph/output_scale.ts";
import { letEventsIn } from "../progress.ts";
import {
  type Look,
  measureOutputs,
  measureSections,
  noteDistances,
  type Sample,
  sampleOf,
} from "./against_float64.ts";
import type { Answers, Numbers } from "./answers.ts";
import { Comparison, type Difference, type Farthest, PredictionComparison } from "./comparison.ts";
import { allowedAtOutput, allowedInSection, type Rounding, RoundingMeasure } from "./rounding.ts";
import type { Section } from "./sections.ts";

/** A difference, and what it is held to. */
export interface Verdict extends Difference {
  /** How far either form is from float64, where that was measured. */
  readonly rounding?: Rounding;
  /** The largest difference that passes. */
  readonly allowed: number;
}

/** The outcome of a verification. */
export interface FusionProof {
  /** Whether the fused form may be used in place of the training form. */
  readonly pass: boolean;
  /** How many inputs were compared. */
  readonly images: number;
  /** Per section, in the order in which they compute, where the training form's tensor can be looked at. */
  readonly regions: readonly Verdict[];
  /** Per output of the network. */
  readonly outputs: readonly Verdict[];
  /** The largest relative difference of an output. */
  readonly maxRelativeDifference: number;
  /** What that output was held to. */
  readonly tolerance: number;
  /** Predictions of outputs [N, classes] that changed, ties included. */
  readonly changedPredictions: number;
  /**
   * The changed predictions that are ties: the training form's values for the two classes are no farther apart than what is
   * allowed.
   */
  readonly ties: number;
}

/** What {@link compareForms} needs. */
export interface Comparisons {
  readonly fusion: Pick<FusedGraph, "source" | "graph" | "counterparts">;
  readonly sections: readonly Section[];
  /** Names of the outputs. */
  readonly outputs: readonly string[];
  readonly answers: AsyncIterable<Answers>;
  /** Sections that were to stay as they are, and whose weights are others: a saturated output may not show it. */
  readonly altered?: ReadonlySet<Section>;
  /** What every difference is held to; by default, what rounding explains. */
  readonly tolerance?: number | undefined;
}

/** What leaves a section no more than its floor. */
const NO_ROUNDING: Rounding = { training: 0, fused: 0 };

/** Batches whose first images are held against float64. */
const EXACT_BATCHES: ReadonlySet<number> = new Set([0, 1, 3, 7]);

/**
 * Compares answers.
 *
 * The forms pass when every section and every output differ by no more than is allowed, relative to the largest value of the
 * training form, every changed prediction is a tie, and there was at least one input.
 */
export async function compareForms(
  { fusion, sections, outputs, answers, altered, tolerance }: Comparisons,
): Promise<FusionProof> {
  const { source } = fusion;
  const ofSections = sections.map(({ name, borderWidth, counterpart }) =>
    new Comparison(name, borderWidth, leastScaleOf(source, counterpart))
  );
  const ofOutputs = outputs.map((name, i) =>
    new Comparison(name, 1, leastScaleOf(source, source.outputs[i]!))
  );
  const isHalf = source.values.some(({ dtype }) => dtype === "float16");
  const measures = sections.map(() => new RoundingMeasure());
  const predictions = outputs.map(() => new PredictionComparison());
  let sample: Sample | undefined;
  let [images, batches] = [0, 0];
  for await (const answer of answers) {
    const { training } = answer;
    const looks: Look[] = EXACT_BATCHES.has(batches)
      ? sections.map((_, section) => ({ section, image: 0 }))
      : [];
    for (const [section, { counterpart }] of sections.entries()) {
      const { farthest } = await update(
        ofSections[section]!,
        training.get(counterpart)!,
        answer.sections[section]!,
      );
      // Where the forms are so far apart, it shows which of them is: the training form that rounds, or the fused form.
      const isFar = farthest !== undefined && Number.isFinite(farthest.distance) &&
        farthest.distance > allowedInSection(NO_ROUNDING, sections[section]!, isHalf);
      if (isFar) looks.push({ section, ...farthest });
    }
    const far = new Float64Array(answer.images);
    for (const [i, value] of source.outputs.entries()) {
      const { before, after } = await update(ofOutputs[i]!, training.get(value)!, answer.outputs[i]!);
      noteDistances(far, before, after);
      const { shape } = training.get(value)!;
      const classes = shape[1] ?? 1;
      if (shape.length === 2 && classes > 1) predictions[i]!.update(before, after, classes);
    }
    await measureSections(fusion, sections, answer, measures, looks);
    const farthest = largestIndex(far);
    if (sample === undefined || far[farthest]! > sample.distance) {
      sample = await sampleOf(source, answer, farthest, far[farthest]!);
    }
    images += answer.images;
    batches++;
    await letEventsIn();
  }
  const regions = ofSections.map((comparison, i): Verdict => {
    const difference = {
      ...comparison.result(),
      ...(tolerance === undefined && altered?.has(sections[i]!) ? { interior: Infinity } : {}),
    };
    const rounding = measures[i]!.result(difference.scale);
    return {
      ...difference,
      ...said(rounding),
      allowed: tolerance ?? allowedInSection(rounding, sections[i]!, isHalf),
    };
  });
  const ends = ofOutputs.map((comparison) => comparison.result());
  const isRounding = tolerance === undefined &&
    ends.some((end) => largest(end) > allowedAtOutput(undefined, isHalf));
  const roundings = isRounding && sample !== undefined ? measureOutputs(source, sample, ends) : [];
  const verdicts = ends.map((end, i): Verdict => {
    const rounding = roundings[i];
    return { ...end, ...said(rounding), allowed: tolerance ?? allowedAtOutput(rounding, isHalf) };
  });
  const changes = predictions.map((prediction, i) =>
    prediction.result(verdicts[i]!.allowed * verdicts[i]!.scale)
  );
  const changedPredictions = sum(changes.map((change) => change.changed));
  const ties = sum(changes.map((change) => change.ties));
  const worst = verdicts.toSorted((a, b) => largest(b) - largest(a))[0];
  return {
    pass: [...regions, ...verdicts].every(isClose) && changedPredictions === ties && images > 0,
    images,
    regions,
    outputs: verdicts,
    maxRelativeDifference: worst === undefined ? 0 : largest(worst),
    tolerance: worst?.allowed ?? tolerance ?? allowedAtOutput(undefined, isHalf),
    changedPredictions,
    ties,
  };
}

/** The larger of the border's difference and the interior's. */
export function largest(difference: Difference): number {
  return Math.max(difference.border, difference.interior);
}

/** Whether a difference passes. */
export function isClose(verdict: Verdict): boolean {
  return largest(verdict) <= verdict.allowed;
}

async function update(
  comparison: Comparison,
  expected: Numbers,
  found: Numbers,
): Promise<{ before: ArrayLike<number>; after: ArrayLike<number>; farthest: Farthest | undefined }> {
  const [before, after] = [await expected.read(), await found.read()];
  return { before, after, farthest: comparison.update(before, after, expected.shape) };
}

function said(rounding: Rounding | undefined): Pick<Verdict, "rounding"> {
  return rounding === undefined ? {} : { rounding };
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
