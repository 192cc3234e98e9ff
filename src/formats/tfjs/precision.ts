/**
 * Weights in fewer bits, by the standard quantization of the TensorFlow.js weights manifest: IEEE half precision, or
 * unsigned integers with one scale and one minimum per weight,
 *
 *     w ≈ code · scale + min,      scale = (max − min) / (2ᵇ − 1),      zero exactly representable.
 *
 * Kernels alone are stored so. Biases and BatchNorm vectors stay float32: they are a small part of the bytes and their
 * error would shift every pixel of a channel.
 *
 * Reference: tensorflowjs_converter, `quantization.py`.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { joinBytes } from "../../files/join_bytes.ts";
import { InputError } from "../../errors.ts";
import { encodeHalves, HALF_MAX } from "../../graph/half_float.ts";
import { readWeights } from "./weights.ts";

/** How kernels are stored. */
export const PRECISIONS = ["float32", "float16", "uint16", "uint8"] as const;

/** How kernels are stored. */
export type Precision = (typeof PRECISIONS)[number];

/** Weights of fewer axes than a dense kernel stay float32. */
const KERNEL_RANK = 2;

type Quantization = NonNullable<io.WeightsManifestEntry["quantization"]>;

/** Bytes of one weight, and how they are to be read. */
interface Encoded {
  readonly bytes: Uint8Array;
  readonly quantization?: Quantization;
}

/**
 * The same network with its kernels in another precision. What is given stays as it is. "float32" writes quantized weights
 * out, so `withPrecision(withPrecision(a, "uint8"), "float32")` computes in plain numbers what the quantized network does.
 *
 * @param concerns Which kernels; the others are written as float32. All of them when not given.
 * @throws {InputError} when a kernel does not fit into half precision, or is not finite.
 */
export function withPrecision(
  artifacts: io.ModelArtifacts,
  precision: Precision,
  concerns: (kernel: string) => boolean = () => true,
): io.ModelArtifacts {
  const weightSpecs: io.WeightsManifestEntry[] = [];
  const parts: Uint8Array[] = [];
  for (const [name, weight] of readWeights(artifacts)) {
    const { spec } = weight;
    const { quantization: _before, ...plain } = spec;
    const { bytes, quantization } = spec.dtype === "float32"
      ? encode(
        name,
        weight.read(),
        spec.shape.length >= KERNEL_RANK && concerns(name) ? precision : "float32",
      )
      : { bytes: weight.bytes() };
    weightSpecs.push(quantization === undefined ? plain : { ...plain, quantization });
    parts.push(bytes);
  }
  return { ...artifacts, weightSpecs, weightData: joinBytes(parts).buffer };
}

function encode(name: string, values: Float32Array, precision: Precision): Encoded {
  if (precision === "float32") return { bytes: bytesOf(values) };
  if (precision === "float16") return encodeHalf(name, values);
  const most = precision === "uint8" ? 0xff : 0xffff;
  const range = quantizationRange(values, most);
  const codes = Array.from(
    values,
    (value) => Math.min(most, Math.max(0, Math.round((value - range.min) / range.scale))),
  );
  const bytes = precision === "uint8" ? Uint8Array.from(codes) : bytesOf(Uint16Array.from(codes));
  return { bytes, quantization: { dtype: precision, ...range } };
}

/** Scale and minimum; the range is widened to hold zero and moved so that zero has a code of its own. */
function quantizationRange(values: Float32Array, most: number): { scale: number; min: number } {
  let [least, largest] = [0, 0];
  for (const value of values) {
    least = Math.min(least, value);
    largest = Math.max(largest, value);
  }
  if (least === largest) return { scale: 1, min: 0 };
  const scale = (largest - least) / most;
  return { scale, min: -Math.round(-least / scale) * scale };
}

function encodeHalf(name: string, values: Float32Array): Encoded {
  const unfit = values.find((value) => Math.abs(value) > HALF_MAX);
  if (unfit !== undefined) {
    throw new InputError(
      `Cannot store ${name} as float16: it holds ${unfit}, and half precision ends at ${HALF_MAX}.`,
      "Export it as float32 or uint16.",
    );
  }
  return { bytes: bytesOf(encodeHalves(values)), quantization: { dtype: "float16" } };
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
