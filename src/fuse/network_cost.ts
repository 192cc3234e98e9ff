/**
 * What a network costs: layers, parameters, multiply-accumulates, bytes.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import type { Call, Graph } from "./graph.ts";
import { isConvolution } from "./layers.ts";
import { storedBytes, valueCount } from "./stored_weight.ts";
import { readGraph } from "./topology.ts";

/** The cost of one network, for one image. */
export interface NetworkCost {
  /** Layers, without the inputs. */
  readonly layers: number;
  readonly convolutions: number;
  /** All weights, running statistics included. */
  readonly parameters: number;
  /**
   * Multiply-accumulates of convolutions and dense layers, and one per value of a BatchNormalization or a Rescaling;
   * `null` where the size of the image is not fixed.
   */
  readonly multiplyAccumulates: number | null;
  /** Bytes of the weights as they are stored. */
  readonly bytes: number;
}

/**
 * Counts what a model costs.
 *
 * @param artifacts The model.
 * @throws {InputError} when it is not a LayersModel.
 */
export function costOf(artifacts: io.ModelArtifacts): NetworkCost {
  return costOfGraph(readGraph(artifacts), artifacts.weightSpecs ?? []);
}

/** {@link costOf} for a graph that has been read. */
export function costOfGraph(graph: Graph, weightSpecs: readonly io.WeightsManifestEntry[]): NetworkCost {
  const specs = weightSpecs.filter((spec) => spec.group !== "optimizer");
  const shapes = new Map(specs.map((spec) => [spec.name, spec.shape]));
  const layers = new Set(
    graph.calls.map((call) => call.layer).filter((layer) => layer.className !== "InputLayer"),
  );
  const work = graph.calls.map((call) => multiplyAccumulates(call, shapes));
  return {
    layers: layers.size,
    convolutions: [...layers].filter((layer) => isConvolution(layer.className)).length,
    parameters: specs.reduce((sum, spec) => sum + valueCount(spec), 0),
    multiplyAccumulates: work.reduce((a, b) => a === null || b === null ? null : a + b, 0),
    bytes: specs.reduce((sum, spec) => sum + storedBytes(spec), 0),
  };
}

/** The kernels of a layer by class: each weight is used once per output position. */
const KERNELS: Readonly<Record<string, readonly string[]>> = {
  Conv2D: ["kernel"],
  GroupedConv2D: ["kernel"],
  DepthwiseConv2D: ["depthwise_kernel"],
  SeparableConv2D: ["depthwise_kernel", "pointwise_kernel"],
  Dense: ["kernel"],
};

function multiplyAccumulates(call: Call, shapes: ReadonlyMap<string, readonly number[]>): number | null {
  const { className, name } = call.layer;
  const kernels = Object.hasOwn(KERNELS, className) ? KERNELS[className]! : [];
  const perValue = className === "BatchNormalization" || className === "Rescaling";
  if (kernels.length === 0 && !perValue) return 0;
  if (call.shape === undefined) return null;
  const lengths = call.shape.slice(1);
  const positions = (perValue ? lengths : lengths.slice(0, -1))
    .reduce((a, b) => a === null || b === null ? null : a * b, 1);
  if (positions === null || perValue) return positions;
  const weights = kernels.map((kernel) => shapes.get(`${name}/${kernel}`)?.reduce((a, b) => a * b, 1) ?? 0);
  return positions * weights.reduce((a, b) => a + b, 0);
}
