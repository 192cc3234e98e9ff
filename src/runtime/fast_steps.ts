/**
 * Convolutions and dense layers of a program by the compiled kernels, which are those of `src/kernels/`, as they are. A
 * step is prepared once: what comes out is a function that computes it.
 *
 * @module
 */
import {
  type Epilogue,
  implicitGemm,
  packedWeights,
  type PixelGrid,
} from "../kernels/conv2d/implicit_gemm.ts";
import { chooseTile, winograd } from "../kernels/conv2d/winograd.ts";
import { depthwiseWork } from "../kernels/depthwise/depthwise_work.ts";
import type { LaunchContext } from "../kernels/context.ts";
import type { ArrayView } from "../kernels/heap.ts";
import { applyActivation } from "./activations.ts";
import {
  type Activation,
  type ConvolutionStep,
  type DenseStep,
  sizeOf,
  type Step,
  type WeightRef,
} from "./program.ts";
import type { OwnHeap } from "./own_heap.ts";

/** What fast steps are made of. */
export interface FastContext {
  readonly kernels: LaunchContext;
  readonly heap: OwnHeap;
  /** Byte offset of all weights. */
  readonly weights: number;
  readonly batch: number;
}

/** Activations that are a clamp, which a kernel applies before it stores a sum. */
const CLAMPS: Partial<Record<Activation, readonly [lo: number, hi: number]>> = {
  linear: [-Infinity, Infinity],
  relu: [0, Infinity],
  relu6: [0, 6],
};

/** The kernels that serve, as files of `kernels/assembly/`. */
export const KERNELS = ["convolution", "depthwise", "pack_weights", "winograd", "winograd_weights"] as const;

/**
 * The function that computes a step from `input` to `output`, or undefined where the plain one must.
 *
 * @param input [batch, ...shape] of the value that it reads.
 * @param output [batch, ...shape] of the value that it gives.
 */
export function prepareFast(
  context: FastContext,
  step: Step,
  input: ArrayView,
  output: ArrayView,
): (() => void) | undefined {
  if (step.op === "dense") return withActivation(context, step, output, dense(context, step, input, output));
  if (step.op !== "convolution") return undefined;
  const [, , groupInputs, outChannels] = step.kernel.shape as [number, number, number, number];
  if (step.groups === 1) {
    return withActivation(context, step, output, convolution(context, step, input, output, step.kernel, 0));
  }
  if (groupInputs === 1 && outChannels === step.groups) {
    return withActivation(context, step, output, depthwise(context, step, input, output));
  }
  return withActivation(context, step, output, grouped(context, step, input, output));
}

/** Adds the activation where it is not a clamp. */
function withActivation(
  { heap, batch }: FastContext,
  step: ConvolutionStep | DenseStep,
  output: ArrayView,
  run: () => void,
): () => void {
  if (CLAMPS[step.activation] !== undefined) return run;
  const count = batch * sizeOf(step.shape);
  return () => {
    run();
    const values = heap.view(heap.addressOf(output.dataId), count);
    applyActivation(step.activation, values, values);
  };
}

/** @param firstChannel The output channel whose bias comes first. */
function epilogue(
  { weights }: FastContext,
  step: { activation: Activation; bias?: WeightRef },
  firstChannel: number,
): Epilogue {
  const [lo, hi] = CLAMPS[step.activation] ?? CLAMPS.linear!;
  const bias = step.bias === undefined
    ? 0
    : weights + (step.bias.offset + firstChannel) * Float32Array.BYTES_PER_ELEMENT;
  return { bias, lo, hi };
}

function gridOf(step: ConvolutionStep): PixelGrid {
  const [rows, columns] = step.kernel.shape as [number, number];
  const [height, width] = step.shape as [number, number];
  return {
    size: [height, width],
    inStep: step.strides,
    tapOrigin: [-step.padding[0], -step.padding[2]],
    tapStep: step.dilation,
    outStep: [1, 1],
    outOrigin: [0, 0],
    taps: { start: [0, 0], step: [1, 1], count: [rows, columns] },
  };
}

function convolution(
  context: FastContext,
  step: ConvolutionStep,
  input: ArrayView,
  output: ArrayView,
  kernel: WeightRef | ArrayView,
  firstChannel: number,
): () => void {
  const { kernels } = context;
  const filter = "dataId" in kernel ? kernel : weightTensor(context, kernel);
  const end = epilogue(context, step, firstChannel);
  const [rows, columns] = filter.shape;
  const plain = [...step.strides, ...step.dilation].every((length) => length === 1);
  const tile = rows === 3 && columns === 3 && plain
    ? chooseTile(
      input.shape as [number, number, number, number],
      output.shape as [number, number, number, number],
    )
    : undefined;
  if (tile !== undefined) {
    const padding = [step.padding[0], step.padding[2]] as const;
    const work = { input, filter, transposed: false, output, padding, epilogue: end };
    return () => winograd(kernels, work, tile);
  }
  const grid = gridOf(step);
  const weights = packedWeights(kernels, filter, grid.taps, false);
  const work = implicitGemm(kernels, input, weights, output, grid, end);
  return () => kernels.dispatcher.run(work);
}

function depthwise(
  context: FastContext,
  step: ConvolutionStep,
  input: ArrayView,
  output: ArrayView,
): () => void {
  const [rows, columns, , channels] = step.kernel.shape as [number, number, number, number];
  const filter = weightTensor(context, { ...step.kernel, shape: [rows, columns, channels, 1] });
  const { kernels } = context;
  const work = depthwiseWork(kernels, input, filter, output, gridOf(step), epilogue(context, step, 0));
  return () => kernels.dispatcher.run(work);
}

/** A dense layer is a convolution of images of one pixel. */
function dense(context: FastContext, step: DenseStep, input: ArrayView, output: ArrayView): () => void {
  const [length, units] = step.kernel.shape as [number, number];
  const asImage = (tensor: ArrayView, channels: number) => ({
    ...tensor,
    shape: [context.batch, 1, 1, channels],
  });
  return convolution(
    context,
    {
      ...step,
      op: "convolution",
      kernel: { ...step.kernel, shape: [1, 1, length, units] },
      shape: [1, 1, units],
      strides: [1, 1],
      dilation: [1, 1],
      padding: [0, 0, 0, 0],
      groups: 1,
    },
    asImage(input, length),
    asImage(output, units),
    { ...step.kernel, shape: [1, 1, length, units] },
    0,
  );
}

/** Each group's channels are copied out, convolved, and copied back: a group is a convolution of its own. */
function grouped(
  context: FastContext,
  step: ConvolutionStep,
  input: ArrayView,
  output: ArrayView,
): () => void {
  const { heap, batch, weights } = context;
  const [rows, columns, groupInputs, outChannels] = step.kernel.shape as [number, number, number, number];
  const groupOutputs = outChannels / step.groups;
  const inChannels = groupInputs * step.groups;
  const part = heap.array([...input.shape.slice(0, 3), groupInputs]);
  const result = heap.array([...output.shape.slice(0, 3), groupOutputs]);
  const runs = Array.from({ length: step.groups }, (_, group) => {
    const filter = heap.array([rows, columns, groupInputs, groupOutputs]);
    const all = heap.view(weights + 4 * step.kernel.offset, sizeOf(step.kernel.shape));
    copyChannels(all, outChannels, group * groupOutputs, viewOf(heap, filter), groupOutputs, 0, groupOutputs);
    const groupStep = { ...step, shape: [...step.shape.slice(0, 2), groupOutputs] };
    return convolution(context, groupStep, part, result, filter, group * groupOutputs);
  });
  const pixels = batch * sizeOf(step.shape.slice(0, 2));
  return () => {
    for (const [group, run] of runs.entries()) {
      copyChannels(
        viewOf(heap, input),
        inChannels,
        group * groupInputs,
        viewOf(heap, part),
        groupInputs,
        0,
        groupInputs,
      );
      run();
      const all = viewOf(heap, output).subarray(0, pixels * outChannels);
      copyChannels(
        viewOf(heap, result),
        groupOutputs,
        0,
        all,
        outChannels,
        group * groupOutputs,
        groupOutputs,
      );
    }
  };
}

/** Copies `count` channels of every pixel. */
function copyChannels(
  from: Float32Array,
  fromChannels: number,
  fromFirst: number,
  to: Float32Array,
  toChannels: number,
  toFirst: number,
  count: number,
): void {
  const pixels = to.length / toChannels;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const start = pixel * fromChannels + fromFirst;
    to.set(from.subarray(start, start + count), pixel * toChannels + toFirst);
  }
}

function weightTensor({ heap, weights }: FastContext, ref: WeightRef): ArrayView {
  return heap.arrayAt(weights + ref.offset * Float32Array.BYTES_PER_ELEMENT, ref.shape);
}

function viewOf(heap: OwnHeap, tensor: ArrayView): Float32Array {
  return heap.view(heap.addressOf(tensor.dataId), sizeOf(tensor.shape));
}
