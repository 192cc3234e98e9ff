/**
 * IDX, the format of MNIST (LeCun, Cortes and Burges, "The MNIST database", section "File formats"): two zero bytes, a
 * type byte, the rank, the dimensions as big-endian uint32, then the elements in C order. Here the type is always
 * unsigned byte. A file may be gzipped, whatever its name.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { readBytes } from "../files/read.ts";
import { gunzip, isGzip } from "./gzip.ts";

/** The elements of an IDX file, and its dimensions. */
export interface IdxArray {
  /** One number per dimension. */
  readonly shape: readonly number[];
  /** As many bytes as the product of the dimensions. */
  readonly data: Uint8Array;
}

/** The type byte of unsigned bytes. */
const UBYTE = 0x08;
const TYPE_NAMES: Readonly<Record<number, string>> = {
  0x09: "int8",
  0x0b: "int16",
  0x0c: "int32",
  0x0d: "float32",
  0x0e: "float64",
};
/** Bytes of the two zeros, the type and the rank. */
const MAGIC_LENGTH = 4;
const DIMENSION_LENGTH = 4;

/**
 * The file that holds an array.
 *
 * @throws {RangeError} when the shape and the number of elements disagree, or a dimension is no uint32.
 */
export function encodeIdx({ shape, data }: IdxArray): Uint8Array<ArrayBuffer> {
  if (shape.length > 255 || shape.some((size) => !Number.isInteger(size) || size < 0 || size > 0xffffffff)) {
    throw new RangeError(`IDX cannot hold the shape [${shape}].`);
  }
  if (elementCount(shape) !== BigInt(data.length)) {
    throw new RangeError(`The shape [${shape}] does not hold ${data.length} elements.`);
  }
  const header = MAGIC_LENGTH + DIMENSION_LENGTH * shape.length;
  const file = new Uint8Array(header + data.length);
  file.set([0, 0, UBYTE, shape.length]);
  const view = new DataView(file.buffer);
  shape.forEach((size, i) => view.setUint32(MAGIC_LENGTH + DIMENSION_LENGTH * i, size));
  file.set(data, header);
  return file;
}

/**
 * The array in a file's bytes (not gzipped). Its data are a view of them, so a header that claims a gigantic array
 * costs nothing.
 *
 * @param file The bytes.
 * @param path Names the file in errors.
 * @throws {InputError} when the magic number, the type or the length is wrong, with the byte offset.
 */
export function decodeIdx(file: Uint8Array, path: string): IdxArray {
  if (file.length < MAGIC_LENGTH) {
    throw damaged(path, file.length, "an IDX magic number of 4 bytes", `the end of the file`);
  }
  const [zero0, zero1, type, rank] = [file[0]!, file[1]!, file[2]!, file[3]!];
  if (zero0 !== 0 || zero1 !== 0) {
    throw damaged(path, 0, "an IDX file, which begins with bytes 00 00", `${hex(zero0)} ${hex(zero1)}`);
  }
  if (type !== UBYTE) {
    const name = TYPE_NAMES[type];
    throw damaged(
      path,
      2,
      "IDX type 08 (unsigned byte)",
      hex(type) + (name === undefined ? "" : ` (${name})`),
    );
  }
  const header = MAGIC_LENGTH + DIMENSION_LENGTH * rank;
  if (file.length < header) {
    throw damaged(path, file.length, `${rank} dimensions, up to byte ${header}`, "the end of the file");
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(MAGIC_LENGTH + DIMENSION_LENGTH * i));
  const claimed = elementCount(shape);
  const found = file.length - header;
  if (claimed > BigInt(found)) {
    throw damaged(
      path,
      file.length,
      `${claimed} bytes of data after the header, as its dimensions [${shape.join(", ")}] say`,
      `the end of the file after ${found}`,
    );
  }
  if (claimed < BigInt(found)) {
    const end = header + Number(claimed);
    throw damaged(
      path,
      end,
      `the end of the file, as the dimensions [${shape.join(", ")}] say`,
      `${file.length - end} more bytes`,
    );
  }
  return { shape, data: file.subarray(header) };
}

/**
 * Reads a file, gzipped or not.
 *
 * @throws {InputError} as {@link decodeIdx}, and when the file cannot be read or decompressed.
 */
export async function readIdx(path: string): Promise<IdxArray> {
  const bytes = await readBytes(path, "an IDX file");
  return decodeIdx(isGzip(bytes) ? await gunzip(bytes, path) : bytes, path);
}

/** The product of the dimensions. 255 dimensions of 32 bits overflow a float64, hence the integer. */
function elementCount(shape: readonly number[]): bigint {
  return shape.reduce((product, size) => product * BigInt(size), 1n);
}

function damaged(path: string, offset: number, expected: string, found: string): InputError {
  return new InputError(
    `Cannot read ${path} as IDX: at byte ${offset}, expected ${expected}; found ${found}.`,
  );
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
