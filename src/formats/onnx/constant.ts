/**
 * Tensors of numbers that stand in an ONNX file: initializers, and what its Constant nodes hold. A length is checked before
 * it is believed, and numbers are decoded when they are asked for.
 *
 * Reference: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, TensorProto
 *
 * @module
 */
import { type TensorProto, TensorProto_DataLocation, TensorProto_DataType as DataType } from "onnx-buf";
import { InputError } from "../../errors.ts";
import { sizeOf } from "../../graph/graph.ts";
import { decodeHalves } from "../../graph/half_float.ts";

/** A tensor whose numbers are known without running the network. */
export interface Constant {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  /** What it takes in the file. */
  readonly byteLength: number;
  /** Row by row, not to be written into: float32 for FLOAT and FLOAT16, float64 for all others. */
  numbers(): Float32Array | Float64Array;
}

/**
 * The bytes of an external data file.
 *
 * @param location A relative path below the folder of the model.
 * @throws {InputError} when it is not there, or the range does not lie in it.
 */
export type ReadExternal = (location: string, offset: number, length: number) => Uint8Array;

/** How numbers lie in `rawData`, and how they are read from there. */
interface Layout {
  readonly bytes: number;
  decode(data: DataView, count: number): Float32Array | Float64Array;
}

const LAYOUTS: ReadonlyMap<DataType, Layout> = new Map([
  [DataType.FLOAT, { bytes: 4, decode: floats }],
  [DataType.FLOAT16, { bytes: 2, decode: halves }],
  [DataType.DOUBLE, each(8, (data, at) => data.getFloat64(at, true))],
  [DataType.INT64, each(8, (data, at) => Number(data.getBigInt64(at, true)))],
  [DataType.UINT64, each(8, (data, at) => Number(data.getBigUint64(at, true)))],
  [DataType.INT32, each(4, (data, at) => data.getInt32(at, true))],
  [DataType.UINT32, each(4, (data, at) => data.getUint32(at, true))],
  [DataType.INT16, each(2, (data, at) => data.getInt16(at, true))],
  [DataType.UINT16, each(2, (data, at) => data.getUint16(at, true))],
  [DataType.INT8, each(1, (data, at) => data.getInt8(at))],
  [DataType.UINT8, each(1, (data, at) => data.getUint8(at))],
  [DataType.BOOL, each(1, (data, at) => data.getUint8(at))],
]);

/**
 * Brings the numbers of a tensor that lies in another file into this one.
 *
 * @throws {InputError} when they are not there, or not as many as its shape says.
 */
export function bringIn(tensor: TensorProto, external: ReadExternal): void {
  if (tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) return;
  const facts = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const number = (key: string) => {
    const text = facts.get(key);
    if (text === undefined || /^\d{1,15}$/.test(text)) return text === undefined ? undefined : Number(text);
    throw broken(tensor.name, `the ${key} of its external data is "${text.slice(0, 40)}"`);
  };
  const location = facts.get("location");
  if (location === undefined) throw broken(tensor.name, "it lies in another file, and no location is given");
  const length = number("length") ??
    sizeOf(tensor.dims.map(Number)) * (LAYOUTS.get(tensor.dataType)?.bytes ?? 0);
  tensor.rawData = external(location, number("offset") ?? 0, length) as Uint8Array<ArrayBuffer>;
  tensor.dataLocation = TensorProto_DataLocation.DEFAULT;
  tensor.externalData = [];
}

/**
 * A tensor of the file. Where it holds no numbers that we know (texts, complex numbers, floats of 8 bits and fewer), asking
 * for them is an error.
 *
 * @throws {InputError} when its lengths contradict its numbers.
 */
export function constantOf(tensor: TensorProto): Constant {
  const { name, dataType } = tensor;
  const layout = LAYOUTS.get(dataType);
  const shape = tensor.dims.map(Number);
  if (layout === undefined) {
    const numbers = () => {
      throw broken(name, `it holds ${DataType[dataType] ?? "nothing"}, expected numbers`);
    };
    return { name, dtype: dataType, shape, byteLength: 0, numbers };
  }
  const count = sizeOf(shape);
  if (!shape.every((length) => length >= 0) || !Number.isSafeInteger(count)) {
    throw broken(name, `its shape is [${shape}]`);
  }
  const byteLength = count * layout.bytes;
  const inFields = fieldsOf(tensor);
  if (inFields.length > 0) {
    if (inFields.length !== count) throw broken(name, `it has ${inFields.length} numbers for [${shape}]`);
    return { name, dtype: dataType, shape, byteLength, numbers: () => fromFields(inFields, dataType) };
  }
  const bytes = tensor.rawData;
  if (bytes.length !== byteLength) {
    throw broken(name, `it has ${bytes.length} bytes for [${shape}], expected ${byteLength}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { name, dtype: dataType, shape, byteLength, numbers: () => layout.decode(view, count) };
}

/** A constant of numbers that were computed. */
export function computedConstant(
  name: string,
  dtype: DataType,
  shape: readonly number[],
  numbers: () => Float32Array | Float64Array,
): Constant {
  return { name, dtype, shape, byteLength: sizeOf(shape) * (LAYOUTS.get(dtype)?.bytes ?? 8), numbers };
}

/** Numbers that stand in typed fields and not in `rawData`. */
function fieldsOf(tensor: TensorProto): readonly (number | bigint)[] {
  return [tensor.floatData, tensor.int32Data, tensor.int64Data, tensor.doubleData, tensor.uint64Data]
    .find(({ length }) => length > 0) ?? [];
}

function fromFields(fields: readonly (number | bigint)[], dtype: DataType): Float32Array | Float64Array {
  if (dtype === DataType.FLOAT) return Float32Array.from(fields as readonly number[]);
  // float16 numbers stand in int32Data as their bits.
  if (dtype === DataType.FLOAT16) return decodeHalves(Uint16Array.from(fields as readonly number[]));
  return Float64Array.from(fields, Number);
}

function floats(data: DataView, count: number): Float32Array {
  const { buffer, byteOffset } = data;
  // Little-endian files on little-endian machines: every machine that runs JavaScript.
  return byteOffset % 4 === 0
    ? new Float32Array(buffer, byteOffset, count)
    : new Float32Array(buffer.slice(byteOffset, byteOffset + 4 * count));
}

function halves({ buffer, byteOffset }: DataView, count: number): Float32Array {
  return decodeHalves(new Uint16Array(buffer.slice(byteOffset, byteOffset + 2 * count)));
}

function each(bytes: number, get: (data: DataView, at: number) => number): Layout {
  return {
    bytes,
    decode: (data, count) => Float64Array.from({ length: count }, (_, i) => get(data, i * bytes)),
  };
}

function broken(name: string, what: string): InputError {
  return new InputError(`Cannot read the tensor "${name}" of the ONNX file: ${what}.`);
}
