/**
 * What a proof needs of an ONNX network: what it takes, and files that give out tensors from within.
 *
 * @module
 */
import { create, toBinary } from "@bufbuild/protobuf";
import { type ModelProto, ModelProtoSchema, ValueInfoProtoSchema } from "onnx-buf";
import type { FullShape, Graph } from "../../graph/graph.ts";
import { originalOnnx } from "./original.ts";
import { parseOnnx } from "./read.ts";

/** An input of an ONNX file. */
export interface OnnxInput {
  readonly name: string;
  /** In the order of the file; nothing where it is not said. */
  readonly shape: FullShape | undefined;
  readonly dtype: string;
}

/** What a network takes that was read from an ONNX file, in its order. */
export function onnxInputs(graph: Graph): readonly OnnxInput[] {
  const { axes } = originalOnnx(graph)!;
  return graph.inputs.map(({ name, value }) => {
    const { shape, dtype } = graph.values[value]!;
    return { name, shape: shape && axes.get(name)!.map((axis) => shape[axis]!), dtype };
  });
}

/** Names of what it gives, in its order. */
export function onnxOutputs(graph: Graph): readonly string[] {
  return originalOnnx(graph)!.model.graph!.output.map(({ name }) => name);
}

/** How the axes of tensors stand in a file: axis k is axis `[k]` of the graph's value. */
export interface OnnxLayout {
  readonly inputs: readonly (readonly number[] | undefined)[];
  readonly outputs: readonly (readonly number[] | undefined)[];
}

/** The order of the axes of what a network takes and gives that was read from an ONNX file. */
export function onnxLayout(graph: Graph): OnnxLayout {
  const { axes } = originalOnnx(graph)!;
  const of = (name: string) => axes.get(name);
  return { inputs: graph.inputs.map(({ name }) => of(name)), outputs: onnxOutputs(graph).map(of) };
}

/**
 * Tensors that two networks share by name, where the second one was made of the first: the results of its new operations.
 *
 * @param made The names of operations of `after`.
 * @returns For each of them the tensor that stands in both files, or nothing.
 */
export function sharedTensors(
  before: Graph,
  after: Graph,
  made: readonly string[],
): readonly (string | undefined)[] {
  const known = new Set(before.values.map(({ name }) => name));
  const named = new Map(after.operations.map(({ name, outputs }) => [name, after.values[outputs[0]!]!.name]));
  return made.map((name) => known.has(named.get(name)) ? named.get(name) : undefined);
}

/** The file that a network was read from, as it came, with further outputs behind its own. */
export function originalWithOutputs(graph: Graph, names: readonly string[]): Uint8Array<ArrayBuffer> {
  return extended(originalOnnx(graph)!.model, names);
}

/** A file with further outputs behind its own. */
export function withOutputs(bytes: Uint8Array, names: readonly string[]): Uint8Array<ArrayBuffer> {
  return extended(parseOnnx(bytes, "the network"), names);
}

function extended(model: ModelProto, names: readonly string[]): Uint8Array<ArrayBuffer> {
  const graph = model.graph!;
  const own = new Set(graph.output.map(({ name }) => name));
  const further = names.filter((name) => !own.has(name)).map((name) =>
    create(ValueInfoProtoSchema, { name })
  );
  return toBinary(ModelProtoSchema, { ...model, graph: { ...graph, output: [...graph.output, ...further] } });
}
