/**
 * How BatchNorm's rows are cut into chunks, and one run of the kernels of `assembly/batch_norm.as`.
 *
 * @module
 */
import type { LaunchContext } from "../context.ts";
import { batchNormWords, branchWords } from "../descriptors.ts";
import { NS_PER_BYTE } from "../dispatch.ts";
import { type ArrayView, HeapBlock } from "../heap.ts";

/** Tensors and ε of one normalized tensor; no kernel needs all. */
export interface BranchTensors {
  /** [..., channels]. */
  readonly x: ArrayView;
  /** ε. */
  readonly epsilon: number;
  /** γ [channels]; left out for ones. */
  readonly gamma?: ArrayView | undefined;
  /** β [channels]; left out for zeros. */
  readonly beta?: ArrayView | undefined;
  /** μ [channels]. */
  readonly mean: ArrayView;
  /** σ² [channels]. */
  readonly variance: ArrayView;
  /** Gradient of x, like x. */
  readonly dx?: ArrayView;
  /** Gradient of γ, [channels]. */
  readonly dgamma?: ArrayView;
  /** Gradient of β, [channels]. */
  readonly dbeta?: ArrayView;
}

/** The branches with what they have in common. */
export interface BatchNormTensors {
  /** At least one, all of one shape. */
  readonly branches: readonly BranchTensors[];
  /** Whether ReLU follows the sum. */
  readonly relu: boolean;
  /** Written forward; read backward, with ReLU. */
  readonly y?: ArrayView;
  /** Read backward. */
  readonly dy?: ArrayView;
}

/** Partial sums of a chunk: first row, Σ and Σ² forward, Σ g and Σ g·(x − μ) backward. */
const PARTIAL_SUMS = { forward: 3, backward: 2 } as const;

/** Floats of one chunk: 16 KiB, so that the blocks of channels that walk over it find it in the first-level cache. */
const CHUNK_FLOATS = 4096;
/** Fewest rows of a chunk, so that the partial sums of many channels stay few beside the data. */
const MINIMUM_CHUNK_ROWS = 16;
/** Most rows of a chunk, since its sums are taken in float32. */
const MAXIMUM_CHUNK_ROWS = 512;
const VECTOR_FLOATS = 4;
const VECTOR_BYTES = 16;
const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;
/** What joining one partial sum costs, in ns. */
const NS_PER_PARTIAL = 3;

/** Statistics and normalization. Writes mean and variance of every branch, and y. */
export function runForward(context: LaunchContext, tensors: BatchNormTensors): void {
  run(context, tensors, "forward", ["batchNormSums", "batchNormMoments", "batchNormApply"]);
}

/** Normalization by given statistics. Writes y. */
export function runInference(context: LaunchContext, tensors: BatchNormTensors): void {
  run(context, tensors, "forward", ["batchNormApply"]);
}

/** The gradients. Writes dx, dgamma and dbeta of every branch. */
export function runBackward(context: LaunchContext, tensors: BatchNormTensors): void {
  run(context, tensors, "backward", ["batchNormGradSums", "batchNormParameterGrads", "batchNormGradApply"]);
}

type Stage =
  | "batchNormSums"
  | "batchNormMoments"
  | "batchNormApply"
  | "batchNormGradSums"
  | "batchNormParameterGrads"
  | "batchNormGradApply";

function run(
  context: LaunchContext,
  tensors: BatchNormTensors,
  direction: keyof typeof PARTIAL_SUMS,
  stages: readonly Stage[],
): void {
  const { heap, dispatcher } = context;
  const { branches, relu } = tensors;
  const { rows, channels, chunkRows, chunks, paddedChannels } = chunking(branches[0]!.x.shape);
  const sums = PARTIAL_SUMS[direction] * paddedChannels * chunks;
  const partials = new HeapBlock(heap, stages.length > 1 ? branches.length * sums * FLOAT_BYTES : 0);
  const rowsOfTable = branches.flatMap((branch, index) =>
    branchRow(context, branch, partials.offset + index * sums * FLOAT_BYTES)
  );
  const table = new HeapBlock(heap, rowsOfTable.length * Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(heap.memory.buffer, table.offset, rowsOfTable.length).set(rowsOfTable);
  const words = batchNormWords({
    branches: table.offset,
    branchCount: branches.length,
    y: offsetOf(context, tensors.y),
    dy: offsetOf(context, tensors.dy),
    relu: Number(relu),
    rows,
    channels,
    chunkRows,
    paddedChannels,
  });
  const bytes = rows * channels * FLOAT_BYTES;
  const costNs: Record<Stage, number> = {
    batchNormSums: branches.length * bytes * NS_PER_BYTE,
    batchNormMoments: branches.length * sums * NS_PER_PARTIAL,
    batchNormApply: (branches.length + 1) * bytes * NS_PER_BYTE,
    batchNormGradSums: (branches.length + 1) * bytes * NS_PER_BYTE,
    batchNormParameterGrads: branches.length * sums * NS_PER_PARTIAL,
    batchNormGradApply: (2 * branches.length + 1) * bytes * NS_PER_BYTE,
  };
  const units: Record<Stage, number> = {
    batchNormSums: branches.length * chunks,
    batchNormMoments: branches.length * channels,
    batchNormApply: chunks,
    batchNormGradSums: chunks,
    batchNormParameterGrads: branches.length * channels,
    batchNormGradApply: chunks,
  };
  const scratchBytes = relu ? chunkRows * channels * FLOAT_BYTES + VECTOR_BYTES : 0;
  for (const kernel of stages) {
    dispatcher.run({ kernel, units: units[kernel], words, scratchBytes, costNs: costNs[kernel] });
  }
  table.free();
  partials.free();
}

/** Rows, channels and chunks. They depend on the shape alone, and so does every sum. */
function chunking(shape: readonly number[]) {
  const channels = shape.at(-1)!;
  const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const fitting = Math.max(MINIMUM_CHUNK_ROWS, Math.floor(CHUNK_FLOATS / channels));
  const chunkRows = Math.min(MAXIMUM_CHUNK_ROWS, fitting);
  const paddedChannels = Math.ceil(channels / VECTOR_FLOATS) * VECTOR_FLOATS;
  return { rows, channels, chunkRows, chunks: Math.ceil(rows / chunkRows), paddedChannels };
}

function branchRow(context: LaunchContext, branch: BranchTensors, partials: number): number[] {
  return branchWords({
    x: offsetOf(context, branch.x),
    gamma: offsetOf(context, branch.gamma),
    beta: offsetOf(context, branch.beta),
    mean: offsetOf(context, branch.mean),
    variance: offsetOf(context, branch.variance),
    epsilon: branch.epsilon,
    partials,
    dx: offsetOf(context, branch.dx),
    dgamma: offsetOf(context, branch.dgamma),
    dbeta: offsetOf(context, branch.dbeta),
  });
}

/** Byte offset; 0 for a tensor that is left out. */
function offsetOf(context: LaunchContext, tensor: ArrayView | undefined): number {
  return tensor === undefined ? 0 : context.heap.addressOf(tensor.dataId);
}
