/**
 * What a network costs: layers, parameters, MACs, bytes.
 *
 * @module
 */
import { outputLength } from "./axis.ts";
import { type FullShape, type Graph, type Operation, type Shape, sizeOf } from "./graph.ts";
import { sidesOf } from "./sides.ts";
import { isConvolutionUnit, unitsOf } from "./units.ts";

/** The cost of one network, for one image. */
export interface NetworkCost {
  /** Layers, without the inputs: a layer that is called twice is one. */
  readonly layers: number;
  /** Layers that are convolutions of any kind. */
  readonly convolutions: number;
  /** All weights, running statistics included. */
  readonly parameters: number;
  /**
   * MACs of convolutions and dense layers, one per value of a batch normalization or a scale, and one per value that an
   * average pooling adds up; `null` where the size of the image is not fixed.
   */
  readonly macs: number | null;
  /** Bytes of the weights as they are stored. */
  readonly bytes: number;
}

/** Counts what a network costs. */
export function costOf(graph: Graph): NetworkCost {
  const layers = new Map(unitsOf(graph.operations).map((unit) => [unit.name, unit]));
  const weights = [...graph.weights.values()];
  return {
    layers: layers.size,
    convolutions: [...layers.values()].filter(isConvolutionUnit).length,
    parameters: weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    macs: graph.operations
      .map((operation) => macsOf(operation, graph.values[operation.outputs[0]!]!.shape))
      .reduce((a, b) => a === null || b === null ? null : a + b, 0),
    bytes: weights.reduce((sum, { byteLength }) => sum + byteLength, 0),
  };
}

/**
 * MACs of one operation for one image; `null` where its size is not fixed.
 *
 * @param output The shape of what it gives.
 */
function macsOf(operation: Operation, output: Shape): number | null {
  switch (operation.op) {
    case "convolution":
    case "dense":
      return times(sizeOf(operation.kernel.shape), output?.slice(1, -1));
    case "convolutionTranspose": {
      // Every pixel of the input is multiplied by the whole kernel.
      const sides = sidesOf(output);
      const pixels = operation.axes.map((axis, i) => sides[i] == null ? null : outputLength(axis, sides[i]));
      return times(sizeOf(operation.kernel.shape), pixels);
    }
    case "batchNorm":
    case "scale":
      return times(1, output?.slice(1));
    case "averagePool":
      return times(operation.axes[0].size * operation.axes[1].size, output?.slice(1));
    case "opaque":
      return operation.macs;
    default:
      return 0;
  }
}

function times(count: number, lengths: FullShape | undefined): number | null {
  return (lengths ?? [null]).reduce(
    (a, b) => a === null || b === null ? null : a * b,
    count as number | null,
  );
}
