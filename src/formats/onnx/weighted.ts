/**
 * Operators that have weights: convolutions, BatchNorm and matrix products.
 *
 * @module
 */
import { type Axes, type Axis, extent, inputLength } from "../../graph/axis.ts";
import { type FullShape, sizeOf } from "../../graph/graph.ts";
import { type Refusal, refuse } from "../../graph/refusal.ts";
import { afterWindow, axesOn, type Sides, sidesOf, withSides } from "../../graph/sides.ts";
import type { Part } from "../part.ts";
import type { Constant } from "./constant.ts";
import { channelsFirst } from "./layout.ts";
import { type FileTensor, isRealType, type NodeCall } from "./node_call.ts";
import { type Found, hasAxes, imageAt, isChannelsFirst, type Reading } from "./rule.ts";
import { axesOf, counts } from "./window.ts";

/** What a Conv or a ConvTranspose knows of its input, whoever made that. */
export function imageBefore(call: NodeCall): FullShape | undefined {
  const kernel = call.constant(1);
  const isTransposed = call.node.opType === "ConvTranspose";
  if ((call.node.opType !== "Conv" && !isTransposed) || kernel === undefined || !isRealType(kernel.dtype)) {
    return undefined;
  }
  if (channelsFirst(kernel.shape.length) === undefined) return undefined;
  const channels = isTransposed ? kernel.shape[0]! : kernel.shape[1]! * call.int("group", 1);
  return [null, ...kernel.shape.slice(2).map(() => null), channels];
}

/** What a convolution moves over, and its kernel; a refusal where these are none that a graph has. */
function operandsOf(call: NodeCall): (Found & { readonly kernel: Constant }) | Refusal {
  const kernel = call.constant(1);
  if (kernel === undefined) {
    return refuse(
      "layout",
      "its kernel is no constant: the network computes it, or it is quantized",
      "Fuse the network with its kernel in float32, and quantize the fused one.",
    );
  }
  if (channelsFirst(kernel.shape.length) === undefined) {
    return refuse(
      "layout",
      `its kernel [${kernel.shape}] moves along ${
        kernel.shape.length - 2
      } axes, and images and sequences alone are folded`,
      "Nothing: it stays as it is.",
    );
  }
  const found = imageAt(call, 0);
  if (found === undefined || found.sides !== kernel.shape.length - 2) {
    return refuse(
      "layout",
      "what it reads is not known to be images or sequences of so many channels",
      "Run onnx.shape_inference on the file first.",
    );
  }
  return { ...found, kernel };
}

/** Weights that are none. */
const NOT_CONSTANT = refuse(
  "layout",
  "its weights are not float32 constants",
  "Give it constant weights of float32.",
);

/** A Conv over images or sequences of a known number of channels. */
export function convolution(call: NodeCall): Reading | Refusal {
  const found = operandsOf(call);
  if ("kind" in found) return found;
  const { image, shape, channels, kernel } = found;
  const groups = call.int("group", 1);
  const [outputs, inputs, ...size] = kernel.shape as [number, number, ...number[]];
  if (groups < 1 || inputs * groups !== channels || outputs % groups !== 0) {
    throw call.fail(
      `its kernel [${kernel.shape}] in ${groups} ${
        groups === 1 ? "group" : "groups"
      } does not fit ${channels} channels`,
    );
  }
  const axes = axesOf(call, shape, size);
  if ("kind" in axes) return axes;
  const weight = kernelAt(call, axes, inputs, outputs);
  const bias = vector(call, 2, outputs);
  if (weight === undefined || bias === null) return NOT_CONSTANT;
  return {
    parts: [{
      op: "convolution",
      kernel: weight,
      ...(bias === undefined ? {} : { bias }),
      axes,
      groups,
      activation: "linear",
      shape: afterWindow(shape, axes, outputs),
    }],
    inputs: [image],
    axes: image.axes,
  };
}

/** The kernel as [kh, kw, rows, columns]: of a sequence its height is 1. */
function kernelAt(call: NodeCall, axes: Axes, rows: number, columns: number) {
  const count = call.constant(1)!.shape.length - 2;
  const spatial = Array.from({ length: count }, (_, i) => i + 2);
  return call.weightAt(1, { shape: [axes[0].size, axes[1].size, rows, columns], axes: [...spatial, 1, 0] });
}

/** A ConvTranspose in one group, of padding that it names itself. */
export function convolutionTranspose(call: NodeCall): Reading | Refusal {
  const found = operandsOf(call);
  if ("kind" in found) return found;
  const { image, shape, channels, kernel, sides: count } = found;
  const [inputs, outputs, ...size] = kernel.shape as [number, number, ...number[]];
  if (call.int("group", 1) !== 1) {
    return refuse("layout", "it is a transposed convolution in groups", "Export it in one group.");
  }
  if (inputs !== channels) {
    throw call.fail(`its kernel [${kernel.shape}] does not fit ${channels} channels`);
  }
  const mode = call.text("auto_pad", "NOTSET");
  if ((mode !== "NOTSET" && mode !== "VALID") || call.has("output_shape")) {
    return refuse("padding", "its padding follows from its output's size", "Export it with explicit pads.");
  }
  const [strides, dilations] = [counts(call, "strides", count), counts(call, "dilations", count)];
  const pads = (mode === "VALID" ? undefined : call.ints("pads")) ?? new Array<number>(2 * count).fill(0);
  const further = call.ints("output_padding") ?? new Array<number>(count).fill(0);
  if (pads.length !== 2 * count || further.length !== count) {
    throw call.fail(`its pads are [${pads}] and its output_padding [${further}] for ${count} axes`);
  }
  const axes = axesOn(size.map((length, i): Axis => ({
    size: length,
    dilation: dilations[i]!,
    stride: strides[i]!,
    before: pads[i]!,
    after: pads[i + count]! - further[i]!,
  })));
  const weight = kernelAt(call, axes, outputs, inputs);
  const bias = vector(call, 2, outputs);
  if (weight === undefined || bias === null) return NOT_CONSTANT;
  if (axes.some((axis) => Math.max(axis.before, axis.after) >= extent(axis))) {
    return refuse("padding", "it cuts away more than its kernel reaches", "Cut with a Slice behind it.");
  }
  const sides = sidesOf(shape).map((length, i) => length === null ? null : inputLength(axes[i]!, length));
  return {
    parts: [{
      op: "convolutionTranspose",
      kernel: weight,
      ...(bias === undefined ? {} : { bias }),
      axes,
      activation: "linear",
      shape: withSides(shape, sides as unknown as Sides, outputs),
    }],
    inputs: [image],
    axes: image.axes,
  };
}

/** A weight [length]; nothing where it is left out, and `null` where it is not constant. */
function vector(call: NodeCall, index: number, length: number, factor = 1) {
  if (call.lacks(index)) return undefined;
  const shape = call.constant(index)?.shape;
  if (shape === undefined) return null;
  if (sizeOf(shape) !== length) {
    throw call.fail(`a weight of shape [${shape}] does not fit ${length} channels`);
  }
  return call.weightAt(index, { shape: [length], factor }) ?? null;
}

/** A BatchNormalization of images, sequences or vectors, with running statistics. */
export function batchNormalization(call: NodeCall): Reading | Refusal | undefined {
  const x = call.tensor(0);
  if (x?.shape === undefined || !(isChannelsFirst(x) || hasAxes(x, [0, 1]))) {
    const what = x?.shape === undefined ? "unknown" : `[${x.shape.map((n) => n ?? "?")}]`;
    return refuse(
      "batchNorm",
      `it reads what is of shape ${what}, and images, sequences and vectors alone are folded`,
      "Nothing: it stays as it is.",
    );
  }
  if (call.int("spatial", 1) !== 1) {
    return refuse("batchNorm", "it has statistics for every pixel", "Nothing: it stays as it is.");
  }
  if (call.int("training_mode", 0) !== 0 || call.node.output.slice(1).some((name) => name !== "")) {
    return refuse("inference", "it normalizes by its own batch", "Export the network in eval mode.");
  }
  const channels = x.shape.at(-1)!;
  const length = call.constant(1)?.shape[0];
  if (length === undefined || (channels !== null && channels !== length)) {
    if (length === undefined) return NOT_CONSTANT;
    throw call.fail(`it normalizes ${length} channels, its input has ${channels}`);
  }
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((index) => vector(call, index, length));
  if (!gamma || !beta || !mean || !variance) return NOT_CONSTANT;
  const part: Part = {
    op: "batchNorm",
    gamma,
    beta,
    mean,
    variance,
    epsilon: call.float("epsilon", 1e-5),
    shape: x.shape,
  };
  return { parts: [part], inputs: [x], axes: x.axes };
}

/** α · A · B + β · C */
export function gemm(call: NodeCall): Reading | undefined {
  const x = call.tensor(0);
  const kernel = call.constant(1);
  if (x === undefined || kernel?.shape.length !== 2 || call.int("transA", 0) !== 0) return undefined;
  const isTransposed = call.int("transB", 0) !== 0;
  const [inputs, units] = isTransposed
    ? [kernel.shape[1]!, kernel.shape[0]!]
    : kernel.shape as [number, number];
  const shifts = call.constant(2)?.shape;
  if (!call.lacks(2) && (shifts === undefined || sizeOf(shifts) !== units || shifts.at(-1) !== units)) {
    return undefined;
  }
  return dense(call, x, inputs, units, isTransposed);
}

/** A tensor by the constant matrix of its second operand. */
export function dense(
  call: NodeCall,
  x: FileTensor,
  inputs: number,
  units: number,
  isTransposed = false,
): Reading | undefined {
  const features = x.shape?.at(-1);
  if (x.shape === undefined || !hasAxes(x, x.shape.map((_, i) => i)) || x.shape.length === 4) {
    return undefined;
  }
  if (features != null && features !== inputs) {
    throw call.fail(`its matrix takes ${inputs} features, its input has ${features}`);
  }
  const kernel = call.weightAt(1, {
    shape: [inputs, units],
    ...(isTransposed ? { axes: [1, 0] } : {}),
    factor: call.float("alpha", 1),
  });
  const bias = vector(call, 2, units, call.float("beta", 1));
  if (kernel === undefined || bias === null) return undefined;
  const shape = [...x.shape.slice(0, -1), units];
  return {
    parts: [{ op: "dense", kernel, ...(bias === undefined ? {} : { bias }), activation: "linear", shape }],
    inputs: [x],
    axes: x.axes,
  };
}
