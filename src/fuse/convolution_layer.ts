/**
 * An affine map as a layer of TensorFlow.js: its configuration and its weights, rounded once to float32.
 *
 * @module
 */
import type { Affine } from "./affine.ts";
import type { Json } from "./config.ts";
import { convolutionClass } from "./executable.ts";
import type { NewWeights, NewWeightSpec } from "./network_writer.ts";
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

/**
 * The weights of the layer that runs a map: kernel [kh, kw, C / groups, filters], or [kh, kw, C, multiplier] where it is
 * depthwise, and bias [filters]. They are computed when they are written, one layer at a time.
 */
export class RoundedWeights implements NewWeights {
  readonly specs: readonly NewWeightSpec[];
  /** max |w − float32(w)| / max |w|, the larger one of kernel and bias; 0 before they are computed. */
  roundingError = 0;

  constructor(private readonly map: Affine) {
    const size = map.axes.map((axis) => axis.size);
    const specs: NewWeightSpec[] = [
      convolutionClass(map) === "DepthwiseConv2D"
        ? { name: "depthwise_kernel", shape: [...size, map.inChannels, map.outChannels / map.inChannels] }
        : { name: "kernel", shape: [...size, map.inChannels / map.groups, map.outChannels] },
    ];
    if (map.hasBias) specs.push({ name: "bias", shape: [map.outChannels] });
    this.specs = specs;
  }

  compute(): readonly Float32Array[] {
    const { kernel, bias } = this.map.weights();
    this.roundingError = Math.max(roundingError(kernel), roundingError(bias));
    const weights = this.map.hasBias ? [kernel, bias] : [kernel];
    return weights.map((values) => Float32Array.from(values));
  }
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
