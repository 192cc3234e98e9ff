/**
 * Why a quantized network loses accuracy: one scale serves a whole kernel, so an output channel whose weights span a hundredth
 * of the kernel's range is left with a hundredth of the codes. Folding a BatchNorm multiplies each output channel by its own
 * γ/√(σ² + ε), which is how re-parameterized networks come to such kernels (Chu et al., "Make RepVGG Greater Again: A
 * Quantization-aware Approach", AAAI 2024). Pure, and without TensorFlow.js.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { readWeights, weightNamed } from "../formats/tfjs/weights.ts";

/** One kernel in its stored precision. */
export interface QuantizedKernel {
  /** "stage1/block1/reparam/kernel" */
  readonly name: string;
  /** Least and largest weight of each output channel, before rounding. */
  readonly channels: readonly (readonly [least: number, largest: number])[];
  /** Codes that the narrowest and the median channel span, of 256 or 65536; null for float16, which has no common scale. */
  readonly codes: { readonly narrowest: number; readonly median: number } | null;
  /** ‖w − ŵ‖ / ‖w‖ over the kernel. */
  readonly relativeError: number;
}

/**
 * Every kernel of a quantized network, in the order of its layers.
 *
 * @param original With float32 weights.
 * @param quantized From `withPrecision`.
 */
export function quantizedKernels(
  original: io.ModelArtifacts,
  quantized: io.ModelArtifacts,
): QuantizedKernel[] {
  const before = readWeights(original);
  const after = readWeights(quantized);
  return [...after].flatMap(([name, weight]): QuantizedKernel[] => {
    const { spec } = weight;
    if (spec.quantization === undefined) return [];
    const weights = weightNamed(before, name).read();
    const perChannel = spec.shape.slice(name.endsWith("/depthwise_kernel") ? -2 : -1).reduce(
      (a, b) => a * b,
      1,
    );
    const channels = channelRanges(weights, perChannel);
    const { scale } = spec.quantization;
    return [{
      name,
      channels,
      codes: scale === undefined ? null : codesOf(channels, scale),
      relativeError: relativeError(weights, weight.read()),
    }];
  });
}

/** [least, largest] per output channel, which is the fastest axis of a kernel. */
function channelRanges(weights: Float32Array, channelCount: number): [number, number][] {
  const ranges = Array.from({ length: channelCount }, (): [number, number] => [Infinity, -Infinity]);
  weights.forEach((weight, i) => {
    const range = ranges[i % channelCount]!;
    range[0] = Math.min(range[0], weight);
    range[1] = Math.max(range[1], weight);
  });
  return ranges;
}

function codesOf(channels: readonly (readonly [number, number])[], scale: number) {
  const spans = channels.map(([least, largest]) => (largest - least) / scale).sort((a, b) => a - b);
  return { narrowest: spans[0]!, median: spans[Math.floor(spans.length / 2)]! };
}

function relativeError(weights: Float32Array, rounded: Float32Array): number {
  let error = 0;
  let norm = 0;
  weights.forEach((weight, i) => {
    error += (weight - rounded[i]!) ** 2;
    norm += weight ** 2;
  });
  return norm === 0 ? 0 : Math.sqrt(error / norm);
}
