/**
 * BatchNorm on the wasm backend: for training, of one tensor or of several that are added, and for inference.
 *
 * @module
 */
import type { KernelArguments } from "../fallback/compose.ts";
import { allocateTensor, type TensorInfo } from "../backend_heap.ts";
import { type KernelContext, override } from "../override.ts";
import {
  type BatchNormAttributes,
  type OverwritingAttributes,
  TRAINING,
  TRAINING_GRADIENT,
} from "./fallback.ts";
import {
  NORMALIZED_SUM,
  NORMALIZED_SUM_GRADIENT,
  type NormalizedSumAttributes,
  splitEvenly,
} from "./fallback_sum.ts";
import { type BranchTensors, runBackward, runForward, runInference } from "../../batch_norm/work.ts";

interface FusedBatchNormAttributes {
  readonly varianceEpsilon: number;
}

/** The BatchNorm kernels. */
export const BATCH_NORMS = [
  override<BatchNormAttributes>(TRAINING.kernelName, (context, { inputs, attrs }) => {
    const { x, gamma, beta } = inputs as Record<"x" | "gamma" | "beta", TensorInfo>;
    return forward(context, [x], [gamma], [beta], [attrs.epsilon], false);
  }),
  override<BatchNormAttributes & OverwritingAttributes>(
    TRAINING_GRADIENT.kernelName,
    (context, { inputs, attrs }) => {
      const { dy, x, gamma, mean, variance } = inputs as Record<
        "dy" | "x" | "gamma" | "mean" | "variance",
        TensorInfo
      >;
      return backward(context, dy, [x], [gamma], [mean], [variance], [attrs.epsilon], attrs.overwrites);
    },
  ),
  override<NormalizedSumAttributes>(NORMALIZED_SUM.kernelName, (context, { inputs, attrs }) => {
    const [xs, gammas, betas] = splitEvenly(inputs as unknown as readonly TensorInfo[], 3);
    return forward(context, xs!, gammas!, betas!, attrs.epsilons, true);
  }),
  override<NormalizedSumAttributes & OverwritingAttributes>(
    NORMALIZED_SUM_GRADIENT.kernelName,
    (context, { inputs, attrs }) => {
      const [dy, y, ...rest] = inputs as unknown as readonly TensorInfo[];
      const [xs, gammas, means, variances] = splitEvenly(rest, 4);
      return backward(context, dy!, xs!, gammas!, means!, variances!, attrs.epsilons, attrs.overwrites, y);
    },
  ),
  override<FusedBatchNormAttributes>("FusedBatchNorm", inference),
];

/** y, then the means, then the variances. */
function forward(
  context: KernelContext,
  xs: readonly TensorInfo[],
  gammas: readonly TensorInfo[],
  betas: readonly TensorInfo[],
  epsilons: readonly number[],
  relu: boolean,
): TensorInfo[] | undefined {
  const [first] = xs;
  if (!serves(xs, [...gammas, ...betas])) return undefined;
  const like = (tensors: readonly TensorInfo[]) =>
    tensors.map(({ shape }) => allocateTensor(context.backend, shape));
  const y = allocateTensor(context.backend, first!.shape);
  const [means, variances] = [like(gammas), like(gammas)];
  const branches = xs.map((x, b): BranchTensors => ({
    x,
    epsilon: epsilons[b]!,
    gamma: gammas[b],
    beta: betas[b],
    mean: means[b]!,
    variance: variances[b]!,
  }));
  runForward(context, { branches, relu, y });
  return [y, ...means, ...variances];
}

/**
 * Gradients of the x, then of the γ, then of the β.
 *
 * @param overwrites Whether dx may take the place of an x that nobody else holds: its lines are in the cache, and the
 *   memory that a step walks through is smaller.
 * @param y The output, where ReLU was applied to it.
 */
function backward(
  context: KernelContext,
  dy: TensorInfo,
  xs: readonly TensorInfo[],
  gammas: readonly TensorInfo[],
  means: readonly TensorInfo[],
  variances: readonly TensorInfo[],
  epsilons: readonly number[],
  overwrites = false,
  y?: TensorInfo,
): TensorInfo[] | undefined {
  if (!serves([dy, ...xs], [...gammas, ...means, ...variances])) return undefined;
  const like = (tensors: readonly TensorInfo[]) =>
    tensors.map(({ shape }) => allocateTensor(context.backend, shape));
  const dxs = xs.map((x) => overwrites ? takeOver(context, x) : allocateTensor(context.backend, x.shape));
  const [dgammas, dbetas] = [like(gammas), like(gammas)];
  const branches = xs.map((x, b): BranchTensors => ({
    x,
    epsilon: epsilons[b]!,
    gamma: gammas[b],
    mean: means[b]!,
    variance: variances[b]!,
    dx: dxs[b]!,
    dgamma: dgammas[b]!,
    dbeta: dbetas[b]!,
  }));
  runBackward(context, { branches, relu: y !== undefined, dy, ...(y === undefined ? {} : { y }) });
  return [...dxs, ...dgammas, ...dbetas];
}

/** A tensor in the place of one that nobody else holds, or a fresh one. */
function takeOver({ backend }: KernelContext, x: TensorInfo): TensorInfo {
  if (backend.dataIdMap.get(x.dataId)?.refCount !== 1) return allocateTensor(backend, x.shape);
  backend.incRef(x.dataId);
  return { dataId: x.dataId, shape: [...x.shape], dtype: x.dtype };
}

function inference(
  context: KernelContext,
  { inputs, attrs }: KernelArguments<FusedBatchNormAttributes>,
): TensorInfo | undefined {
  const { x, mean, variance } = inputs as Record<"x" | "mean" | "variance", TensorInfo>;
  const gamma = inputs["scale"] ?? undefined;
  const beta = inputs["offset"] ?? undefined;
  const parameters = [mean, variance, gamma, beta].filter((parameter) => parameter !== undefined);
  if (!serves([x], parameters)) return undefined;
  const y = allocateTensor(context.backend, x.shape);
  const branch = { x, epsilon: attrs.varianceEpsilon, gamma, beta, mean, variance };
  runInference(context, { branches: [branch], relu: false, y });
  return y;
}

/** Whether the tensors have one shape, and are not empty, and all parameters are vectors over its last axis. */
function serves(tensors: readonly TensorInfo[], parameters: readonly TensorInfo[]): boolean {
  const { shape } = tensors[0]!;
  const isFloat = ({ dtype }: TensorInfo) => dtype === "float32";
  const isLike = (other: readonly number[]) =>
    other.length === shape.length && other.every((size, axis) => size === shape[axis]);
  return shape.length > 0 && !shape.includes(0) && tensors.every(isFloat) && parameters.every(isFloat) &&
    tensors.every((tensor) => isLike(tensor.shape)) &&
    parameters.every((parameter) => parameter.shape.length === 1 && parameter.shape[0] === shape.at(-1));
}
