/**
 * What float32 loses where large numbers cancel. A sum rounds in proportion to its terms, not to what is left of them:
 *
 *     |fl(Σ w·x + b) − (Σ w·x + b)| ≤ n·u·(Σ |w|·|x| + |b|),    u = 2⁻²⁴
 *
 * (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section 3.1.) A BatchNorm over a channel that hardly
 * varies multiplies by hundreds; the training form subtracts the mean before that, and the fused form cannot. Then the fused
 * form alone is far from float64, and nothing is wrong with it.
 *
 * @module
 */
import { asImages } from "../graph/as_images.ts";
import type { Graph, ValueId } from "../graph/graph.ts";
import type { Weight } from "../graph/weights.ts";
import type { PlainArray } from "../runtime/reference.ts";
import { ExactNetwork, type Window } from "./exact.ts";
import type { Section } from "./sections.ts";

/** The unit roundoff of float32. */
const UNIT = 2 ** -24;

/** The network of a fused form's magnitudes: every weight without its sign. */
export function magnitudesOf(graph: Graph): Graph {
  const images = asImages(graph);
  return {
    ...images,
    weights: new Map(Array.from(images.weights, ([name, weight]) => [name, bare(weight)])),
  };
}

/**
 * How much one rounding of every term may move a section's values: u·(Σ |w|·|x| + |b|).
 *
 * @param magnitudes From {@link magnitudesOf}.
 * @param inputs What the section takes, one image.
 * @throws {InputError} when one of its operations is opaque.
 */
export function cancellationIn(
  magnitudes: Graph,
  { value }: Section,
  inputs: ReadonlyMap<ValueId, PlainArray>,
  window: Window | undefined,
): number {
  const given = new Map(
    Array.from(inputs, ([id, array]) => [id, { ...array, data: array.data.map(Math.abs) }]),
  );
  const { data } = new ExactNetwork(magnitudes, given).compute(value, window);
  return UNIT * Array.from(data).reduce((most, term) => Math.max(most, Math.abs(term)), 0);
}

function bare(weight: Weight): Weight {
  return { ...weight, read: (memory) => weight.read(memory).map(Math.abs) };
}
