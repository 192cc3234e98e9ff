/**
 * Output shapes of layers that a graph knows by their shape alone, as far as what follows them needs it. A layer that is not
 * listed has an unknown shape, and what follows it is fused only where the shape does not matter.
 *
 * @module
 */
import type { Shape } from "../../graph/graph.ts";
import type { LayerConfig } from "./layer_config.ts";

type ShapeRule = (inputs: readonly Shape[], config: LayerConfig) => Shape;

const same: ShapeRule = ([input]) => input;

/** The shape of a layer's first output by class, or nothing when it is not known. */
export const SHAPES: Readonly<Record<string, ShapeRule>> = {
  Activation: same,
  LayerNormalization: same,
  PReLU: same,
  ReLU: same,
  Softmax: same,
  ThresholdedReLU: same,
  UpSampling2D: ([input], config) => {
    if (input?.length !== 4 || config.text("data_format", "channels_last") !== "channels_last") {
      return undefined;
    }
    const [rows, columns] = config.pair("size", [2, 2]);
    const [batch, height, width, channels] = input as [number | null, ...(number | null)[]];
    return [
      batch,
      height == null ? null : height * rows,
      width == null ? null : width * columns,
      channels ?? null,
    ];
  },
  Dense: ([input], config) => input && [...input.slice(0, -1), config.count("units", 1)],
  Concatenate: (inputs, config) => {
    const first = inputs[0];
    if (first === undefined || inputs.some((shape) => shape?.length !== first.length)) return undefined;
    const axis = (config.axis("axis", -1) + first.length) % first.length;
    const total = inputs.map((shape) => shape![axis] ?? null)
      .reduce((a, b) => a === null || b === null ? null : a + b, 0);
    return first.map((length, i) => i === axis ? total : length);
  },
};
