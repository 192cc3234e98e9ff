/**
 * Sequences as what they are to everything that moves a window: images of height 1, the same numbers in the same order. So
 * whoever computes with windows knows images alone.
 *
 * @module
 */
import type { Graph, Operation, Shape } from "./graph.ts";
import { isSequence } from "./sides.ts";

/** What needs images. */
const WINDOWED: ReadonlySet<Operation["op"]> = new Set([
  "convolution",
  "convolutionTranspose",
  "pad",
  "upsample",
  "maxPool",
  "averagePool",
  "globalMaxPool",
  "globalAveragePool",
]);

/** [N, 1, L, C] of [N, L, C]; other shapes as they are. */
export function asImageShape<T extends Shape>(shape: T): T {
  return (isSequence(shape) ? shape!.toSpliced(1, 0, 1) : shape) as T;
}

/** [N, L, C] of [N, 1, L, C]; other shapes as they are. */
export function sequenceShape<T extends Shape>(shape: T): T {
  return (shape?.length === 4 ? shape.toSpliced(1, 1) : shape) as T;
}

/** The same network with images in place of sequences; the graph itself where no window moves over one. */
export function asImages(graph: Graph): Graph {
  const { values, operations } = graph;
  const isRead = (operation: Operation) => operation.inputs.some((input) => isSequence(values[input]!.shape));
  if (!operations.some((operation) => WINDOWED.has(operation.op) && isRead(operation))) return graph;
  return {
    ...graph,
    values: values.map((info) => ({ ...info, shape: asImageShape(info.shape) })),
    operations: operations.map((operation) =>
      "axis" in operation && operation.axis > 0 && isRead(operation)
        ? { ...operation, axis: operation.axis + 1 }
        : operation
    ),
  };
}
