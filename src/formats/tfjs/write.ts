/**
 * A {@link Graph} as the artifacts of a functional LayersModel that `tf.loadLayersModel` reads. Layers that it was read
 * from keep their name, their configuration and the bytes of their weights.
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import type { io } from "@tensorflow/tfjs";
import type { LayerOutput } from "../../fuse/report.ts";
import type { Activation } from "../../graph/activation.ts";
import {
  type Graph,
  type Operation,
  type Origin,
  sizeOf,
  type ValueId,
  type WeightRef,
} from "../../graph/graph.ts";
import { unitsOf } from "../../graph/units.ts";
import type { Weight } from "../../graph/weights.ts";
import { layersOf } from "./layer_of.ts";
import { LayerWriter, type Reference } from "./layer_writer.ts";
import type { OriginalCall, OriginalModel } from "./read.ts";
import { StoredWeight, weightNamed } from "./weights.ts";

/** A weight on its way into the artifacts. */
interface WrittenWeight {
  readonly name: string;
  /** As the layer has it. */
  readonly shape: readonly number[];
  readonly weight: Weight;
}

/** A network as its layers describe it. */
export interface LayersModelParts {
  /** All but the weights' numbers. */
  readonly description: io.ModelArtifacts;
  /** Bytes of all of them. */
  readonly weightBytes: number;
  /** The bytes of each weight, one after the other in the order of `weightSpecs`. They stand until the next is asked for. */
  weightData(): Iterable<Uint8Array>;
}

/** Which layers of a written model give the values of the graph. */
interface Placed {
  readonly places: ReadonlyMap<ValueId, LayerOutput>;
}

/**
 * Writes a network. No value is computed, and nothing of the graph is changed.
 *
 * @throws {InputError} when TensorFlow.js has no layer for an operation.
 */
export function writeLayersModel(graph: Graph): io.ModelArtifacts {
  return writePlacedModel(graph).artifacts;
}

/** {@link writeLayersModel}, for whoever looks into the model that comes of it. */
export function writePlacedModel(graph: Graph): { readonly artifacts: io.ModelArtifacts } & Placed {
  const { description, weightBytes, weightData, places } = describeLayersModel(graph);
  const data = new Uint8Array(weightBytes);
  let offset = 0;
  for (const bytes of weightData()) {
    data.set(bytes, offset);
    offset += bytes.length;
  }
  return { artifacts: { ...description, weightData: data.buffer }, places };
}

/**
 * What {@link writeLayersModel} writes, with one weight at a time in memory.
 *
 * @throws {InputError} when TensorFlow.js has no layer for an operation.
 */
export function describeLayersModel(graph: Graph): LayersModelParts & Placed {
  if (graph.values.some(({ dtype }) => dtype === "float16")) {
    throw new InputError(
      `Cannot write ${graph.name} as layers of TensorFlow.js: it computes in float16, which that does not have.`,
    );
  }
  const originals = [...graph.inputs, ...graph.operations].flatMap(({ origin }) => originalOf(origin) ?? []);
  const writer = new LayerWriter(originals.map(({ layer }) => layer.name));
  const references = new Map<ValueId, Reference>();
  const fresh: WrittenWeight[] = [];
  const freshRefs = new Set<string>();
  const nonNegative = new Set(graph.operations.filter(isNonNegative).flatMap(({ outputs }) => outputs));
  const read = (value: ValueId): Reference => references.get(value)!;

  const inputs = graph.inputs.map(({ name, value, origin }) => {
    const original = originalOf(origin);
    const { shape, dtype } = graph.values[value]!;
    const reference = original === undefined
      ? writer.add(name, "InputLayer", { batch_input_shape: shape, dtype, sparse: false }, [])
      : writer.keep(original.layer, [], original.kwargs);
    references.set(value, reference);
    return reference;
  });

  /** Calls new layers, their weights under their own names. */
  const add = (operation: Operation): Reference => {
    const [input, output] = [operation.inputs[0]!, operation.outputs[0]!];
    const layers = layersOf(operation, {
      input: graph.values[input]!.shape,
      output: graph.values[output]!.shape,
      isNonNegative: nonNegative.has(input),
    });
    let from = operation.inputs.map(read);
    for (const { className, config, weights, suffix = "" } of layers) {
      const reference = writer.add(operation.name + suffix, className, config, from);
      for (const [key, ref] of Object.entries<WeightRef>(weights)) {
        freshRefs.add(ref.name);
        fresh.push({
          name: `${reference.call.layer.name}/${key}`,
          shape: ref.shape,
          weight: weightNamed(graph.weights, ref.name),
        });
      }
      from = [reference];
    }
    return from[0]!;
  };

  for (const { operations, origin } of unitsOf(graph.operations)) {
    const [first, last] = [operations[0]!, operations.at(-1)!];
    const original = originalOf(origin);
    const reference = original === undefined
      ? add(first)
      : writer.keep(original.layer, first.inputs.map(read), original.kwargs);
    last.outputs.forEach((value, index) => references.set(value, { call: reference.call, index }));
  }
  // TensorFlow.js refuses a weight whose layer is gone, such as the slopes of a PReLU that changed nothing.
  const owners = new Set(originals.map(({ layer }) => layer.name));
  const isOwned = (name: string) => owners.has(name.slice(0, Math.max(0, name.lastIndexOf("/"))));
  const kept = [...graph.weights].flatMap(([name, weight]): WrittenWeight[] =>
    freshRefs.has(name) || !isOwned(name) ? [] : [{ name, shape: weight.shape, weight }]
  );
  const { generatedBy = "RepFuse", convertedBy = null, userDefinedMetadata } =
    (graph.original ?? {}) as OriginalModel;
  const weights = [...fresh, ...kept];
  return {
    description: {
      format: "layers-model",
      generatedBy,
      convertedBy,
      modelTopology: writer.finish(graph.name, inputs, graph.outputs.map(read)),
      weightSpecs: weights.map(specOf),
      ...(userDefinedMetadata === undefined ? {} : { userDefinedMetadata }),
    },
    weightBytes: weights.reduce((sum, { weight }) => sum + weight.byteLength, 0),
    *weightData() {
      const most = Math.max(0, ...weights.map(({ weight }) => sizeOf(weight.shape)));
      const memory = new Float32Array(most);
      for (const { weight } of weights) {
        yield weight instanceof StoredWeight ? weight.bytes() : bytesOf(weight.read(memory));
      }
    },
    places: new Map(
      [...references].flatMap(([value, { call, index }]) =>
        index === 0 ? [[value, { layer: call.layer.name, node: call.node }] as const] : []
      ),
    ),
  };
}

/** Whether an operation gives no number below zero. */
function isNonNegative(operation: Operation): boolean {
  if (operation.op === "softmax") return true;
  return "activation" in operation && NON_NEGATIVE.has(operation.activation) &&
    !("alpha" in operation && operation.alpha !== undefined);
}

const NON_NEGATIVE: ReadonlySet<Activation> = new Set([
  "relu",
  "relu6",
  "sigmoid",
  "hard_sigmoid",
  "softplus",
]);

/** The layer that an operation was read from, where that was a LayersModel's. */
function originalOf(origin: Origin | undefined): OriginalCall | undefined {
  const original = origin?.original;
  return typeof original === "object" && original !== null && "layer" in original
    ? original as OriginalCall
    : undefined;
}

function specOf({ name, shape, weight }: WrittenWeight): io.WeightsManifestEntry {
  return weight instanceof StoredWeight
    ? { ...weight.spec, name, shape: [...shape] }
    : { name, shape: [...shape], dtype: "float32" };
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
