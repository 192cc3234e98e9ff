/**
 * Means over neighbouring axes, and their gradient, on the wasm backend.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { meanWork, type Split } from "../../elementwise/mean.ts";
import { allocateTensor } from "../backend_heap.ts";
import { override } from "../override.ts";
import { MEAN_GRADIENT, type MeanGradientAttributes } from "./mean_gradient.ts";

interface MeanAttributes {
  readonly axis: number | number[];
  readonly keepDims: boolean;
}

/** Means and their gradient. */
export const MEANS = [
  override<MeanAttributes>("Mean", (context, { inputs, attrs }) => {
    const x = inputs["x"]!;
    const axes = tf.util.parseAxisParam(attrs.axis, x.shape);
    const split = splitShape(x.shape, axes);
    if (x.dtype !== "float32" || split === undefined) return undefined;
    const kept = x.shape.map((size, axis) => axes.includes(axis) ? 1 : size);
    const shape = attrs.keepDims ? kept : x.shape.filter((_, axis) => !axes.includes(axis));
    const mean = allocateTensor(context.backend, shape);
    context.dispatcher.run(meanWork(context, "meanRows", split, x, mean));
    return mean;
  }),
  override<MeanGradientAttributes>(MEAN_GRADIENT.kernelName, (context, { inputs, attrs }) => {
    const dy = inputs["dy"]!;
    const split = splitShape(attrs.shape, attrs.axes);
    if (dy.dtype !== "float32" || split === undefined) return undefined;
    const dx = allocateTensor(context.backend, attrs.shape);
    context.dispatcher.run(meanWork(context, "spreadRows", split, dx, dy));
    return [dx];
  }),
];

/** [outer, rows, channels]; undefined for empty tensors, and for axes that are not neighbours or are the last. */
function splitShape(shape: readonly number[], axes: readonly number[]): Split | undefined {
  if (axes.length === 0 || shape.includes(0)) return undefined;
  const first = Math.min(...axes);
  const end = Math.max(...axes) + 1;
  if (end - first !== new Set(axes).size || end === shape.length) return undefined;
  const [outer, rows, channels] = [shape.slice(0, first), shape.slice(first, end), shape.slice(end)]
    .map((sizes) => sizes.reduce((product, size) => product * size, 1));
  return { outer: outer!, rows: rows!, channels: channels! };
}
