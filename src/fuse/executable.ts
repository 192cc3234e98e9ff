/**
 * The form of an affine map that an operation of the target can run, and what it costs there. Where that knows no dilation,
 * kernels are written out with zeros in the gaps, and where it knows no groups, with zeros between them.
 *
 * @module
 */
import { type Affine, kernelLength } from "./affine.ts";
import { type Axes, inputLength } from "../graph/axis.ts";
import type { Shape } from "../graph/graph.ts";
import { isSequence, sidesOf } from "../graph/sides.ts";
import { LAYERS, type Target } from "../graph/target.ts";
import { dense } from "./axis.ts";
import { isPerChannel } from "./channels.ts";
import { regroup } from "./groups.ts";
import { fixedPixels, isVector } from "./image.ts";

/** The layer class that runs a map. */
export type ConvolutionClass = "Conv2D" | "Conv2DTranspose" | "DepthwiseConv2D" | "GroupedConv2D";

/** The layer class for these groups. */
export function convolutionClass(map: Pick<Affine, "groups" | "inChannels" | "spread">): ConvolutionClass {
  if (map.spread !== undefined) return "Conv2DTranspose";
  if (map.groups === 1) return "Conv2D";
  return map.groups === map.inChannels ? "DepthwiseConv2D" : "GroupedConv2D";
}

/**
 * The same map in a form that an operation can run.
 *
 * @param output The shape of what it gives: an image unless it says otherwise.
 */
export function executable(map: Affine, output?: Shape, target: Target = LAYERS): Affine {
  const isScale = target.scalesChannels && isPerChannel(map);
  const hasNoGroups = isVector(output) || (isSequence(output) && !target.groupsSequences);
  if (hasNoGroups && !map.copies && map.groups > 1 && !isScale) {
    return executable(inOneGroup(map), output, target);
  }
  if (isVector(output)) return map;
  // Nobody has transposed convolutions in groups.
  if (map.spread !== undefined && map.groups > 1) return inOneGroup(map);
  if (target.dilatesAll) return map;
  const dilated = map.axes.some((axis) => axis.dilation > 1);
  const strided = map.axes.some((axis) => axis.stride > 1);
  const isPlain = !strided && map.spread === undefined && convolutionClass(map) !== "DepthwiseConv2D";
  if (!dilated || isPlain) return map;
  const axes: Axes = [dense(map.axes[0]), dense(map.axes[1])];
  return { ...map, axes, weights: () => fillGaps(map, axes) };
}

/**
 * MACs of a map as it stands, for one image. Copying and padding are free; the zeros that a transposed convolution reads
 * between the pixels are not multiplied.
 *
 * @param output The shape of what it gives.
 * @returns `null` where its size is not fixed.
 */
export function macsOf(map: Affine, output: Shape): number | null {
  const pixels = fixedPixels(output);
  return pixels === null ? null : Math.round(pixels * macsPerPixel(map, output));
}

/** {@link macsOf} for each output pixel: what is compared where the size is not fixed. */
export function macsPerPixel(map: Affine, output: Shape): number {
  if (map.copies) return 0;
  const { spread } = map;
  if (spread === undefined) return kernelLength(map);
  const sides = sidesOf(output);
  return map.axes.reduce((macs, axis, i) => {
    const length = sides[i];
    if (length == null) return macs / spread[i]!;
    const pixels = (inputLength(axis, length) - 1) / spread[i]! + 1;
    return macs * pixels / length;
  }, kernelLength(map));
}

/** A dense layer has no groups, and others have none either. */
function inOneGroup(map: Affine): Affine {
  const { inChannels, outChannels, groups } = map;
  const taps = map.axes[0].size * map.axes[1].size;
  return {
    ...map,
    groups: 1,
    weights() {
      const { kernel, bias } = map.weights();
      return { kernel: regroup({ kernel, taps, inChannels, outChannels, groups }, 1), bias };
    },
  };
}

function fillGaps(map: Affine, axes: Axes): { kernel: Float64Array; bias: Float64Array } {
  const { kernel: compact, bias } = map.weights();
  const [rows, columns] = [map.axes[0].size, map.axes[1].size];
  const tapLength = compact.length / (rows * columns);
  const kernel = new Float64Array(kernelLength({ ...map, axes }));
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const from = (i * columns + j) * tapLength;
      const tap = i * map.axes[0].dilation * axes[1].size + j * map.axes[1].dilation;
      kernel.set(compact.subarray(from, from + tapLength), tap * tapLength);
    }
  }
  return { kernel, bias };
}
