/**
 * A LayersModel as an ONNX file, with no TensorFlow.js call in it. The input stays NHWC, as the LayersModel takes it: one
 * Transpose at the entry brings images to NCHW, which ONNX's convolutions need, and everything behind it is NCHW. Outputs
 * [N, classes] have no image axes left. Layers, their tensors and their weights keep their names.
 *
 * Opset 17 and IR version 8 are what onnx 1.12 knows, and every runtime since 2022.
 *
 * Reference: https://github.com/onnx/onnx/blob/v1.12.0/docs/Operators.md
 *
 * @module
 */
import { create, toBinary } from "@bufbuild/protobuf";
import type { io } from "@tensorflow/tfjs";
import {
  ModelProtoSchema,
  TensorProto_DataType as DataType,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { InputError } from "../../errors.ts";
import { LayerConfig } from "../../fuse/config.ts";
import type { Call, Shape, Tensor } from "../../fuse/graph.ts";
import { readGraph } from "../../fuse/topology.ts";
import { WeightStore } from "../../fuse/weights.ts";
import { NotInOnnx, type OnnxTensor, rank, TO_NCHW, TO_NHWC } from "./call.ts";
import { ints, OnnxGraphWriter } from "./graph_writer.ts";
import { ONNX_RULES } from "./layers.ts";

/** The version of the operators. */
export const OPSET = 17;

const IR_VERSION = 8n;

/** What files call the number of images, which is open. */
const BATCH = "batch";

/** What goes into the file beside the network. */
export interface OnnxOptions {
  /** Texts by name, for whoever runs the model: labels, normalization. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The bytes of the ONNX file.
 *
 * @param artifacts Kernels that are stored as float16 become float16 initializers; all others are written as float32.
 * @throws {InputError} that lists every layer that cannot be said in ONNX, with the reason.
 */
export function writeOnnx(artifacts: io.ModelArtifacts, options: OnnxOptions = {}): Uint8Array<ArrayBuffer> {
  const graph = readGraph(artifacts);
  const weights = new WeightStore(artifacts);
  const writer = new OnnxGraphWriter(
    weights,
    (name) => weights.stored.get(name)?.spec.quantization?.dtype === "float16",
  );
  const names = new Map<Call, string>();
  const findings: string[] = [];
  for (const call of graph.calls) {
    try {
      writeCall(call, names, writer, graph.outputs);
    } catch (error) {
      if (!(error instanceof NotInOnnx)) throw error;
      findings.push(`${call.layer.name} (${call.layer.className}): ${error.message}`);
    }
  }
  if (findings.length > 0) {
    throw new InputError(
      `Cannot write ${graph.name} as ONNX:\n${findings.map((finding) => `  - ${finding}`).join("\n")}`,
    );
  }
  const outputs = graph.outputs.map((output) => valueInfo(outputName(output.call), output.shape));
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
        input: graph.inputs.map(({ call, shape }) => valueInfo(call.layer.name, shape)),
        output: outputs,
      },
    }),
  );
}

/** Writes one call and notes the name of its tensor. */
function writeCall(
  call: Call,
  names: Map<Call, string>,
  writer: OnnxGraphWriter,
  graphOutputs: readonly Tensor[],
): void {
  const { layer, shape } = call;
  if (layer.className === "InputLayer") {
    const isImage = rank({ name: "", shape }) === 4;
    names.set(
      call,
      isImage
        ? writer.node("Transpose", `${layer.name}/nchw`, [layer.name], { perm: ints(TO_NCHW) })
        : layer.name,
    );
    return;
  }
  if (call.inputs.some(({ index }) => index > 0)) throw new NotInOnnx("it reads a second output of a layer");
  const rule = Object.hasOwn(ONNX_RULES, layer.className) ? ONNX_RULES[layer.className] : undefined;
  if (rule === undefined) throw new NotInOnnx("RepFuse does not write this layer");
  const inputs = call.inputs.map((input): OnnxTensor => ({
    name: names.get(input.call) ?? "",
    shape: input.shape,
  }));
  if (inputs.some(({ name }) => name === "")) return; // It reads a layer that was refused: one finding is enough.
  if (inputs.some(({ shape }) => shape === undefined)) {
    throw new NotInOnnx("the shape of its input is not known");
  }
  const isImageOutput = rank({ name: "", shape }) === 4 &&
    graphOutputs.some((output) => output.call === call);
  const output = isImageOutput ? `${outputName(call)}/nchw` : outputName(call);
  rule({ layer, config: new LayerConfig(layer.name, layer.config), inputs, shape, output, writer });
  if (isImageOutput) writer.node("Transpose", outputName(call), [output], { perm: ints(TO_NHWC) });
  names.set(call, output);
}

/** The layer's name; later calls of a shared layer are numbered. */
function outputName({ layer, node }: Call): string {
  return node === 0 ? layer.name : `${layer.name}:${node}`;
}

function valueInfo(name: string, shape: Shape): ValueInfoProto {
  const dim = shape?.map((length, axis) => ({
    value: length === null
      ? { case: "dimParam" as const, value: axis === 0 ? BATCH : `${name}/${axis}` }
      : { case: "dimValue" as const, value: BigInt(length) },
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: "tensorType",
        value: { elemType: DataType.FLOAT, ...(dim === undefined ? {} : { shape: { dim } }) },
      },
    },
  });
}
