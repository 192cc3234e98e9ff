/**
 * What a network costs: layers, parameters, multiply-accumulates, bytes.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { LayerConfig } from "./config.ts";
import type { Call, Graph, Layer, Shape } from "./graph.ts";
import { isConvolution } from "./layers.ts";
import { storedBytes, valueCount } from "./stored_weight.ts";
import { readGraph } from "./topology.ts";

/** The cost of one network, for one image. */
export interface NetworkCost {
  /** Layers, without the inputs. */
  readonly layers: number;
  /** Layers that are convolutions of any kind. */
  readonly convolutions: number;
  /** All weights, running statistics included. */
  readonly parameters: number;
  /**
   * Multiply-accumulates of convolutions and dense layers, one per value of a BatchNormalization or a Rescaling, and one
   * per value that an AveragePooling2D adds up; `null` where the size of the image is not fixed.
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

function multiplyAccumulates(
  { layer, shape }: Call,
  shapes: ReadonlyMap<string, readonly number[]>,
): number | null {
  const perPixel = costPerPixel(layer, shape, shapes);
  if (perPixel === 0) return 0;
  return product([perPixel, ...shape?.slice(1, -1) ?? [null]]);
}

/** Multiply-accumulates for all channels of one output position. */
function costPerPixel(
  { className, name, config }: Layer,
  shape: Shape,
  shapes: ReadonlyMap<string, readonly number[]>,
): number | null {
  const channels = shape?.at(-1) ?? null;
  if (className === "BatchNormalization" || className === "Rescaling") return channels;
  if (className === "AveragePooling2D") {
    return product([...new LayerConfig(name, config).pair("pool_size", [2, 2]), channels]);
  }
  const kernels = Object.hasOwn(KERNELS, className) ? KERNELS[className]! : [];
  return kernels.reduce((sum, kernel) => sum + product(shapes.get(`${name}/${kernel}`) ?? [0])!, 0);
}

function product(values: readonly (number | null)[]): number | null {
  return values.reduce((a, b) => a === null || b === null ? null : a * b, 1);
}
