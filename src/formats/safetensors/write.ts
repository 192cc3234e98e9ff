/**
 * The safetensors format, and writing it: an 8-byte little-endian header length, a JSON header
 * `{ name: { dtype, shape, data_offsets: [begin, end] } }`, and the bytes of the tensors without a gap.
 * Reference: https://github.com/huggingface/safetensors#format
 *
 * @module
 */
import { InputError } from "../../errors.ts";

/** Bytes per element of each dtype of the format that is supported here. */
export const DTYPE_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  I16: 2,
  U16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  I64: 8,
  U64: 8,
  F64: 8,
} as const;

/** An element type, as the header spells it. */
export type Dtype = keyof typeof DTYPE_BYTES;

/** One tensor. */
export interface RawTensor {
  /** The type of its elements. */
  readonly dtype: Dtype;
  /** Empty for a scalar. */
  readonly shape: readonly number[];
  /** The elements, row-major, little-endian; not to be written into. Of an open file, they stand until the next read. */
  readonly data: Uint8Array;
}

/** What a file holds. */
export interface SafetensorsContent {
  /** By name, in the order of the header. */
  readonly tensors: ReadonlyMap<string, RawTensor>;
  /** The header's `__metadata__`: strings by name. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bytes of the header's length at the start. */
export const LENGTH_BYTES = 8;

/** The header's name for what is not a tensor. */
export const METADATA_KEY = "__metadata__";

/** A float32 tensor of these values, row-major; `data` is a view of them. */
export function float32Tensor(values: Float32Array, shape: readonly number[]): RawTensor {
  return { dtype: "F32", shape, data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/** Bytes that a tensor of this shape takes. */
export function byteLength(dtype: Dtype, shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, DTYPE_BYTES[dtype]);
}

/**
 * The bytes of a safetensors file. Wider elements come first, so that every tensor is aligned to its element; otherwise
 * the order is that of the map. What {@link readSafetensors} reads back is equal, bit for bit.
 *
 * @throws {InputError} when a tensor's data does not fit its shape, or its name is `__metadata__`.
 */
export function writeSafetensors({ tensors, metadata }: SafetensorsContent): Uint8Array<ArrayBuffer> {
  const ordered = [...tensors].sort(([, a], [, b]) => DTYPE_BYTES[b.dtype] - DTYPE_BYTES[a.dtype]);
  let end = 0;
  const entries = ordered.map(([name, { dtype, shape, data }]) => {
    const expected = byteLength(dtype, shape);
    if (name === METADATA_KEY || data.length !== expected) {
      throw new InputError(
        `Cannot write tensor ${name}, ${dtype} [${shape}]: it has ${data.length} bytes, expected ${expected}.`,
      );
    }
    const begin = end;
    end += data.length;
    return [name, { dtype, shape, data_offsets: [begin, end] }] as const;
  });
  const withMetadata = Object.keys(metadata).length > 0 ? [[METADATA_KEY, metadata] as const] : [];
  const header = encodeHeader([...withMetadata, ...entries]);
  const bytes = new Uint8Array(LENGTH_BYTES + header.length + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, LENGTH_BYTES);
  ordered.reduce((offset, [, { data }]) => {
    bytes.set(data, offset);
    return offset + data.length;
  }, LENGTH_BYTES + header.length);
  return bytes;
}

/** The header as JSON in UTF-8, with spaces at the end up to a multiple of 8 bytes. */
function encodeHeader(entries: readonly (readonly [string, unknown])[]): Uint8Array {
  const members = entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const json = new TextEncoder().encode(`{${members.join(",")}}`);
  const padded = new Uint8Array(Math.ceil(json.length / LENGTH_BYTES) * LENGTH_BYTES).fill(0x20);
  padded.set(json);
  return padded;
}
