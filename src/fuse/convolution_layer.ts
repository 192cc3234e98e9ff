/**
 * An affine map as a layer of TensorFlow.js: its configuration and its weights, rounded once to float32.
 *
 * @module
 */
import type { Affine } from "./affine.ts";
import type { Json } from "./config.ts";
import { convolutionClass } from "./executable.ts";
import type { NewWeight } from "./network_writer.ts";
import type { PaddingMode } from "./padding.ts";

/** The configuration of the layer that runs a map. */
export function convolutionConfig(map: Affine, padding: PaddingMode, activation: string): Json {
  const [vertical, horizontal] = map.axes;
  const className = convolutionClass(map);
  return {
    ...(className === "DepthwiseConv2D"
      ? { depth_multiplier: map.outChannels / map.inChannels }
      : { filters: map.outChannels }),
    ...(className === "GroupedConv2D" ? { groups: map.groups } : {}),
    kernel_size: [vertical.size, horizontal.size],
    strides: [vertical.stride, horizontal.stride],
    padding,
    data_format: "channels_last",
    dilation_rate: [vertical.dilation, horizontal.dilation],
    activation,
    use_bias: map.hasBias,
  };
}

/** Weights in float32, and how far rounding took them. */
export interface RoundedWeights {
  readonly weights: readonly NewWeight[];
  /** max |w − float32(w)| / max |w|, the larger one of kernel and bias. */
  readonly error: number;
}

/** Kernel [kh, kw, C / groups, filters], or [kh, kw, C, multiplier] where it is depthwise, and bias [filters]. */
export function convolutionWeights(map: Affine): RoundedWeights {
  const { kernel, bias } = map.weights();
  const [height, width] = [map.axes[0].size, map.axes[1].size];
  const depthwise = convolutionClass(map) === "DepthwiseConv2D";
  const weights: NewWeight[] = [{
    name: depthwise ? "depthwise_kernel" : "kernel",
    shape: depthwise
      ? [height, width, map.inChannels, map.outChannels / map.inChannels]
      : [height, width, map.inChannels / map.groups, map.outChannels],
    values: Float32Array.from(kernel),
  }];
  if (map.hasBias) weights.push({ name: "bias", shape: [map.outChannels], values: Float32Array.from(bias) });
  return { weights, error: Math.max(roundingError(kernel), roundingError(bias)) };
}

function roundingError(values: Float64Array): number {
  let largest = 0;
  let error = 0;
  for (const value of values) {
    largest = Math.max(largest, Math.abs(value));
    error = Math.max(error, Math.abs(value - Math.fround(value)));
  }
  return largest === 0 ? 0 : error / largest;
}
