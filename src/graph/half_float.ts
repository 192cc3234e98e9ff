/**
 * IEEE 754 binary16: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits. Node 20 has no `Float16Array`.
 *
 * @module
 */

/** The largest finite number. */
export const HALF_MAX = 65504;

/** Exponent bits of a half that is infinite or not a number. */
const SPECIAL = 0x7c00;
/** The same of a float32. */
const SINGLE_SPECIAL = 0x7f800000;
/** Bits of the least float32 that rounds to infinity (65520), and of the least normal half (2 ** -14). */
const [OVERFLOW, LEAST_NORMAL] = [0x477ff000, 0x38800000];
/** What the biases of both exponents differ by, and the fraction bits that a half has not. */
const [BIAS_DIFFERENCE, LOST_BITS] = [112, 13];

/** The numbers rounded to halves, to the nearest, ties to even; as bits. */
export function encodeHalves(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, toHalf);
}

/** The numbers that halves stand for, exactly. */
export function decodeHalves(halves: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(halves, fromHalf);
}

/** From the bits of a float32. */
function toHalf(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > SINGLE_SPECIAL) return sign | SPECIAL | 0x200;
  if (size >= OVERFLOW) return sign | SPECIAL;
  // The number is 2 ** (exponent - 150) times the fraction with its leading one; a subnormal half counts in 2 ** -24.
  const isNormal = size >= LEAST_NORMAL;
  const significand = isNormal ? size : (size & 0x7fffff) | 0x800000;
  const lost = isNormal ? LOST_BITS : 126 - (size >>> 23);
  // Less than half of the least subnormal; a shift takes its count modulo 32.
  if (lost > 24) return sign;
  const rounded = (significand + (1 << (lost - 1)) - 1 + ((significand >>> lost) & 1)) >>> lost;
  return sign | (isNormal ? rounded - (BIAS_DIFFERENCE << 10) : rounded);
}

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
