/**
 * Both forms of a network held against float64: section by section at a few pixels, and the whole network on the image where
 * the forms are farthest apart.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { asImages, asImageShape } from "../graph/as_images.ts";
import type { Graph, ValueId } from "../graph/graph.ts";
import type { PlainArray } from "../runtime/reference.ts";
import type { Answers, Numbers } from "./answers.ts";
import type { Difference } from "./comparison.ts";
import { crop, ExactNetwork, type Range, type Window } from "./exact.ts";
import { type Rounding, RoundingMeasure } from "./rounding.ts";
import type { Section } from "./sections.ts";

/** Holds sections against float64 on the first image, where that can be computed. */
export async function measureSections(
  source: Graph,
  sections: readonly Section[],
  answer: Answers,
  measures: readonly RoundingMeasure[],
): Promise<void> {
  const images = asImages(source);
  const look = async (numbers: Numbers) => asIn(images, source, await numbers.image(0));
  const given = new Map<ValueId, PlainArray>();
  for (const [value, numbers] of answer.training) given.set(value, await look(numbers));
  const exact = new ExactNetwork(images, given);
  for (const [i, { counterpart }] of sections.entries()) {
    const training = given.get(counterpart)!;
    const fused = await look(answer.sections[i]!);
    for (const window of windowsOf(training.shape)) {
      const truth = unlessOpaque(() => exact.compute(counterpart, window));
      if (truth === undefined) break;
      measures[i]!.update(truth, crop(training, window), crop(fused, window));
    }
  }
}

/** Raises, image by image, how far apart the forms are. */
export function noteDistances(far: Float64Array, before: ArrayLike<number>, after: ArrayLike<number>): void {
  const size = before.length / far.length;
  for (let i = 0; i < before.length; i++) {
    const image = Math.floor(i / size);
    far[image] = Math.max(far[image]!, Math.abs(before[i]! - after[i]!));
  }
}

/** The image on which the outputs are farthest apart. */
export interface Sample {
  readonly distance: number;
  readonly inputs: ReadonlyMap<ValueId, PlainArray>;
  readonly training: readonly PlainArray[];
  readonly fused: readonly PlainArray[];
}

export async function sampleOf(
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
export function measureOutputs(
  source: Graph,
  { inputs, training, fused }: Sample,
  ends: readonly Difference[],
): readonly (Rounding | undefined)[] {
  const images = asImages(source);
  const exact = new ExactNetwork(
    images,
    new Map([...inputs].map(([value, array]) => [value, asIn(images, source, array)])),
  );
  return source.outputs.map((output, i) => {
    const measure = new RoundingMeasure();
    const truth = unlessOpaque(() => exact.compute(output));
    if (truth !== undefined) measure.update(truth, training[i]!, fused[i]!);
    return measure.result(ends[i]!.scale);
  });
}

/** A tensor of a network that may have images in place of sequences. */
function asIn(images: Graph, source: Graph, array: PlainArray): PlainArray {
  return images === source ? array : { ...array, shape: asImageShape(array.shape) };
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
