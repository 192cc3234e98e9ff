/**
 * A fused network cut where its values are also values of the training form. Every section computes from what the training
 * form itself computes, so that rounding does not add up from one to the next, and a fault shows where it is.
 *
 * @module
 */
import type { FusedGraph } from "../fuse/fuse.ts";
import { type Operation, type ValueId, weightsOf } from "../graph/graph.ts";
import { unitsOf } from "../graph/units.ts";

/** A part of a fused network that makes one value. */
export interface Section {
  /** Of the operation that makes the value. */
  readonly name: string;
  /** What it makes, in the fused form. */
  readonly value: ValueId;
  /** The same in the training form. */
  readonly counterpart: ValueId;
  /** What it computes that from, in the fused form: the nearest values that are also the training form's. */
  readonly inputs: readonly ValueId[];
  /** Whether it stands in the training form just so. */
  readonly isKept: boolean;
  /** Output pixels at each edge whose window reaches into the padding, at most. */
  readonly borderWidth: number;
}

/**
 * A section for every operation that fusion made, and for every one that has weights.
 *
 * @param isSeen Whether a value of the fused form can be looked at in both forms.
 */
export function sectionsOf(
  { graph, counterparts }: Pick<FusedGraph, "graph" | "counterparts">,
  isSeen: (value: ValueId) => boolean,
): readonly Section[] {
  const cuts = new Set([...counterparts.keys()].filter(isSeen));
  const makers = new Map(
    graph.operations.flatMap((operation) => operation.outputs.map((output) => [output, operation] as const)),
  );
  return unitsOf(graph.operations).flatMap(({ name, operations, origin }): Section[] => {
    const last = operations.at(-1)!;
    const [value] = last.outputs as [ValueId];
    if (!cuts.has(value)) return [];
    if (origin !== undefined && !operations.some((operation) => weightsOf(operation).length > 0)) return [];
    return [{
      name,
      value,
      counterpart: counterparts.get(value)!,
      isKept: origin !== undefined,
      inputs: nearest(last, makers, cuts),
      borderWidth: Math.max(...operations.map(borderOf)),
    }];
  });
}

/** The cuts that stand before an operation. */
function nearest(
  operation: Operation,
  makers: ReadonlyMap<ValueId, Operation>,
  cuts: ReadonlySet<ValueId>,
): readonly ValueId[] {
  const found = new Set<ValueId>();
  const seen = new Set<ValueId>();
  const waiting = [...operation.inputs];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    if (cuts.has(value)) found.add(value);
    else waiting.push(...makers.get(value)?.inputs ?? []);
  }
  return [...found];
}

function borderOf(operation: Operation): number {
  if (operation.op === "pad") return Math.max(...operation.padding);
  if (!("axes" in operation)) return 0;
  return Math.max(
    ...operation.axes.map(({ before, after, stride }) => Math.ceil(Math.max(before, after, 0) / stride)),
  );
}
