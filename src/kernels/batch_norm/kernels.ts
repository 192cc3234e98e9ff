/**
 * BatchNorm on the wasm backend: for training, forward and backward, and for inference.
 *
 * @module
 */
import type { KernelArguments } from "../composed/compose.ts";
import { allocateTensor, byteOffset, type TensorInfo } from "../heap.ts";
import { type KernelContext, override } from "../override.ts";
import { type BatchNormAttributes, TRAINING, TRAINING_GRADIENT } from "./composed.ts";
import { batchNormFields, type BatchNormOffsets, chunkCount, partialsShape } from "./fields.ts";

interface FusedBatchNormAttributes {
  readonly varianceEpsilon: number;
}

/** The BatchNorm kernels. */
export const BATCH_NORMS = [
  override<BatchNormAttributes>(TRAINING.kernelName, training),
  override<BatchNormAttributes>(TRAINING_GRADIENT.kernelName, trainingGradient),
  override<FusedBatchNormAttributes>("FusedBatchNorm", inference),
];

type GradientInputs = Record<"dy" | "x" | "gamma" | "mean" | "variance", TensorInfo>;

/** Partial sums of a chunk in the forward pass: its first row, Σ and Σ². */
const FORWARD_SUMS = 3;
/** Partial sums of a chunk in the backward pass: Σ dy and Σ dy·(x − μ). */
const BACKWARD_SUMS = 2;

function training(
  context: KernelContext,
  { inputs, attrs }: KernelArguments<BatchNormAttributes>,
): TensorInfo[] | undefined {
  const { x, gamma, beta } = inputs as { x: TensorInfo; gamma: TensorInfo; beta: TensorInfo };
  if (!servesAll(x, [gamma, beta])) return undefined;
  const { backend } = context;
  const y = allocateTensor(backend, x.shape);
  const mean = allocateTensor(backend, gamma.shape);
  const variance = allocateTensor(backend, gamma.shape);
  const partials = allocateTensor(backend, partialsShape(x.shape, FORWARD_SUMS));
  const offsets = { x, y, gamma, beta, mean, variance, partials };
  const fields = fieldsOf(context, x, attrs.epsilon, offsets);
  const chunks = chunkCount(x.shape);
  context.dispatcher.run({ kernel: "batchNormSums", units: chunks, fields });
  context.dispatcher.run({ kernel: "batchNormMoments", units: gamma.shape[0]!, fields });
  context.dispatcher.run({ kernel: "batchNormApply", units: chunks, fields });
  backend.disposeData(partials.dataId);
  return [y, mean, variance];
}

function trainingGradient(
  context: KernelContext,
  { inputs, attrs }: KernelArguments<BatchNormAttributes>,
): TensorInfo[] | undefined {
  const { dy, x, gamma, mean, variance } = inputs as GradientInputs;
  if (!servesAll(x, [gamma, mean, variance]) || dy.dtype !== "float32") return undefined;
  const { backend } = context;
  const dx = allocateTensor(backend, x.shape);
  const dgamma = allocateTensor(backend, gamma.shape);
  const dbeta = allocateTensor(backend, gamma.shape);
  const partials = allocateTensor(backend, partialsShape(x.shape, BACKWARD_SUMS));
  const offsets = { x, gamma, mean, variance, partials, dy, dx, dgamma, dbeta };
  const fields = fieldsOf(context, x, attrs.epsilon, offsets);
  const chunks = chunkCount(x.shape);
  context.dispatcher.run({ kernel: "batchNormGradSums", units: chunks, fields });
  context.dispatcher.run({ kernel: "batchNormParameterGrads", units: gamma.shape[0]!, fields });
  context.dispatcher.run({ kernel: "batchNormGradApply", units: chunks, fields });
  backend.disposeData(partials.dataId);
  return [dx, dgamma, dbeta];
}

function inference(
  context: KernelContext,
  { inputs, attrs }: KernelArguments<FusedBatchNormAttributes>,
): TensorInfo | undefined {
  const { x, mean, variance } = inputs as { x: TensorInfo; mean: TensorInfo; variance: TensorInfo };
  const { scale, offset } = inputs as { scale?: TensorInfo | null; offset?: TensorInfo | null };
  const parameters = [mean, variance, scale, offset].filter((parameter) => parameter != null);
  if (!servesAll(x, parameters)) return undefined;
  const y = allocateTensor(context.backend, x.shape);
  const offsets = {
    x,
    y,
    mean,
    variance,
    ...(scale == null ? {} : { gamma: scale }),
    ...(offset == null ? {} : { beta: offset }),
  };
  const fields = fieldsOf(context, x, attrs.varianceEpsilon, offsets);
  context.dispatcher.run({ kernel: "batchNormApply", units: chunkCount(x.shape), fields });
  return y;
}

/** Whether x is not empty, and all parameters are vectors over its last axis. */
function servesAll(x: TensorInfo, parameters: readonly TensorInfo[]): boolean {
  const channels = x.shape.at(-1);
  return x.dtype === "float32" && x.shape.length > 0 && !x.shape.includes(0) &&
    parameters.every(({ shape, dtype }) =>
      dtype === "float32" && shape.length === 1 && shape[0] === channels
    );
}

function fieldsOf(
  context: KernelContext,
  x: TensorInfo,
  epsilon: number,
  tensors: Readonly<Record<string, TensorInfo>>,
): number[] {
  const offsets: BatchNormOffsets = Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, byteOffset(context.backend, tensor)]),
  );
  return batchNormFields(x.shape, epsilon, offsets);
}
