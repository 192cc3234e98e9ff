/**
 * Operators that have weights: convolutions, BatchNorm and matrix products.
 *
 * @module
 */
import { TensorProto_DataType as DataType } from "onnx-buf";
import { type Axis, extent, inputLength } from "../../graph/axis.ts";
import { type FullShape, sizeOf } from "../../graph/graph.ts";
import { type Refusal, refuse } from "../../graph/refusal.ts";
import type { Part } from "../part.ts";
import { TO_NCHW } from "./layout.ts";
import type { FileTensor, NodeCall } from "./node_call.ts";
import { hasAxes, imageAt, isInOrder, type Reading } from "./rule.ts";
import { axesOf, imageAfter, pair } from "./window.ts";

/** What a Conv or a ConvTranspose knows of its input, whoever made that. */
export function imageBefore(call: NodeCall): FullShape | undefined {
  const kernel = call.constant(1);
  const isTransposed = call.node.opType === "ConvTranspose";
  if (
    (call.node.opType !== "Conv" && !isTransposed) || kernel?.dtype !== DataType.FLOAT ||
    kernel.shape.length !== 4
  ) {
    return undefined;
  }
  return [null, null, null, isTransposed ? kernel.shape[0]! : kernel.shape[1]! * call.int("group", 1)];
}

/** A Conv over images of a known number of channels. */
export function convolution(call: NodeCall): Reading | Refusal | undefined {
  const found = imageAt(call, 0);
  const kernel = call.constant(1);
  if (found === undefined || kernel?.shape.length !== 4) return undefined;
  const groups = call.int("group", 1);
  const [outputs, inputs, height, width] = kernel.shape as [number, number, number, number];
  if (groups < 1 || inputs * groups !== found.shape[3] || outputs % groups !== 0) {
    throw call.fail(
      `its kernel [${kernel.shape}] in ${groups} ${groups === 1 ? "group" : "groups"} does not fit ${
        found.shape[3]
      } channels`,
    );
  }
  const axes = axesOf(call, found.shape, [height, width]);
  if ("kind" in axes) return axes;
  const weight = call.weightAt(1, { shape: [height, width, inputs, outputs], axes: [2, 3, 1, 0] });
  const bias = vector(call, 2, outputs);
  if (weight === undefined || bias === null) return undefined;
  return {
    parts: [{
      op: "convolution",
      kernel: weight,
      ...(bias === undefined ? {} : { bias }),
      axes,
      groups,
      activation: "linear",
      shape: imageAfter(found.shape, axes, outputs),
    }],
    inputs: [found.image],
    axes: TO_NCHW,
  };
}

/** A ConvTranspose in one group, of padding that it names itself. */
export function convolutionTranspose(call: NodeCall): Reading | Refusal | undefined {
  const found = imageAt(call, 0);
  const kernel = call.constant(1);
  if (found === undefined || kernel?.shape.length !== 4 || call.int("group", 1) !== 1) return undefined;
  const [inputs, outputs, height, width] = kernel.shape as [number, number, number, number];
  if (inputs !== found.shape[3]) {
    throw call.fail(`its kernel [${kernel.shape}] does not fit ${found.shape[3]} channels`);
  }
  const mode = call.text("auto_pad", "NOTSET");
  if ((mode !== "NOTSET" && mode !== "VALID") || call.has("output_shape")) {
    return refuse("padding", "its padding follows from its output's size", "Export it with explicit pads.");
  }
  const [strides, dilations] = [pair(call, "strides", 1), pair(call, "dilations", 1)];
  const pads = (mode === "VALID" ? undefined : call.ints("pads")) ?? [0, 0, 0, 0];
  const further = call.ints("output_padding") ?? [0, 0];
  const [vertical, horizontal] = [height, width].map((size, i): Axis => ({
    size,
    dilation: dilations[i]!,
    stride: strides[i]!,
    before: pads[i]!,
    after: pads[i + 2]! - further[i]!,
  })) as [Axis, Axis];
  const axes = [vertical, horizontal] as const;
  const weight = call.weightAt(1, { shape: [height, width, outputs, inputs], axes: [2, 3, 1, 0] });
  const bias = vector(call, 2, outputs);
  const isCut = axes.some((axis) => Math.max(axis.before, axis.after) >= extent(axis));
  if (weight === undefined || bias === null || isCut) return undefined;
  const lengths = axes.map((axis, i) => {
    const length = found.shape[i + 1];
    return length == null ? null : inputLength(axis, length);
  });
  return {
    parts: [{
      op: "convolutionTranspose",
      kernel: weight,
      ...(bias === undefined ? {} : { bias }),
      axes,
      activation: "linear",
      shape: [found.shape[0]!, ...lengths, outputs],
    }],
    inputs: [found.image],
    axes: TO_NCHW,
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

/** A BatchNormalization of images or vectors, with running statistics. */
export function batchNormalization(call: NodeCall): Reading | Refusal | undefined {
  const x = call.tensor(0);
  const rank = x?.shape?.length;
  const isUnderstood = x !== undefined && (hasAxes(x, TO_NCHW) || hasAxes(x, [0, 1]));
  if (!isUnderstood || call.int("spatial", 1) !== 1) return undefined;
  if (call.int("training_mode", 0) !== 0 || call.node.output.slice(1).some((name) => name !== "")) {
    return refuse("inference", "it normalizes by its own batch", "Export the network in eval mode.");
  }
  const channels = x.shape![rank! - 1];
  const length = call.constant(1)?.shape[0];
  if (length === undefined || (channels !== null && channels !== length)) {
    if (length === undefined) return undefined;
    throw call.fail(`it normalizes ${length} channels, its input has ${channels}`);
  }
  const [gamma, beta, mean, variance] = [1, 2, 3, 4].map((index) => vector(call, index, length));
  if (!gamma || !beta || !mean || !variance) return undefined;
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
  if (x.shape === undefined || !isInOrder(x) || x.shape.length === 4) return undefined;
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
