/**
 * Whether two forms of a network are one function: what both answer to the same inputs is compared, section by section and
 * output by output. Whoever runs the forms is another matter: TensorFlow.js (`tensorflow.ts`), onnxruntime (`onnx.ts`).
 *
 * A section of the fused form computes from what the training form itself computes, so that it shows its own fault and its
 * own rounding alone. The outputs are those of both forms run whole.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import type { FusedGraph } from "../fuse/fuse.ts";
import { largestIndex } from "../graph/class_scores.ts";
import type { Graph, ValueId } from "../graph/graph.ts";
import { leastScaleOf } from "../graph/output_scale.ts";
import { letEventsIn } from "../progress.ts";
import type { PlainArray } from "../runtime/reference.ts";
import { Comparison, type Difference, PredictionComparison } from "./comparison.ts";
import { crop, ExactNetwork, type Range, type Window } from "./exact.ts";
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

/** A tensor of an answer. */
export interface Numbers {
  /** Row by row. Not kept. */
  read(): ArrayLike<number> | Promise<ArrayLike<number>>;
  /** Images are [N, H, W, C] where a border is to be told from the interior. */
  readonly shape: readonly number[];
  /** That of one image of the batch, as the graph has it. */
  image(index: number): PlainArray | Promise<PlainArray>;
}

/** What both forms make of the same inputs. */
export interface Answers {
  readonly images: number;
  /** What the training form computes, by its values: the network's inputs, the sections' inputs and results, the outputs. */
  readonly training: ReadonlyMap<ValueId, Numbers>;
  /** What each section of the fused form makes of the training form's tensors. */
  readonly sections: readonly Numbers[];
  /** What the fused form gives. */
  readonly outputs: readonly Numbers[];
}

/** What {@link compareForms} needs. */
export interface Comparisons {
  readonly fusion: Pick<FusedGraph, "source" | "counterparts">;
  readonly sections: readonly Section[];
  /** Names of the outputs. */
  readonly outputs: readonly string[];
  readonly answers: AsyncIterable<Answers>;
  /** Sections that were to stay as they are, and whose weights are others: a saturated output may not show it. */
  readonly altered?: ReadonlySet<Section>;
  /** What every difference is held to; by default, what rounding explains. */
  readonly tolerance?: number | undefined;
}

/** Batches whose first images are held against float64. */
const EXACT_BATCHES: ReadonlySet<number> = new Set([0, 1, 3, 7]);

/**
 * Compares answers.
 *
 * The forms pass when every section and every output differ by no more than is allowed, relative to the largest value of the
 * training form, every changed prediction is a tie, and there was at least one input.
 */
export async function compareForms(
  { fusion: { source }, sections, outputs, answers, altered, tolerance }: Comparisons,
): Promise<FusionProof> {
  const ofSections = sections.map(({ name, borderWidth, counterpart }) =>
    new Comparison(name, borderWidth, leastScaleOf(source, counterpart))
  );
  const ofOutputs = outputs.map((name, i) =>
    new Comparison(name, 1, leastScaleOf(source, source.outputs[i]!))
  );
  const measures = sections.map(() => new RoundingMeasure());
  const predictions = outputs.map(() => new PredictionComparison());
  let sample: Sample | undefined;
  let [images, batches] = [0, 0];
  for await (const answer of answers) {
    const { training } = answer;
    for (const [i, { counterpart }] of sections.entries()) {
      await update(ofSections[i]!, training.get(counterpart)!, answer.sections[i]!);
    }
    const far = new Float64Array(answer.images);
    for (const [i, value] of source.outputs.entries()) {
      const [before, after] = await update(ofOutputs[i]!, training.get(value)!, answer.outputs[i]!);
      noteDistances(far, before, after);
      const { shape } = training.get(value)!;
      const classes = shape[1] ?? 1;
      if (shape.length === 2 && classes > 1) predictions[i]!.update(before, after, classes);
    }
    if (EXACT_BATCHES.has(batches)) {
      await measureSections(source, sections, answer, measures);
    }
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
      allowed: tolerance ?? allowedInSection(rounding, sections[i]!),
    };
  });
  const ends = ofOutputs.map((comparison) => comparison.result());
  const isRounding = tolerance === undefined && ends.some((end) => largest(end) > allowedAtOutput(undefined));
  const roundings = isRounding && sample !== undefined ? measureOutputs(source, sample, ends) : [];
  const verdicts = ends.map((end, i): Verdict => {
    const rounding = roundings[i];
    return { ...end, ...said(rounding), allowed: tolerance ?? allowedAtOutput(rounding) };
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
    tolerance: worst?.allowed ?? tolerance ?? allowedAtOutput(undefined),
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
): Promise<readonly [ArrayLike<number>, ArrayLike<number>]> {
  const [before, after] = [await expected.read(), await found.read()];
  comparison.update(before, after, expected.shape);
  return [before, after];
}

/** Holds sections against float64 on the first image, where that can be computed. */
async function measureSections(
  source: Graph,
  sections: readonly Section[],
  answer: Answers,
  measures: readonly RoundingMeasure[],
): Promise<void> {
  const given = new Map<ValueId, PlainArray>();
  for (const [value, numbers] of answer.training) given.set(value, await numbers.image(0));
  const exact = new ExactNetwork(source, given);
  for (const [i, { counterpart }] of sections.entries()) {
    const training = given.get(counterpart)!;
    const fused = await answer.sections[i]!.image(0);
    for (const window of windowsOf(training.shape)) {
      const truth = unlessOpaque(() => exact.compute(counterpart, window));
      if (truth === undefined) break;
      measures[i]!.update(truth, crop(training, window), crop(fused, window));
    }
  }
}

/** Raises, image by image, how far apart the forms are. */
function noteDistances(far: Float64Array, before: ArrayLike<number>, after: ArrayLike<number>): void {
  const size = before.length / far.length;
  for (let i = 0; i < before.length; i++) {
    const image = Math.floor(i / size);
    far[image] = Math.max(far[image]!, Math.abs(before[i]! - after[i]!));
  }
}

/** The image on which the outputs are farthest apart. */
interface Sample {
  readonly distance: number;
  readonly inputs: ReadonlyMap<ValueId, PlainArray>;
  readonly training: readonly PlainArray[];
  readonly fused: readonly PlainArray[];
}

async function sampleOf(
  { inputs, outputs }: Graph,
  answer: Answers,
  image: number,
  distance: number,
): Promise<Sample> {
  const look = async (value: ValueId) => await answer.training.get(value)!.image(image);
  return {
    distance,
    inputs: new Map(
      await Promise.all(inputs.map(async ({ value }) => [value, await look(value)] as const)),
    ),
    training: await Promise.all(outputs.map(look)),
    fused: await Promise.all(answer.outputs.map(async (numbers) => await numbers.image(image))),
  };
}

/** Holds the outputs against float64 from the inputs on: what the whole network rounds, where it rounds most. */
function measureOutputs(
  source: Graph,
  { inputs, training, fused }: Sample,
  ends: readonly Difference[],
): readonly (Rounding | undefined)[] {
  const exact = new ExactNetwork(source, inputs);
  return source.outputs.map((output, i) => {
    const measure = new RoundingMeasure();
    const truth = unlessOpaque(() => exact.compute(output));
    if (truth !== undefined) measure.update(truth, training[i]!, fused[i]!);
    return measure.result(ends[i]!.scale);
  });
}

/** Where a tensor is held against float64: the corners of an image, the middles of its edges, and some pixels within. */
function windowsOf(shape: readonly number[]): readonly (Window | undefined)[] {
  if (shape.length !== 4) return [undefined];
  const [rows, columns] = [placesAlong(shape[1]!), placesAlong(shape[2]!)];
  return rows.flatMap((row) => columns.map((column) => [row, column] as const));
}

/** The first, the middle and the last. */
function placesAlong(length: number): readonly Range[] {
  const places = new Set([0, Math.floor(length / 2), length - 1]);
  return [...places].map((place) => [place, place + 1]);
}

/** What is computed, or nothing where that takes an operation that nobody but the network's own format knows. */
function unlessOpaque<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function said(rounding: Rounding | undefined): Pick<Verdict, "rounding"> {
  return rounding === undefined ? {} : { rounding };
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
