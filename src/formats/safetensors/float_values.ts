/**
 * The numbers in a raw tensor. Elements are little-endian, as are all machines that run WebAssembly.
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import { decodeHalves } from "../../graph/half_float.ts";
import type { RawTensor } from "./write.ts";

/**
 * The values as float32, row-major. F32, F16 and BF16 are exact, F64 is rounded.
 *
 * @returns Not to be written into: floats are read where they lie, where that is possible.
 * @param name Of the tensor, for the message.
 * @throws {InputError} when the tensor does not hold floating-point numbers.
 */
export function float32Values({ dtype, data }: RawTensor, name: string): Float32Array<ArrayBuffer> {
  switch (dtype) {
    case "F32":
      return new Float32Array(...aligned(data, 4));
    case "F64":
      return Float32Array.from(new Float64Array(...aligned(data, 8)));
    case "F16":
      return decodeHalves(new Uint16Array(...aligned(data, 2)));
    case "BF16": {
      const halves = new Uint16Array(...aligned(data, 2));
      return new Float32Array(Uint32Array.from(halves, (bits) => bits << 16).buffer);
    }
    default:
      throw new InputError(
        `Cannot use tensor ${name}: its dtype is ${dtype}, expected F32, F64, F16 or BF16.`,
      );
  }
}

/** What a typed array is made of: the bytes in place, where they stand at a multiple of an element's size, else a copy. */
function aligned(data: Uint8Array, elementBytes: number): [ArrayBuffer, offset: number, length: number] {
  const { buffer, byteOffset } = data.byteOffset % elementBytes === 0 ? data : data.slice();
  return [buffer as ArrayBuffer, byteOffset, data.length / elementBytes];
}
