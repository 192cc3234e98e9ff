/**
 * An ONNX file as bytes. Nearly all of it are the numbers of its tensors, which a general writer of protocol buffers copies
 * again and again while it grows; here they go where they are wanted as they lie.
 *
 * Reference: https://protobuf.dev/programming-guides/encoding/
 *
 * @module
 */
import { type DescMessage, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from "onnx-buf";
import { joinBytes } from "../../files/join_bytes.ts";

/** Numbers of fewer bytes stay in the file: onnxruntime looks at those while it infers shapes. */
const LEAST_APART = 1024;

/** The bytes of a file, part after part; numbers of tensors are not copied. */
export function onnxParts({ graph, ...model }: ModelProto): readonly Uint8Array[] {
  if (graph === undefined) return [toBinary(ModelProtoSchema, model)];
  const { initializer, ...rest } = graph;
  const tensors = initializer.flatMap((tensor) =>
    delimited(GraphProtoSchema.field.initializer.number, tensorParts(tensor))
  );
  const inner = around(
    GraphProtoSchema,
    { ...rest, initializer: [] },
    GraphProtoSchema.field.initializer.number,
    tensors,
  );
  const { number } = ModelProtoSchema.field.graph;
  return around(ModelProtoSchema, model, number, delimited(number, inner));
}

/** The bytes of a file. */
export function onnxBytes(model: ModelProto): Uint8Array<ArrayBuffer> {
  return joinBytes(onnxParts(model));
}

/** A file whose large tensors lie apart from it, under the locations that it names. */
export interface LightOnnx {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly external: ReadonlyMap<string, Uint8Array>;
}

/** A file that names its large tensors instead of holding them; they are not copied. */
export function lightOnnx(model: ModelProto): LightOnnx {
  const graph = model.graph!;
  const external = new Map<string, Uint8Array>();
  const initializer = graph.initializer.map((tensor, i): TensorProto => {
    if (tensor.rawData.length < LEAST_APART) return tensor;
    const location = `tensor-${i}`;
    external.set(location, tensor.rawData);
    const { rawData: _, ...rest } = tensor;
    const externalData = [{ key: "location", value: location }, { key: "offset", value: "0" }, {
      key: "length",
      value: `${tensor.rawData.length}`,
    }].map((entry) => ({ ...entry, $typeName: "onnx.StringStringEntryProto" as const }));
    return {
      ...rest,
      dataLocation: TensorProto_DataLocation.EXTERNAL,
      externalData,
    } as unknown as TensorProto;
  });
  return { bytes: toBinary(ModelProtoSchema, { ...model, graph: { ...graph, initializer } }), external };
}

function tensorParts(tensor: TensorProto): readonly Uint8Array[] {
  if (tensor.rawData.length < LEAST_APART) return [toBinary(TensorProtoSchema, tensor)];
  const { rawData, ...rest } = tensor;
  const { number } = TensorProtoSchema.field.rawData;
  return around(TensorProtoSchema, rest as TensorProto, number, delimited(number, [rawData]));
}

/** A message that lacks one field, with what that field holds where its number belongs. */
function around<T extends DescMessage>(
  schema: T,
  message: MessageShape<T>,
  field: number,
  content: readonly Uint8Array[],
): readonly Uint8Array[] {
  const bytes = toBinary(schema, message);
  const reader = new BinaryReader(bytes);
  let at = 0;
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (number > field) break;
    reader.skip(type, number);
    at = reader.pos;
  }
  return [bytes.subarray(0, at), ...content, bytes.subarray(at)];
}

/** A field of this number that holds the parts. */
function delimited(field: number, parts: readonly Uint8Array[]): readonly Uint8Array[] {
  const writer = new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(lengthOf(parts));
  return [writer.finish(), ...parts];
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
