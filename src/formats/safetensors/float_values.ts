/**
 * The numbers in a raw tensor. Elements are little-endian, as are all machines that run WebAssembly.
 *
 * @module
 */
import { InputError } from "../../errors.ts";
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
      return Float32Array.from(new Uint16Array(buffer), halfToNumber);
    case "BF16":
      return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer);
    default:
      throw new InputError(
        `Cannot use tensor ${name}: its dtype is ${dtype}, expected F32, F64, F16 or BF16.`,
      );
  }
}

/** IEEE 754 binary16: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
