/**
 * How BatchNorm's rows are cut into chunks, and the descriptor of its kernels.
 *
 * @module
 */
import { floatField } from "../dispatch.ts";

/** Tensors that a kernel of `assembly/batch_norm.as` works on; no kernel needs all. */
type TensorName =
  | "x"
  | "y"
  | "gamma"
  | "beta"
  | "mean"
  | "variance"
  | "partials"
  | "dy"
  | "dx"
  | "dgamma"
  | "dbeta";

/** Their byte offsets. */
export type BatchNormOffsets = Readonly<Partial<Record<TensorName, number>>>;

/** Floats of one chunk: 16 KiB, so that the blocks of channels that walk over it find it in the first-level cache. */
const CHUNK_FLOATS = 4096;
/** Fewest rows of a chunk, so that the partial sums of many channels stay few beside the data. */
const MINIMUM_CHUNK_ROWS = 16;
/** Most rows of a chunk, since its sums are taken in float32. */
const MAXIMUM_CHUNK_ROWS = 512;
const VECTOR_FLOATS = 4;

/** Rows, channels and rows of a chunk. They depend on the shape alone, and so does every sum. */
function chunking(shape: readonly number[]): { rows: number; channels: number; chunkRows: number } {
  const channels = shape.at(-1)!;
  const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const chunkRows = Math.min(
    MAXIMUM_CHUNK_ROWS,
    Math.max(MINIMUM_CHUNK_ROWS, Math.floor(CHUNK_FLOATS / channels)),
  );
  return { rows, channels, chunkRows };
}

/** How many chunks there are for a tensor [..., channels]. */
export function chunkCount(shape: readonly number[]): number {
  const { rows, chunkRows } = chunking(shape);
  return Math.ceil(rows / chunkRows);
}

/** Shape of the partial sums: [chunks, sums, padded channels]. */
export function partialsShape(shape: readonly number[], sums: number): number[] {
  return [chunkCount(shape), sums, paddedChannels(shape.at(-1)!)];
}

/**
 * The fields of the `BatchNorm` class of `assembly/batch_norm.as`.
 *
 * @param shape Shape of x, [..., channels].
 */
export function batchNormFields(
  shape: readonly number[],
  epsilon: number,
  offsets: BatchNormOffsets,
): number[] {
  const { rows, channels, chunkRows } = chunking(shape);
  return [
    offsets.x ?? 0,
    offsets.y ?? 0,
    offsets.gamma ?? 0,
    offsets.beta ?? 0,
    offsets.mean ?? 0,
    offsets.variance ?? 0,
    floatField(epsilon),
    rows,
    channels,
    chunkRows,
    offsets.partials ?? 0,
    paddedChannels(channels),
    offsets.dy ?? 0,
    offsets.dx ?? 0,
    offsets.dgamma ?? 0,
    offsets.dbeta ?? 0,
  ];
}

function paddedChannels(channels: number): number {
  return Math.ceil(channels / VECTOR_FLOATS) * VECTOR_FLOATS;
}
