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
 * @param name Of the tensor, for the message.
 * @throws {InputError} when the tensor does not hold floating-point numbers.
 */
export function float32Values({ dtype, data }: RawTensor, name: string): Float32Array<ArrayBuffer> {
  const { buffer } = data.slice();
  switch (dtype) {
    case "F32":
      return new Float32Array(buffer);
    case "F64":
      return Float32Array.from(new Float64Array(buffer));
    case "F16":
      return decodeHalves(new Uint16Array(buffer));
    case "BF16":
      return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer);
    default:
      throw new InputError(
        `Cannot use tensor ${name}: its dtype is ${dtype}, expected F32, F64, F16 or BF16.`,
      );
  }
}
