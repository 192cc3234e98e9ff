/**
 * Both forms of a network held against float64: section by section at a few pixels, and the whole network on the image where
 * the forms are farthest apart.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { asImages, asImageShape } from "../graph/as_images.ts";
import type { FusedGraph } from "../fuse/fuse.ts";
import type { Graph, ValueId } from "../graph/graph.ts";
import type { PlainArray } from "../runtime/reference.ts";
import type { Answers, Numbers } from "./answers.ts";
import type { Difference } from "./comparison.ts";
import { cancellationIn, magnitudesOf } from "./cancellation.ts";
import { crop, ExactNetwork, type Range, type Window } from "./exact.ts";
import { type Rounding, RoundingMeasure } from "./rounding.ts";
import type { Section } from "./sections.ts";

/** Where a section is held against float64. */
export interface Look {
  /** Its number. */
  readonly section: number;
  /** Of the batch. */
  readonly image: number;
  /** One pixel; some of the image when not given. */
  readonly pixel?: readonly [row: number, column: number] | undefined;
}

/** Holds sections against float64, where that can be computed. */
export async function measureSections(
  { source, graph, counterparts }: Pick<FusedGraph, "source" | "graph" | "counterparts">,
  sections: readonly Section[],
  answer: Answers,
  measures: readonly RoundingMeasure[],
  looks: readonly Look[],
): Promise<void> {
  if (looks.length === 0) return;
  const images = asImages(source);
  const magnitudes = magnitudesOf(graph);
  for (const image of new Set(looks.map(({ image }) => image))) {
    const look = async (numbers: Numbers) => asIn(images, source, await numbers.image(image));
    const given = new Map<ValueId, PlainArray>();
    for (const [value, numbers] of answer.training) given.set(value, await look(numbers));
    const exact = new ExactNetwork(images, given);
    for (const { section, pixel } of looks.filter((look) => look.image === image)) {
      const { counterpart } = sections[section]!;
      const training = given.get(counterpart)!;
      const fused = await look(answer.sections[section]!);
      for (const window of windowsOf(training.shape, pixel)) {
        const truth = unlessOpaque(() => exact.compute(counterpart, window));
        if (truth === undefined) break;
        measures[section]!.update(truth, crop(training, window), crop(fused, window));
      }
      if (pixel === undefined) continue;
      const inputs = new Map(sections[section]!.inputs.map((id) => [id, given.get(counterparts.get(id)!)!]));
      const [window] = windowsOf(training.shape, pixel);
      const lost = unlessOpaque(() => cancellationIn(magnitudes, sections[section]!, inputs, window));
      if (lost !== undefined) measures[section]!.addCancellation(lost);
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

/** Where a tensor is held against float64: at one pixel, or the corners of an image, the middles of its edges, and its middle. */
function windowsOf(shape: readonly number[], pixel: Look["pixel"]): readonly (Window | undefined)[] {
  if (shape.length !== 4) return [undefined];
  if (pixel !== undefined) return [pixel.map((place) => [place, place + 1] as const) as unknown as Window];
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
