/**
 * A {@link Graph} as an ONNX file. The input stays NHWC and of its own data type: one Transpose at the entry brings images to
 * NCHW, which ONNX's convolutions need, and everything behind it is NCHW and float32. Outputs [N, classes] have no image axes
 * left. Operations, their tensors and their weights keep their names.
 *
 * Opset 17 and IR version 8 are what onnx 1.12 knows, and every runtime since 2022.
 *
 * Reference: https://github.com/onnx/onnx/blob/v1.12.0/docs/Operators.md
 *
 * @module
 */
import { create, toBinary } from "@bufbuild/protobuf";
import {
  ModelProtoSchema,
  TensorProto_DataType as DataType,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { InputError } from "../../errors.ts";
import type { Graph, GraphInput, Operation, ValueId, ValueInfo } from "../../graph/graph.ts";
import { apply, OnnxGraphWriter, type Term } from "./graph_writer.ts";
import { isImage, toNchw, toNhwc } from "./layout.ts";
import { NotInOnnx, type OnnxTensor, termOf } from "./operations.ts";

/** The version of the operators. */
export const OPSET = 17;

const IR_VERSION = 8n;

/** What files call the number of images, which is open. */
const BATCH = "batch";

/** What the numbers of an input can be. */
const DATA_TYPES: ReadonlyMap<string, DataType> = new Map([
  ["float32", DataType.FLOAT],
  ["int32", DataType.INT32],
  ["uint8", DataType.UINT8],
  ["bool", DataType.BOOL],
]);

/** What goes into the file beside the network. */
export interface OnnxOptions {
  /** Texts by name, for whoever runs the model: labels, normalization. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The bytes of the ONNX file.
 *
 * @param graph Weights that are stored as float16 become float16 initializers; all others are written as float32.
 * @throws {InputError} that lists every operation that cannot be said in ONNX, with the reason.
 */
export function writeOnnx(graph: Graph, options: OnnxOptions = {}): Uint8Array<ArrayBuffer> {
  const { writer, nameOf } = writeGraph(graph);
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      producerName: "RepFuse",
      opsetImport: [{ domain: "", version: BigInt(OPSET) }],
      metadataProps: Object.entries(options.metadata ?? {}).map(([key, value]) => ({ key, value })),
      graph: {
        name: graph.name,
        node: writer.nodes,
        initializer: writer.initializers,
        input: graph.inputs.map(({ name, value }) => valueInfo(name, graph.values[value]!)),
        output: graph.outputs.map((value) => valueInfo(nameOf(value), graph.values[value]!)),
      },
    }),
  );
}

/** Writes the operations; values are named by what makes them. */
function writeGraph(graph: Graph): { writer: OnnxGraphWriter; nameOf: (value: ValueId) => string } {
  const makers = new Map<ValueId, string>([
    ...graph.inputs.map(({ name, value }) => [value, name] as const),
    ...graph.operations.flatMap(({ name, outputs }) => outputs.map((value) => [value, name] as const)),
  ]);
  const writer = new OnnxGraphWriter(graph.weights, makers.values());
  const tensors = new Map<ValueId, string>();
  const findings: string[] = [];
  const gather = (maker: GraphInput | Operation, kind: string, write: () => void) => {
    try {
      write();
    } catch (error) {
      if (!(error instanceof NotInOnnx)) throw error;
      findings.push(`${maker.origin?.name ?? maker.name} (${maker.origin?.kind ?? kind}): ${error.message}`);
    }
  };
  for (const input of graph.inputs) {
    gather(
      input,
      "input",
      () => tensors.set(input.value, enter(input.name, graph.values[input.value]!, writer)),
    );
  }
  for (const operation of graph.operations) {
    gather(operation, operation.op, () => writeOperation(operation, graph, tensors, writer));
  }
  if (findings.length > 0) {
    throw new InputError(
      `Cannot write ${graph.name} as ONNX:\n${findings.map((finding) => `  - ${finding}`).join("\n")}`,
    );
  }
  return { writer, nameOf: (value) => makers.get(value)! };
}

/** An input as the operations read it: float32, and images NCHW. */
function enter(name: string, { shape, dtype }: ValueInfo, writer: OnnxGraphWriter): string {
  if (!DATA_TYPES.has(dtype)) throw new NotInOnnx(`its data type is ${dtype}`);
  const floats: Term = dtype === "float32" ? name : apply("Cast", [name], { to: BigInt(DataType.FLOAT) });
  if (isImage(shape)) return writer.write(toNchw(floats), writer.freeName(`${name}/nchw`));
  return typeof floats === "string" ? floats : writer.write(floats, writer.freeName(`${name}/float32`));
}

/** Writes one operation and notes the name of its tensor. */
function writeOperation(
  operation: Operation,
  { values, outputs }: Graph,
  tensors: Map<ValueId, string>,
  writer: OnnxGraphWriter,
): void {
  if (operation.op === "opaque") {
    throw new NotInOnnx(operation.refusal?.reason ?? "RepFuse does not write this layer");
  }
  // What reads an operation that was refused is passed over: one finding is enough.
  if (!operation.inputs.every((input) => tensors.has(input))) return;
  const inputs = operation.inputs.map((input): OnnxTensor => {
    const { shape } = values[input]!;
    if (shape === undefined) throw new NotInOnnx("the shape of its input is not known");
    return { name: tensors.get(input)!, shape };
  });
  const [output] = operation.outputs as [ValueId];
  const { shape, dtype } = values[output]!;
  if (dtype !== "float32") throw new NotInOnnx(`the data type of its output is ${dtype}`);
  const term = termOf(operation, inputs, shape, writer);
  const isTurned = isImage(shape) && outputs.includes(output);
  const inside = isTurned ? writer.freeName(`${operation.name}/nchw`) : operation.name;
  tensors.set(output, writer.write(term, inside));
  if (isTurned) writer.write(toNhwc(inside), operation.name);
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
