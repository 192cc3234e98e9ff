/**
 * A network region by region: what merges into what, what that saves, and what does not merge, with the law that failed
 * and what to change. It is a pure function of the artifacts; TensorFlow.js is not called.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { fuse } from "../formats/tfjs/fuse.ts";
import { readLayersModel } from "../formats/tfjs/read.ts";
import { fuseGraph } from "../fuse/fuse.ts";
import type { FusionReport, RefusedMerge } from "../fuse/report.ts";
import type { NetworkCost } from "../graph/cost.ts";
import { type Graph, sizeOf, weightsOf } from "../graph/graph.ts";
import { unitsOf } from "../graph/units.ts";
import { callsOf } from "./calls.ts";
import { type Band, cutIntoBands } from "./bands.ts";
import { expressionOf } from "./expression.ts";

/** Some figure of the training form and of the deploy form. */
export interface BeforeAfter<T = number> {
  /** In the training form. */
  readonly before: T;
  /** In the deploy form. */
  readonly after: T;
}

/** One region that merges. */
export interface InspectedRegion {
  /** The folder that its layers share, else the name of its first convolution. */
  readonly name: string;
  /** The layers that merge, in the order in which they compute. */
  readonly merges: readonly string[];
  /** What they compute, on one line: "(3x3 BN + 1x1 BN + BN) ReLU". */
  readonly expression: string;
  /** What they become: "3x3 ReLU", with "pad 1" in front where that is a layer of its own. */
  readonly becomes: string;
  /** [height, width, inChannels / groups, outChannels]. */
  readonly kernelShape: readonly number[];
  /** How many layers. */
  readonly layers: BeforeAfter;
  /** How many weights, running statistics included. */
  readonly parameters: BeforeAfter;
  /** For one image; `null` where its size is not fixed. */
  readonly macs: BeforeAfter<number | null>;
}

/** A network as `repfuse inspect` shows it. */
export interface Inspection {
  /** What the training form costs. */
  readonly before: NetworkCost;
  /** What the deploy form costs. */
  readonly after: NetworkCost;
  /** What merges, from input to output. */
  readonly regions: readonly InspectedRegion[];
  /** Layers that stay as they are. */
  readonly kept: readonly string[];
  /** Layers that do nothing at inference. */
  readonly removed: readonly string[];
  /** What does not merge, and why. */
  readonly refusals: readonly RefusedMerge[];
  /** The network from input to output, for pictures. */
  readonly bands: readonly Band[];
}

/**
 * Inspects a network. Its weights must be there, since the merges are done.
 *
 * @param artifacts A LayersModel as a `tf.io` handler loads it.
 * @throws {InputError} when it is not a LayersModel, or a weight is missing, not finite, or a negative variance.
 */
export function inspect(artifacts: io.ModelArtifacts): Inspection {
  const { artifacts: fused, report } = fuse(artifacts);
  return compareForms(readLayersModel(artifacts), readLayersModel(fused), report);
}

/** {@link inspect} for a network from anywhere. */
export function inspectGraph(graph: Graph): Inspection {
  const { graph: fused, report } = fuseGraph(graph);
  return compareForms(graph, fused, report);
}

function compareForms(training: Graph, fused: Graph, report: FusionReport): Inspection {
  const bands = cutIntoBands(callsOf(training), callsOf(fused), report);
  const before = new ParameterCount(training);
  const after = new ParameterCount(fused);
  const layersOf = (kind: Band["kind"]) =>
    bands.filter((band) => band.kind === kind).flatMap(({ training }) => training.map(({ layer }) => layer));
  return {
    before: report.before,
    after: report.after,
    regions: bands.flatMap((band) => inspectRegion(band, before, after) ?? []),
    kept: layersOf("kept"),
    removed: layersOf("removed"),
    refusals: report.refusals,
    bands,
  };
}

function inspectRegion(
  { name, training, fused, region }: Band,
  before: ParameterCount,
  after: ParameterCount,
): InspectedRegion | undefined {
  if (region === undefined) return undefined;
  const merges = [...new Set(training.map(({ layer }) => layer))];
  return {
    name,
    merges,
    expression: expressionOf(training),
    becomes: fused.map(({ label }) => label).join(" "),
    kernelShape: region.kernelShape,
    layers: { before: merges.length, after: fused.length },
    parameters: {
      before: before.ofLayers(merges),
      after: after.ofLayers(fused.map(({ layer }) => layer)),
    },
    macs: {
      before: region.macsBefore,
      after: region.macsAfter,
    },
  };
}

/** Parameters by layer. */
class ParameterCount {
  private readonly byLayer: ReadonlyMap<string, number>;

  constructor({ operations }: Graph) {
    this.byLayer = new Map(
      unitsOf(operations).map(({ name, operations }) => [
        name,
        operations.flatMap(weightsOf).reduce((sum, { shape }) => sum + sizeOf(shape), 0),
      ]),
    );
  }

  ofLayers(layers: readonly string[]): number {
    return layers.reduce((sum, layer) => sum + (this.byLayer.get(layer) ?? 0), 0);
  }
}
