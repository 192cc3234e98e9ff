/**
 * What a proof needs of an ONNX network: what it takes, and files that give out tensors from within.
 *
 * @module
 */
import { create } from "@bufbuild/protobuf";
import { type ModelProto, TensorProto_DataType, ValueInfoProtoSchema } from "onnx-buf";
import type { Graph } from "../../graph/graph.ts";
import { type LightOnnx, lightOnnx, onnxBytes, onnxParts } from "./bytes.ts";
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

/** The file that a network was read from. */
export function originalFile(graph: Graph): Uint8Array<ArrayBuffer> {
  return onnxBytes(originalOnnx(graph)!.model);
}

/** Its bytes part after part, without a copy of its weights. */
export function originalParts(graph: Graph): readonly Uint8Array[] {
  return onnxParts(originalOnnx(graph)!.model);
}

/** The file that a network was read from, as it came, with further outputs behind its own. */
export function originalWithOutputs(graph: Graph, names: readonly string[]): LightOnnx {
  const { model } = originalOnnx(graph)!;
  const own = new Set(model.graph!.output.map(({ name }) => name));
  const further = names.filter((name) => !own.has(name)).map((name) =>
    create(ValueInfoProtoSchema, { name })
  );
  return lightOnnx({
    ...model,
    graph: { ...model.graph!, output: [...model.graph!.output, ...further] },
  });
}

/** What a cut file is given for a tensor, and what it calls that. */
const GIVEN = "/given";

/** A file that was made, as somebody else reads it. */
export class MadeOnnx {
  private readonly model: ModelProto;

  constructor(bytes: Uint8Array) {
    this.model = parseOnnx(bytes, "the network");
  }

  /** The names of the tensors that its nodes make. */
  names(): ReadonlySet<string> {
    return new Set(this.model.graph!.node.flatMap(({ output }) => output));
  }

  whole(): LightOnnx {
    return lightOnnx(this.model);
  }

  /**
   * Cut apart: nodes that read one of the tensors get it from outside, and what the nodes make of that comes out.
   *
   * @param cuts Tensors that nodes make.
   * @param halves Those of them that are float16; all others are float32.
   * @param wanted What comes out.
   * @returns The file, and under which name each of the tensors goes in.
   */
  cutApart(
    cuts: readonly string[],
    wanted: readonly string[],
    halves: ReadonlySet<string> = new Set(),
  ): { readonly file: LightOnnx; readonly given: ReadonlyMap<string, string> } {
    const graph = this.model.graph!;
    const given = new Map(cuts.map((name) => [name, name + GIVEN]));
    const node = graph.node.map((node) => ({
      ...node,
      input: node.input.map((name) => given.get(name) ?? name),
    }));
    const { FLOAT, FLOAT16 } = TensorProto_DataType;
    const further = [...given].map(([tensor, name]) =>
      create(ValueInfoProtoSchema, {
        name,
        type: { value: { case: "tensorType", value: { elemType: halves.has(tensor) ? FLOAT16 : FLOAT } } },
      })
    );
    const output = wanted.map((name) => create(ValueInfoProtoSchema, { name }));
    const cut = { ...this.model, graph: { ...graph, node, input: [...graph.input, ...further], output } };
    return { file: lightOnnx(cut), given };
  }
}
