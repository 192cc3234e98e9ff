/**
 * What a proof needs of an ONNX network: what it takes, and files that give out tensors from within.
 *
 * @module
 */
import { create, toBinary } from "@bufbuild/protobuf";
import { type ModelProto, ModelProtoSchema, TensorProto_DataType, ValueInfoProtoSchema } from "onnx-buf";
import type { Graph } from "../../graph/graph.ts";
import { originalOnnx } from "./original.ts";
import { parseOnnx } from "./read.ts";

/** The order in which a file has the axes of its tensors, by their names; those of others are as in the graph. */
export function axesInFile(graph: Graph): ReadonlyMap<string, readonly number[]> {
  return originalOnnx(graph)!.axes;
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

/** The file that a network was read from, as it came, with further outputs behind its own. */
export function originalWithOutputs(graph: Graph, names: readonly string[]): Uint8Array<ArrayBuffer> {
  return extended(originalOnnx(graph)!.model, names);
}

/** What a cut file is given for a tensor, and what it calls that. */
const GIVEN = "/given";

/** The names of the tensors that the nodes of a file make. */
export function madeIn(bytes: Uint8Array): ReadonlySet<string> {
  return new Set(parseOnnx(bytes, "the network").graph!.node.flatMap(({ output }) => output));
}

/**
 * A file cut apart: nodes that read one of the tensors get it from outside, and what the nodes make of that comes out.
 *
 * @param cuts Tensors of float32 that nodes make.
 * @param wanted What comes out.
 * @returns The file, and under which name each of the tensors goes in.
 */
export function cutApart(
  bytes: Uint8Array,
  cuts: readonly string[],
  wanted: readonly string[],
): { readonly bytes: Uint8Array<ArrayBuffer>; readonly given: ReadonlyMap<string, string> } {
  const model = parseOnnx(bytes, "the network");
  const graph = model.graph!;
  const given = new Map(cuts.map((name) => [name, name + GIVEN]));
  const node = graph.node.map((node) => ({
    ...node,
    input: node.input.map((name) => given.get(name) ?? name),
  }));
  const further = [...given.values()].map((name) =>
    create(ValueInfoProtoSchema, {
      name,
      type: { value: { case: "tensorType", value: { elemType: TensorProto_DataType.FLOAT } } },
    })
  );
  const output = wanted.map((name) => create(ValueInfoProtoSchema, { name }));
  const cut = { ...model, graph: { ...graph, node, input: [...graph.input, ...further], output } };
  return { bytes: toBinary(ModelProtoSchema, cut), given };
}

function extended(model: ModelProto, names: readonly string[]): Uint8Array<ArrayBuffer> {
  const graph = model.graph!;
  const own = new Set(graph.output.map(({ name }) => name));
  const further = names.filter((name) => !own.has(name)).map((name) =>
    create(ValueInfoProtoSchema, { name })
  );
  return toBinary(ModelProtoSchema, { ...model, graph: { ...graph, output: [...graph.output, ...further] } });
}
