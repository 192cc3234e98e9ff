/**
 * An ONNX file as a {@link Graph}. What a node means is said in `meaning.ts`. Every node that is not understood is opaque
 * and keeps its original, so that `writeOnnx` gives back the same file.
 *
 * @module
 */
import { fromBinary } from "@bufbuild/protobuf";
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  TensorProto_DataType as DataType,
  type ValueInfoProto,
} from "onnx-buf";
import { InputError } from "../../errors.ts";
import type { Graph, Operation, Origin, Shape, ValueId, ValueInfo, WeightRef } from "../../graph/graph.ts";
import type { Refusal } from "../../graph/refusal.ts";
import type { Target } from "../../graph/target.ts";
import type { Weight } from "../../graph/weights.ts";
import { inversePermutation, permute } from "../permute.ts";
import { bringIn, computedConstant, type Constant, constantOf, type ReadExternal } from "./constant.ts";
import { foldOf } from "./fold.ts";
import { withIdioms } from "./idioms.ts";
import { channelsFirst, isOrder, TO_NCHW } from "./layout.ts";
import { meaningOf } from "./meaning.ts";
import { type FileTensor, NodeCall, nodeTitle, type Operand, type WeightReading } from "./node_call.ts";
import { captured, type ConstantNode, type OriginalNode, type OriginalOnnx } from "./original.ts";
import { sequencesOf } from "./sequences.ts";
import { keepsPlaces, opaqueShape, typeAfter } from "./shapes.ts";
import { findViews, type View } from "./views.ts";
import { imageBefore } from "./weighted.ts";

const CONVOLUTIONS: ReadonlySet<string> = new Set(["Conv", "ConvInteger", "ConvTranspose", "QLinearConv"]);

/** Conv takes everything, and a product and a sum with a tensor of one number per channel cost less than a Conv. */
const TARGET: Target = { dilatesAll: true, groupsSequences: true, scalesChannels: true };

const DTYPES: ReadonlyMap<number, string> = new Map([
  [DataType.FLOAT, "float32"],
  [DataType.FLOAT16, "float16"],
  [DataType.DOUBLE, "float64"],
  [DataType.INT32, "int32"],
  [DataType.INT64, "int64"],
  [DataType.UINT8, "uint8"],
  [DataType.INT8, "int8"],
  [DataType.BOOL, "bool"],
]);

/**
 * The graph of an ONNX file. No weight is decoded before it is read.
 *
 * @param bytes Of the file. They are not copied: the graph reads its weights from them.
 * @param name Of the file, for messages.
 * @param external Reads the files that weights may lie in.
 * @throws {InputError} when it is not an ONNX file, a node reads what nobody makes, or a weight contradicts its shape.
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readFile } from "node:fs/promises";
 * import { readOnnx } from "./read.ts";
 * import { fuseGraph } from "../../fuse/fuse.ts";
 * const graph = readOnnx(await readFile("tests/fixtures/onnx/repvgg-17.onnx"), "repvgg");
 * const { report } = fuseGraph(graph);
 * assert.deepEqual([report.before.convolutions, report.after.convolutions], [8, 4]);
 * ```
 */
export function readOnnx(bytes: Uint8Array, name: string, external: ReadExternal = noExternal): Graph {
  const model = parseOnnx(bytes, name);
  const proto = model.graph!;
  return new Reader(model, proto, external).read(proto.name || name);
}

/** Reads one graph: tensors are known once the node that makes them was met. */
class Reader {
  private readonly values: ValueInfo[] = [];
  private readonly tensors = new Map<string, FileTensor>();
  private readonly constants = new Map<string, Constant>();
  private readonly constantNodes: ConstantNode[] = [];
  private readonly weights = new Map<string, Weight>();
  private readonly infos: ReadonlyMap<string, ValueInfoProto>;
  private readonly isOutput: ReadonlySet<string>;
  private readonly opsets: ReadonlyMap<string, number>;
  private readonly views: ReadonlyMap<NodeProto, View>;
  private readonly sequences: ReadonlySet<string>;
  private readonly names = new Set<string>();

  constructor(
    private readonly model: ModelProto,
    private readonly proto: GraphProto,
    private readonly external: ReadExternal,
  ) {
    this.infos = new Map([...proto.valueInfo, ...proto.output].map((info) => [info.name, info]));
    this.views = findViews(proto);
    this.sequences = sequencesOf(proto);
    this.isOutput = new Set(proto.output.map(({ name }) => name));
    this.opsets = new Map(model.opsetImport.map(({ domain, version }) => [domain, Number(version)]));
  }

  read(name: string): Graph {
    for (const tensor of this.proto.initializer) {
      bringIn(tensor, this.external);
      this.constants.set(tensor.name, constantOf(tensor));
    }
    const initializers = new Set(this.proto.initializer.map((tensor) => tensor.name));
    const inputs = this.proto.input.filter((input) => !initializers.has(input.name)).map((input) => {
      const [shape, dtype] = typeOf(input);
      const axes = this.isTurnedAtOnce(input.name) ? [0, 1, 2, 3] : this.axesOf(input.name, shape);
      return { name: input.name, value: this.take(input.name, shape, dtype, axes).value };
    });
    const inChains = new Set([...this.views.values()].flatMap(({ chain }) => chain));
    const nodes = this.proto.node.filter((node) => !inChains.has(node)).flatMap((node) => this.node(node));
    const outputs = this.proto.output.map(({ name }) => this.known(name, "the file's list of outputs").value);
    const operations = withIdioms({ outputs, operations: nodes });
    const axes = new Map(
      [...this.tensors.values()].flatMap(({ name, axes }) => axes === undefined ? [] : [[name, axes]]),
    );
    const original: OriginalOnnx = { model: this.model, axes, constants: this.constantNodes };
    return {
      name,
      values: this.values,
      inputs,
      outputs,
      operations,
      weights: this.weights,
      target: TARGET,
      original,
    };
  }

  /** Whether all that is done with an input is to bring its channels to the front: it is [N, H, W, C] in the file. */
  private isTurnedAtOnce(name: string): boolean {
    const readers = this.proto.node.filter(({ input }) => input.includes(name));
    return readers.length > 0 && readers.every(({ opType, attribute }) => {
      const order = attribute.find((attribute) => attribute.name === "perm")?.ints.map(Number);
      return opType === "Transpose" && order?.length === 4 && TO_NCHW.every((axis, i) => order[i] === axis);
    });
  }

  /** Four axes are an image [N, C, H, W], three may be a sequence [N, C, L]; all others stand as they are. */
  private axesOf(name: string, shape: Shape): readonly number[] | undefined {
    const isTurned = shape?.length === 4 || (shape?.length === 3 && this.sequences.has(name));
    return isTurned ? channelsFirst(shape.length) : shape?.map((_, i) => i);
  }

  /** A new tensor; `shape` in the order of the file. */
  private take(
    name: string,
    shape: Shape,
    dtype: string,
    axes: readonly number[] | undefined,
  ): FileTensor {
    const inGraph = shape && axes ? inversePermutation(axes).map((axis) => shape[axis]!) : undefined;
    return this.give(name, inGraph, dtype, axes);
  }

  /** A new tensor; `shape` in the order of the graph. */
  private give(name: string, shape: Shape, dtype: string, axes: readonly number[] | undefined): FileTensor {
    if (this.tensors.has(name) || this.constants.has(name)) {
      throw new InputError(`Cannot read the ONNX file: two of its nodes make the tensor "${name}".`);
    }
    const tensor = { name, value: this.values.push({ name, shape, dtype }) - 1, axes, shape, dtype };
    this.tensors.set(name, tensor);
    return tensor;
  }

  private known(name: string, reader: string): FileTensor {
    const tensor = this.tensors.get(name);
    if (tensor !== undefined) return tensor;
    const what = this.constants.has(name) ? "which is a constant" : "which no node before it makes";
    throw new InputError(`Cannot read the ONNX file: ${reader} reads "${name}", ${what}.`);
  }

  private node(node: NodeProto): Operation[] {
    const view = this.views.get(node);
    const call = new NodeCall(
      node,
      this.opsets.get(node.domain) ?? this.opsets.get("") ?? 1,
      node.input.map((name, i): Operand => {
        if (name === "") return undefined;
        if (view !== undefined && i === 1) return { kind: "constant", constant: lengthsOf(name, view) };
        const constant = this.constants.get(name);
        return constant === undefined
          ? { kind: "tensor", tensor: this.known(name, `the node ${nodeTitle(node)}`) }
          : { kind: "constant", constant };
      }),
      (constant, reading) => this.weight(constant, reading),
    );
    const folded = node.output.some((name) => this.isOutput.has(name)) ? undefined : foldOf(call);
    if (folded !== undefined) {
      this.constants.set(folded.name, folded);
      this.constantNodes.push({ node, constant: folded });
      return [];
    }
    this.learnFrom(call);
    const found = meaningOf(call);
    if (found === undefined || "kind" in found) return [this.opaque(call, found)];
    const origin = this.originOf(node, found.inputs.map((tensor) => tensor.name));
    const last = found.parts.length - 1;
    const { dtype } = found.inputs[0]!;
    let inputs: readonly ValueId[] = found.inputs.map((tensor) => tensor.value);
    return found.parts.map(({ shape, ...part }, i) => {
      const output = i === last
        ? this.give(node.output[0]!, shape, dtype, found.axes).value
        : this.values.push({ shape, dtype }) - 1;
      const suffix = i === last ? "" : `/${part.op}`;
      const operation = {
        ...part,
        name: origin.name + suffix,
        inputs,
        outputs: [output],
        origin,
      } as Operation;
      inputs = [output];
      return operation;
    });
  }

  /** A Conv tells what it reads, where that comes from a node which is not understood. */
  private learnFrom(call: NodeCall): void {
    const image = imageBefore(call);
    const tensor = call.tensor(0);
    if (image === undefined || tensor === undefined) return;
    if (tensor.shape !== undefined && tensor.shape.at(-1) !== null && tensor.dtype !== "unknown") return;
    const axes = channelsFirst(image.length)!;
    if (tensor.axes !== undefined && !isOrder(tensor.axes, axes)) return;
    const shape = tensor.shape?.map((length, i) => length ?? image[i]!) ?? image;
    const learned = {
      ...tensor,
      shape,
      axes,
      dtype: tensor.dtype === "unknown" ? DTYPES.get(call.constant(1)!.dtype)! : tensor.dtype,
    };
    this.tensors.set(tensor.name, learned);
    this.values[tensor.value] = { name: tensor.name, shape, dtype: learned.dtype };
    (call.operands as Operand[])[0] = { kind: "tensor", tensor: learned };
  }

  private opaque(call: NodeCall, refusal: Refusal | undefined): Operation {
    const { node } = call;
    const reads = [...new Set([...node.input, ...captured(node)])].filter((name) => this.tensors.has(name));
    const outputs = node.output.filter((name) => name !== "").map((name) => {
      const [noted, dtype] = typeOf(this.infos.get(name));
      const shape = noted ?? opaqueShape(call, node.output.indexOf(name));
      const before = call.tensor(0);
      const isSame = keepsPlaces(node) && before?.axes?.length === shape?.length;
      const axes = isSame ? before?.axes : this.axesOf(name, shape);
      const stays = dtype === "unknown" ? typeAfter(call) : dtype;
      return this.take(name, shape, stays, axes).value;
    });
    const origin = this.originOf(node, reads);
    return {
      op: "opaque",
      name: origin.name,
      inputs: reads.map((name) => this.tensors.get(name)!.value),
      outputs,
      origin,
      weights: [],
      ...(refusal === undefined ? {} : { refusal }),
      isConvolution: CONVOLUTIONS.has(node.opType),
      macs: null,
    };
  }

  private originOf(node: NodeProto, reads: readonly string[]): Origin {
    const original: OriginalNode = { nodes: [...this.views.get(node)?.chain ?? [], node], reads };
    const name = this.fresh(node.name || node.output[0] || node.opType);
    return { name, kind: node.opType, call: 0, isNested: false, original };
  }

  /** The name, with a number behind it when another node has it: ONNX lets nodes share names. */
  private fresh(name: string): string {
    let free = name;
    for (let i = 1; this.names.has(free); i++) free = `${name}_${i}`;
    this.names.add(free);
    return free;
  }

  /** One weight for each way in which a tensor is read. */
  private weight({ name, byteLength, shape, dtype, numbers }: Constant, reading: WeightReading): WeightRef {
    const { axes, factor = 1 } = reading;
    const isPlain = axes === undefined && factor === 1;
    const key = isPlain ? name : `${name}@${axes ?? ""}${factor === 1 ? "" : `*${factor}`}`;
    if (!this.weights.has(key)) {
      this.weights.set(key, {
        shape: reading.shape,
        storage: dtype === DataType.FLOAT16 ? "float16" : "float32",
        byteLength,
        read() {
          const values = numbers() as Float32Array;
          const turned = axes === undefined ? values : permute(values, shape, axes);
          return factor === 1 ? turned : turned.map((value) => value * factor);
        },
      });
    }
    return { name: key, shape: reading.shape };
  }
}

function lengthsOf(name: string, { lengths }: View): Constant {
  return computedConstant(name, DataType.INT64, [lengths.length], () => Float64Array.from(lengths));
}

/**
 * The parts of an ONNX file.
 *
 * @throws {InputError} when it is none.
 */
export function parseOnnx(bytes: Uint8Array, name: string): ModelProto {
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`Cannot read ${name} as an ONNX file: ${reason}.`);
  }
  if (model.graph === undefined || model.graph.node.length === 0 || model.opsetImport.length === 0) {
    throw new InputError(
      `Cannot read ${name} as an ONNX file: it has no nodes, or no version of its operators.`,
    );
  }
  return model;
}

/** The shape in the order of the file, and the data type. */
function typeOf(info: ValueInfoProto | undefined): readonly [Shape, string] {
  const type = info?.type?.value;
  if (type?.case !== "tensorType") return [undefined, "unknown"];
  const { shape, elemType } = type.value;
  const lengths = shape?.dim.map(({ value }) =>
    value.case === "dimValue" && value.value >= 0n ? Number(value.value) : null
  );
  return [lengths, DTYPES.get(elemType) ?? "unknown"];
}

function noExternal(location: string): never {
  throw new InputError(
    `Cannot read the ONNX file: its weights lie in "${location.slice(0, 80)}", which was not given with it.`,
  );
}
