/**
 * How BatchNorm's rows are cut into chunks, and one run of the kernels of `assembly/batch_norm.as`.
 *
 * @module
 */
import { floatField, NS_PER_BYTE } from "../dispatch.ts";
import { allocateTensor, byteOffset, heapMemory, type TensorInfo } from "../heap.ts";
import type { KernelContext } from "../override.ts";

/** Tensors and ε of one normalized tensor; no kernel needs all. */
export interface BranchTensors {
  /** [..., channels]. */
  readonly x: TensorInfo;
  /** ε. */
  readonly epsilon: number;
  /** γ [channels]; left out for ones. */
  readonly gamma?: TensorInfo | undefined;
  /** β [channels]; left out for zeros. */
  readonly beta?: TensorInfo | undefined;
  /** μ [channels]. */
  readonly mean: TensorInfo;
  /** σ² [channels]. */
  readonly variance: TensorInfo;
  /** Gradient of x, like x. */
  readonly dx?: TensorInfo;
  /** Gradient of γ, [channels]. */
  readonly dgamma?: TensorInfo;
  /** Gradient of β, [channels]. */
  readonly dbeta?: TensorInfo;
}

/** The branches with what they have in common. */
export interface BatchNormTensors {
  /** At least one, all of one shape. */
  readonly branches: readonly BranchTensors[];
  /** Whether ReLU follows the sum. */
  readonly relu: boolean;
  /** Written forward; read backward, with ReLU. */
  readonly y?: TensorInfo;
  /** Read backward. */
  readonly dy?: TensorInfo;
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
export function runForward(context: KernelContext, tensors: BatchNormTensors): void {
  run(context, tensors, "forward", ["batchNormSums", "batchNormMoments", "batchNormApply"]);
}

/** Normalization by given statistics. Writes y. */
export function runInference(context: KernelContext, tensors: BatchNormTensors): void {
  run(context, tensors, "forward", ["batchNormApply"]);
}

/** The gradients. Writes dx, dgamma and dbeta of every branch. */
export function runBackward(context: KernelContext, tensors: BatchNormTensors): void {
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
  context: KernelContext,
  tensors: BatchNormTensors,
  direction: keyof typeof PARTIAL_SUMS,
  stages: readonly Stage[],
): void {
  const { backend, dispatcher } = context;
  const { branches, relu } = tensors;
  const { rows, channels, chunkRows, chunks, paddedChannels } = chunking(branches[0]!.x.shape);
  const sums = PARTIAL_SUMS[direction] * paddedChannels * chunks;
  const partials = allocateTensor(backend, [stages.length > 1 ? branches.length * sums : 0]);
  const table = allocateTensor(backend, [branches.length * BRANCH_WORDS]);
  const words = branches.flatMap((branch, index) =>
    branchWords(context, branch, byteOffset(backend, partials) + index * sums * FLOAT_BYTES)
  );
  new Int32Array(heapMemory(backend).buffer, byteOffset(backend, table), words.length).set(words);
  const fields = [
    byteOffset(backend, table),
    branches.length,
    offsetOf(context, tensors.y),
    offsetOf(context, tensors.dy),
    Number(relu),
    rows,
    channels,
    chunkRows,
    paddedChannels,
  ];
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
    dispatcher.run({ kernel, units: units[kernel], fields, scratchBytes, costNs: costNs[kernel] });
  }
  backend.disposeData(table.dataId);
  backend.disposeData(partials.dataId);
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

/** Fields of the `Branch` class of `assembly/lib/batch_norm_branch.as`. */
const BRANCH_WORDS = 10;

function branchWords(context: KernelContext, branch: BranchTensors, partials: number): number[] {
  return [
    offsetOf(context, branch.x),
    offsetOf(context, branch.gamma),
    offsetOf(context, branch.beta),
    offsetOf(context, branch.mean),
    offsetOf(context, branch.variance),
    floatField(branch.epsilon),
    partials,
    offsetOf(context, branch.dx),
    offsetOf(context, branch.dgamma),
    offsetOf(context, branch.dbeta),
  ];
}

/** Byte offset; 0 for a tensor that is left out. */
function offsetOf(context: KernelContext, tensor: TensorInfo | undefined): number {
  return tensor === undefined ? 0 : byteOffset(context.backend, tensor);
}
