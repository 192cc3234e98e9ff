/**
 * A {@link Graph} as the artifacts of a functional LayersModel that `tf.loadLayersModel` reads. Layers that it was read
 * from keep their name, their configuration and the bytes of their weights.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import type { Activation } from "../../graph/activation.ts";
import type { Graph, Operation, Origin, ValueId, WeightRef } from "../../graph/graph.ts";
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

/**
 * Writes a network. No value is computed, and nothing of the graph is changed.
 *
 * @throws {InputError} when TensorFlow.js has no layer for an operation.
 */
export function writeLayersModel(graph: Graph): io.ModelArtifacts {
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
  const kept = [...graph.weights].flatMap(([name, weight]): WrittenWeight[] =>
    freshRefs.has(name) ? [] : [{ name, shape: weight.shape, weight }]
  );
  const { generatedBy = "RepFuse", convertedBy = null, userDefinedMetadata } =
    (graph.original ?? {}) as OriginalModel;
  return {
    format: "layers-model",
    generatedBy,
    convertedBy,
    modelTopology: writer.finish(graph.name, inputs, graph.outputs.map(read)),
    ...packWeights([...fresh, ...kept]),
    ...(userDefinedMetadata === undefined ? {} : { userDefinedMetadata }),
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

/** Specifications and values in one buffer. */
function packWeights(weights: readonly WrittenWeight[]) {
  const data = new Uint8Array(weights.reduce((sum, { weight }) => sum + weight.byteLength, 0));
  let offset = 0;
  const weightSpecs = weights.map(({ name, shape, weight }): io.WeightsManifestEntry => {
    const isStored = weight instanceof StoredWeight;
    data.set(isStored ? weight.bytes() : bytesOf(weight.read()), offset);
    offset += weight.byteLength;
    return isStored
      ? { ...weight.spec, name, shape: [...shape] }
      : { name, shape: [...shape], dtype: "float32" };
  });
  return { weightSpecs, weightData: data.buffer };
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
