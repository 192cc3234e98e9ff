/**
 * A {@link Graph} as an ONNX file.
 *
 * What was read from an ONNX file goes back into it: nodes that took no part stay as they were, with the names of all
 * tensors, the versions of the operators, and what the file says beside the network. A network that comes from elsewhere
 * becomes a file of opset 17 and IR version 8, which onnx 1.12 knows and every runtime since 2022; its inputs stay NHWC and
 * of their own data type, and so do outputs that are images.
 *
 * Reference: https://github.com/onnx/onnx/blob/v1.12.0/docs/Operators.md
 *
 * @module
 */
import { create } from "@bufbuild/protobuf";
import {
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { InputError } from "../../errors.ts";
import {
  type FullShape,
  type Graph,
  type GraphInput,
  isReal,
  type Operation,
  type ValueId,
  type ValueInfo,
} from "../../graph/graph.ts";
import { isSequence } from "../../graph/sides.ts";
import { unitsOf } from "../../graph/units.ts";
import { onnxBytes } from "./bytes.ts";
import { OnnxGraphWriter } from "./graph_writer.ts";
import { channelsFirst, isImage, TO_NCHW } from "./layout.ts";
import { NotInOnnx, type OnnxTensor, termOf } from "./operations.ts";
import { FileConstants, originalNode, originalOnnx } from "./original.ts";
import { Places } from "./places.ts";
import { apply } from "./term.ts";

/** The version of the operators of files that are new. */
const OPSET = 17;

const IR_VERSION = 8n;

/** What new files call the number of images, which is open. */
const BATCH = "batch";

/** What the numbers of an input can be. */
const DATA_TYPES: ReadonlyMap<string, DataType> = new Map([
  ["float32", DataType.FLOAT],
  ["float16", DataType.FLOAT16],
  ["int32", DataType.INT32],
  ["uint8", DataType.UINT8],
  ["bool", DataType.BOOL],
]);

/** What goes into the file beside the network. */
export interface OnnxOptions {
  /** Texts by name, for whoever runs the model: labels, normalization. Those of the file that was read stay. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The bytes of the ONNX file.
 *
 * @param graph Weights that are stored as float16 become float16 initializers; all others are written as float32.
 * @throws {InputError} that lists every operation that cannot be said in ONNX, with the reason.
 */
export function writeOnnx(graph: Graph, options: OnnxOptions = {}): Uint8Array<ArrayBuffer> {
  const original = originalOnnx(graph);
  const metadataProps = Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value }));
  if (original === undefined) {
    return onnxBytes(
      create(ModelProtoSchema, {
        irVersion: IR_VERSION,
        producerName: "RepFuse",
        opsetImport: [{ domain: "", version: BigInt(OPSET) }],
        metadataProps,
        graph: freshGraph(graph),
      }),
    );
  }
  const kept = original.model.metadataProps.filter(({ key }) => !Object.hasOwn(options.metadata ?? {}, key));
  const model = create(ModelProtoSchema, { metadataProps: [...kept, ...metadataProps] });
  return onnxBytes({
    ...original.model,
    metadataProps: model.metadataProps,
    graph: graphInPlace(graph, original),
  });
}

/** The graph of a network that comes from elsewhere: values are named by what makes them. */
function freshGraph(graph: Graph): GraphProto {
  const makers = new Map<ValueId, string>([
    ...graph.inputs.map(({ name, value }) => [value, name] as const),
    ...graph.operations.flatMap(({ name, outputs }) => outputs.map((value) => [value, name] as const)),
  ]);
  const writer = new OnnxGraphWriter(graph.weights, makers.values(), OPSET);
  const places = new Places(writer);
  const findings = new Findings(graph.name);
  for (const input of graph.inputs) {
    findings.gather(input, "input", () => enter(input, graph.values[input.value]!, writer, places));
  }
  for (const operation of graph.operations) {
    findings.gather(operation, operation.op, () => {
      const { shape } = graph.values[operation.outputs[0]!]!;
      const isOutput = graph.outputs.includes(operation.outputs[0]!);
      writeOperation(operation, graph, places, writer, {
        tensor: operation.name,
        axes: isOutput ? asItIs(shape) : undefined,
      });
    });
  }
  findings.report();
  return create(GraphProtoSchema, {
    name: graph.name,
    node: writer.nodes,
    initializer: writer.initializers,
    input: graph.inputs.map(({ name, value }) => valueInfo(name, graph.values[value]!)),
    output: graph.outputs.map((value) => valueInfo(makers.get(value)!, graph.values[value]!)),
  });
}

/** The graph of the file that the network was read from, with what has become of its nodes. */
function graphInPlace(graph: Graph, original: NonNullable<ReturnType<typeof originalOnnx>>): GraphProto {
  const proto = original.model.graph!;
  const constants = new FileConstants(proto, original);
  const opset = original.model.opsetImport.find(({ domain }) => domain === "")?.version ?? BigInt(OPSET);
  const writer = new OnnxGraphWriter(graph.weights, constants.allNames, Number(opset));
  const places = new Places(writer);
  const findings = new Findings(graph.name);
  for (const { name, value } of graph.inputs) places.note(value, name, original.axes.get(name));
  for (const { operations, origin } of unitsOf(graph.operations)) {
    const known = originalNode(origin);
    const [first, last] = [operations[0]!, operations.at(-1)!];
    if (known === undefined) {
      findings.gather(first, first.op, () => {
        const { name } = graph.values[first.outputs[0]!]!;
        const tensor = name !== undefined && !places.isTaken(name)
          ? name
          : writer.freeName(name ?? first.name);
        writeOperation(first, graph, places, writer, {
          tensor,
          axes: original.axes.get(tensor),
        });
      });
      continue;
    }
    const { nodes, reads } = known;
    const inside = new Set(nodes.flatMap(({ output }) => output));
    reads.forEach((name, i) => {
      if (!nodes.some(({ input }) => input.includes(name))) {
        places.name(first.inputs[i]!, name, original.axes.get(name));
      }
    });
    for (const node of nodes) {
      const input = node.input.map((name) => {
        const at = reads.indexOf(name);
        if (at >= 0) return places.as(first.inputs[at]!, original.axes.get(name), name);
        if (!inside.has(name)) constants.need(name);
        return name;
      });
      constants.needCaptured(node);
      writer.nodes.push(create(NodeProtoSchema, { ...node, input }));
    }
    const node = nodes.at(-1)!;
    const outputs = node.output.filter((name) => name !== "");
    last.outputs.forEach((value, i) => places.note(value, outputs[i]!, original.axes.get(outputs[i]!)));
  }
  proto.output.forEach(({ name }, i) => {
    if (!constants.need(name)) places.name(graph.outputs[i]!, name, original.axes.get(name));
  });
  findings.report();
  const { nodes, initializers } = constants.kept(writer);
  const made = new Set([...nodes, ...writer.nodes].flatMap(({ output }) => output));
  return {
    ...proto,
    node: [...nodes, ...writer.nodes],
    initializer: [...initializers, ...writer.initializers],
    input: proto.input.filter(({ name }) => !constants.isDropped(name)),
    valueInfo: proto.valueInfo.filter(({ name }) => made.has(name)),
  };
}

/** Why operations cannot be written, all in one message. */
class Findings {
  private readonly findings: string[] = [];

  constructor(private readonly network: string) {}

  gather(maker: GraphInput | Operation, kind: string, write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!(error instanceof NotInOnnx)) throw error;
      this.findings.push(
        `${maker.origin?.name ?? maker.name} (${maker.origin?.kind ?? kind}): ${error.message}`,
      );
    }
  }

  report(): void {
    if (this.findings.length === 0) return;
    throw new InputError(
      `Cannot write ${this.network} as ONNX:\n${this.findings.map((finding) => `  - ${finding}`).join("\n")}`,
    );
  }
}

/** An input as the operations read it: float32, whatever it is in the file. */
function enter(
  { name, value }: GraphInput,
  { shape, dtype }: ValueInfo,
  writer: OnnxGraphWriter,
  places: Places,
): void {
  if (!DATA_TYPES.has(dtype)) throw new NotInOnnx(`its data type is ${dtype}`);
  const floats = isReal(dtype)
    ? name
    : writer.write(apply("Cast", [name], { to: BigInt(DataType.FLOAT) }), writer.freeName(`${name}/float32`));
  places.note(value, floats, asItIs(shape));
}

/** Writes one operation, and where its tensor is. */
function writeOperation(
  operation: Operation,
  { values }: Graph,
  places: Places,
  writer: OnnxGraphWriter,
  wanted: { readonly tensor: string; readonly axes: readonly number[] | undefined },
): void {
  if (operation.op === "opaque") {
    throw new NotInOnnx(operation.refusal?.reason ?? "RepFuse does not write this layer");
  }
  // What reads an operation that was refused is passed over: one finding is enough.
  if (!operation.inputs.every((input) => places.has(input))) return;
  const order = orderOfSequences(operation, values, places);
  const inputs = operation.inputs.map((input): OnnxTensor => {
    const { shape } = values[input]!;
    if (shape === undefined) throw new NotInOnnx("the shape of its input is not known");
    const axes = axesOf(shape, order);
    return { name: places.as(input, axes), shape, axes };
  });
  const [output] = operation.outputs as [ValueId];
  const { shape, dtype } = values[output]!;
  if (!isReal(dtype)) throw new NotInOnnx(`the data type of its output is ${dtype}`);
  writer.isHalf = dtype === "float16";
  const term = termOf(operation, inputs, shape, writer);
  const axes = shape && axesOf(shape, order);
  const isTurned = wanted.axes?.some((axis, i) => axis !== axes?.[i]) ?? false;
  const inside = isTurned ? writer.freeName(`${wanted.tensor}/nchw`) : wanted.tensor;
  places.note(output, writer.write(term, isTurned ? inside : operation.name, inside), axes);
  if (isTurned) places.name(output, wanted.tensor, wanted.axes);
}

/** What moves along the axes of a sequence, or has its channels second. */
const CHANNELS_SECOND: ReadonlySet<Operation["op"]> = new Set([
  "convolution",
  "convolutionTranspose",
  "batchNorm",
  "pad",
  "maxPool",
  "averagePool",
  "globalMaxPool",
  "globalAveragePool",
  "upsample",
]);

/** The order in which an operation reads sequences and makes them: one that does not care takes them as they are. */
function orderOfSequences(
  { op, inputs }: Operation,
  values: readonly ValueInfo[],
  places: Places,
): readonly number[] {
  if (CHANNELS_SECOND.has(op)) return channelsFirst(3)!;
  const first = inputs.find((input) => isSequence(values[input]!.shape));
  const isFree = op !== "dense" && op !== "reshape" && first !== undefined;
  return (isFree ? places.orderOf(first) : undefined) ?? [0, 1, 2];
}

/** The order of the axes inside the file: images are NCHW. */
function axesOf(shape: FullShape, ofSequences: readonly number[]): readonly number[] {
  return isImage(shape) ? TO_NCHW : isSequence(shape) ? ofSequences : shape.map((_, i) => i);
}

function asItIs(shape: ValueInfo["shape"]): readonly number[] | undefined {
  return shape?.map((_, i) => i);
}

function valueInfo(name: string, { shape, dtype }: ValueInfo): ValueInfoProto {
  const dim = shape?.map((length, axis) => ({
    value: length === null
      ? { case: "dimParam" as const, value: axis === 0 ? BATCH : `${name}/${axis}` }
      : { case: "dimValue" as const, value: BigInt(length) },
  }));
  const elemType = DATA_TYPES.get(dtype)!;
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: { case: "tensorType", value: { elemType, ...(dim === undefined ? {} : { shape: { dim } }) } },
    },
  });
}
