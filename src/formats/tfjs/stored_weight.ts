/**
 * How one weight lies in the weight data: its size in bytes and its values. The quantized forms are those of
 * `tf.io.decodeWeights`: unsigned integers with a scale and a minimum, and IEEE half precision.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { InputError } from "../../errors.ts";
import { decodeHalves } from "../../graph/half_float.ts";

const BYTES_PER_VALUE: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  complex64: 8,
  uint8: 1,
  uint16: 2,
  float16: 2,
};

/** How many values the weight holds. */
export function valueCount(spec: io.WeightsManifestEntry): number {
  return spec.shape.reduce((a, b) => a * b, 1);
}

/**
 * The bytes that the weight takes.
 *
 * @throws {InputError} for a type without a fixed size.
 */
export function storedBytes(spec: io.WeightsManifestEntry): number {
  const type = spec.quantization?.dtype ?? spec.dtype;
  const size = BYTES_PER_VALUE[type];
  if (size === undefined) {
    throw new InputError(`Weight ${spec.name} has the type ${type}, which RepFuse does not read.`);
  }
  return size * valueCount(spec);
}

/**
 * The values of a weight.
 *
 * @param spec What it is.
 * @param bytes Its bytes, aligned to its elements.
 * @throws {InputError} when it is not a float32 weight.
 */
export function readStored(spec: io.WeightsManifestEntry, bytes: Uint8Array<ArrayBuffer>): Float32Array {
  const { quantization } = spec;
  if (spec.dtype !== "float32") {
    throw new InputError(
      `Cannot read the model: weight "${spec.name}" has type ${spec.dtype}, expected float32.`,
    );
  }
  const { buffer, byteOffset } = bytes;
  const count = valueCount(spec);
  if (quantization === undefined) return new Float32Array(buffer, byteOffset, count);
  if (quantization.dtype === "float16") {
    return decodeHalves(new Uint16Array(buffer, byteOffset, count));
  }
  const { scale, min } = quantization;
  if (scale === undefined || min === undefined) {
    throw new InputError(
      `Cannot read the model: quantized weight "${spec.name}" has no scale or no minimum.`,
    );
  }
  const codes = quantization.dtype === "uint8" ? bytes : new Uint16Array(buffer, byteOffset, count);
  return Float32Array.from(codes, (code) => code * scale + min);
}
