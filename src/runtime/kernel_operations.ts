/**
 * Operations by the compiled kernels. One is prepared once: what comes out is a function that computes it.
 *
 * @module
 */
import type { Activation } from "../graph/activation.ts";
import { POINT } from "../graph/axis.ts";
import { type Convolution, type Dense, type Operation, sizeOf, type WeightRef } from "../graph/graph.ts";
import type { LaunchContext } from "../kernels/context.ts";
import {
  type Epilogue,
  implicitGemm,
  packedWeights,
  type PixelGrid,
  PLAIN,
} from "../kernels/conv2d/implicit_gemm.ts";
import { chooseTile, winograd } from "../kernels/conv2d/winograd.ts";
import { depthwiseWork } from "../kernels/depthwise/depthwise_work.ts";
import type { ArrayView, Shape4D } from "../kernels/heap.ts";
import { activationOf } from "./activations.ts";
import type { OwnHeap } from "./own_heap.ts";
import { mapInto } from "./reference.ts";

/** What operations are prepared with. */
export interface KernelOperations extends LaunchContext {
  readonly heap: OwnHeap;
  /** Where a weight lies. */
  readonly weightAt: (ref: WeightRef) => ArrayView;
}

/**
 * The kernels that serve, as files of `kernels/assembly/`. Sums and means are taken in JavaScript: their kernels would make a
 * module larger and nothing faster that was measured.
 */
export const RUNTIME_KERNELS = [
  "convolution",
  "depthwise",
  "pack_weights",
  "winograd",
  "winograd_weights",
] as const;

/** Activations that are a clamp, which a kernel applies before it stores a sum. */
const CLAMPS: Partial<Record<Activation, readonly [lo: number, hi: number]>> = {
  linear: [-Infinity, Infinity],
  relu: [0, Infinity],
  relu6: [0, 6],
};

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;

/**
 * The function that computes an operation, or undefined where the plain one must.
 *
 * @param inputs What it reads, in the heap.
 * @param output What it makes, in the heap.
 */
export function prepareKernel(
  context: KernelOperations,
  operation: Operation,
  inputs: readonly ArrayView[],
  output: ArrayView,
): (() => void) | undefined {
  const [input] = inputs;
  if (input === undefined || sizeOf(input.shape) === 0 || sizeOf(output.shape) === 0) return undefined;
  switch (operation.op) {
    case "convolution":
      return withActivation(context, operation, output, convolution(context, operation, input, output));
    case "dense":
      return withActivation(context, operation, output, dense(context, operation, input, output));
    default:
      return undefined;
  }
}

/** Adds the activation where it is not a clamp. */
function withActivation(
  { heap }: KernelOperations,
  { activation }: Convolution | Dense,
  output: ArrayView,
  run: () => void,
): () => void {
  if (CLAMPS[activation] !== undefined) return run;
  const f = activationOf(activation);
  return () => {
    run();
    const values = viewOf(heap, output);
    mapInto(values, values, f);
  };
}

function convolution(
  context: KernelOperations,
  operation: Convolution,
  input: ArrayView,
  output: ArrayView,
): () => void {
  const { groups, kernel } = operation;
  if (groups === 1) return oneGroup(context, operation, input, output, context.weightAt(kernel), 0);
  const outChannels = kernel.shape[3]!;
  if (kernel.shape[2] === 1 && outChannels === groups) return depthwise(context, operation, input, output);
  return severalGroups(context, operation, input, output);
}

/** @param firstChannel The output channel whose bias comes first. */
function epilogue(
  { weightAt, heap }: KernelOperations,
  { activation, bias }: Convolution,
  firstChannel: number,
): Epilogue {
  const [lo, hi] = CLAMPS[activation] ?? [PLAIN.lo, PLAIN.hi];
  const offset = bias === undefined ? 0 : heap.addressOf(weightAt(bias).dataId) + firstChannel * FLOAT_BYTES;
  return { bias: offset, lo, hi };
}

function gridOf({ axes: [vertical, horizontal] }: Convolution, output: ArrayView): PixelGrid {
  return {
    size: [output.shape[1]!, output.shape[2]!],
    inStep: [vertical.stride, horizontal.stride],
    tapOrigin: [-vertical.before, -horizontal.before],
    tapStep: [vertical.dilation, horizontal.dilation],
    outStep: [1, 1],
    outOrigin: [0, 0],
    taps: { start: [0, 0], step: [1, 1], count: [vertical.size, horizontal.size] },
  };
}

function oneGroup(
  context: KernelOperations,
  operation: Convolution,
  input: ArrayView,
  output: ArrayView,
  filter: ArrayView,
  firstChannel: number,
): () => void {
  const { axes, axes: [vertical, horizontal] } = operation;
  const end = epilogue(context, operation, firstChannel);
  const isPlain3x3 = axes.every(({ size, stride, dilation }) => size === 3 && stride === 1 && dilation === 1);
  const tile = isPlain3x3 ? chooseTile(input.shape as Shape4D, output.shape as Shape4D) : undefined;
  if (tile !== undefined) {
    const padding = [vertical.before, horizontal.before] as const;
    const work = { input, filter, transposed: false, output, padding, epilogue: end };
    return () => winograd(context, work, tile);
  }
  const grid = gridOf(operation, output);
  const weights = packedWeights(context, filter, grid.taps, false);
  const work = implicitGemm(context, input, weights, output, grid, end);
  return () => context.dispatcher.run(work);
}

function depthwise(
  context: KernelOperations,
  operation: Convolution,
  input: ArrayView,
  output: ArrayView,
): () => void {
  const [rows, columns, , channels] = operation.kernel.shape as Shape4D;
  const filter = { ...context.weightAt(operation.kernel), shape: [rows, columns, channels, 1] };
  const grid = gridOf(operation, output);
  const work = depthwiseWork(context, input, filter, output, grid, epilogue(context, operation, 0));
  return () => context.dispatcher.run(work);
}

/** A dense layer is a convolution of images of one pixel. */
function dense(context: KernelOperations, operation: Dense, input: ArrayView, output: ArrayView): () => void {
  const [length, units] = operation.kernel.shape as [number, number];
  const rows = sizeOf(input.shape) / length;
  const asImages = (array: ArrayView, channels: number) => ({ ...array, shape: [rows, 1, 1, channels] });
  const kernel = { ...operation.kernel, shape: [1, 1, length, units] };
  const pointwise: Convolution = { ...operation, op: "convolution", kernel, axes: [POINT, POINT], groups: 1 };
  return convolution(context, pointwise, asImages(input, length), asImages(output, units));
}

/** Each group's channels are copied out, convolved, and copied back: a group is a convolution of its own. */
function severalGroups(
  context: KernelOperations,
  operation: Convolution,
  input: ArrayView,
  output: ArrayView,
): () => void {
  const { heap } = context;
  const { groups, kernel } = operation;
  const [rows, columns, groupInputs, outChannels] = kernel.shape as Shape4D;
  const groupOutputs = outChannels / groups;
  const part = heap.array([...input.shape.slice(0, 3), groupInputs]);
  const result = heap.array([...output.shape.slice(0, 3), groupOutputs]);
  const runs = Array.from({ length: groups }, (_, group) => {
    const filter = heap.array([rows, columns, groupInputs, groupOutputs]);
    copyChannels(heap, context.weightAt(kernel), group * groupOutputs, filter, 0, groupOutputs);
    return oneGroup(context, operation, part, result, filter, group * groupOutputs);
  });
  return () => {
    for (const [group, run] of runs.entries()) {
      copyChannels(heap, input, group * groupInputs, part, 0, groupInputs);
      run();
      copyChannels(heap, result, 0, output, group * groupOutputs, groupOutputs);
    }
  };
}

/** Copies `count` channels of every pixel. */
function copyChannels(
  heap: OwnHeap,
  from: ArrayView,
  fromFirst: number,
  to: ArrayView,
  toFirst: number,
  count: number,
): void {
  const [source, target] = [viewOf(heap, from), viewOf(heap, to)];
  const [fromChannels, toChannels] = [from.shape.at(-1)!, to.shape.at(-1)!];
  for (let pixel = 0; pixel < target.length / toChannels; pixel++) {
    const start = pixel * fromChannels + fromFirst;
    target.set(source.subarray(start, start + count), pixel * toChannels + toFirst);
  }
}

function viewOf(heap: OwnHeap, { dataId, shape }: ArrayView): Float32Array<ArrayBuffer> {
  return heap.view(heap.addressOf(dataId), sizeOf(shape));
}
