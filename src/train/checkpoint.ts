/**
 * A session's state as one file: the tensors as safetensors, everything else as JSON in its metadata, and a hash over
 * both. One file is renamed into place at once, so a checkpoint is never half of one epoch and half of another.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { float32Tensor, writeSafetensors } from "../formats/safetensors/write.ts";
import { writeFileAtomically } from "../files/atomic_write.ts";
import { sha256 } from "../files/hash.ts";
import { exists, readBytes } from "../files/read.ts";
import { float32Values } from "../formats/safetensors/float_values.ts";
import { readSafetensors } from "../formats/safetensors/read.ts";
import type { SessionState, StoredTensor } from "./state.ts";

/** Changes when the content of a checkpoint changes its meaning. */
const CHECKPOINT_FORMAT = "repfuse-checkpoint/1";

/** The places of the checkpoints of one run. */
export interface CheckpointPaths {
  /** The newest state. */
  readonly last: string;
  /** The state before it, for the day that `last` turns out to be damaged. */
  readonly previous: string;
  /** The state after the epoch of the highest validation accuracy. */
  readonly best: string;
}

/**
 * The checkpoint files in a folder.
 *
 * @param folder `checkpoints/` of a run.
 */
export function checkpointPaths(folder: string): CheckpointPaths {
  return {
    last: `${folder}/last.safetensors`,
    previous: `${folder}/previous.safetensors`,
    best: `${folder}/best.safetensors`,
  };
}

/**
 * Writes the newest state as `last`; the one that was last becomes `previous`.
 *
 * @param folder `checkpoints/` of a run.
 * @param state What to keep.
 * @param architecture Fingerprint of the network and configuration that the state belongs to.
 * @param best Whether it is also the best so far.
 */
export async function saveCheckpoint(
  folder: string,
  state: SessionState,
  architecture: string,
  best: boolean,
): Promise<void> {
  const { last, previous, best: bestPath } = checkpointPaths(folder);
  const bytes = await encodeCheckpoint(state, architecture);
  if (best) await writeFileAtomically(bestPath, bytes);
  await writeFileAtomically(last, bytes, { keepAs: previous });
}

/**
 * The newest state that is whole: `last`, else the one before it.
 *
 * @param folder `checkpoints/` of a run.
 * @param expected What the session needs: its architecture and the names and shapes of its tensors.
 * @param warn Told when `last` is refused and the one before it serves.
 * @returns The state, or undefined when the run has no checkpoint yet.
 * @throws {InputError} when a checkpoint is of another architecture, or none is whole.
 */
export async function loadNewestCheckpoint(
  folder: string,
  expected: CheckpointExpectation,
  warn: (message: string) => void,
): Promise<SessionState | undefined> {
  const { last, previous } = checkpointPaths(folder);
  let refusal: InputError | undefined;
  for (const path of [last, previous]) {
    if (!(await exists(path))) continue;
    try {
      const state = await loadCheckpoint(path, expected);
      if (refusal !== undefined) warn(`${refusal.message} Going on from ${path} instead.`);
      return state;
    } catch (error) {
      if (!(error instanceof InputError) || error instanceof ForeignCheckpointError) throw error;
      refusal ??= error;
    }
  }
  if (refusal !== undefined) throw refusal;
  return undefined;
}

/** What a session expects of a checkpoint. */
export interface CheckpointExpectation {
  readonly architecture: string;
  /** Shapes by tensor name. */
  readonly tensors: ReadonlyMap<string, readonly number[]>;
}

/** The checkpoint is whole, but belongs to another network or configuration. */
class ForeignCheckpointError extends InputError {}

/**
 * Reads one checkpoint and checks that it is whole and fits.
 *
 * @param path The file.
 * @param expected What the session needs.
 * @throws {InputError} that names the file and what is wrong with it.
 */
export async function loadCheckpoint(path: string, expected: CheckpointExpectation): Promise<SessionState> {
  const { state, architecture } = await decodeCheckpoint(await readBytes(path, "a checkpoint"), path);
  const misfit = architecture !== expected.architecture ||
    state.tensors.size !== expected.tensors.size ||
    [...expected.tensors].some(([name, shape]) => state.tensors.get(name)?.shape.join() !== shape.join());
  if (misfit) {
    throw new ForeignCheckpointError(
      `The checkpoint ${path} belongs to another network, data set or training configuration.`,
      "Start a new run instead: repfuse train",
    );
  }
  return state;
}

/** The bytes of a checkpoint file. */
export async function encodeCheckpoint(state: SessionState, architecture: string): Promise<Uint8Array> {
  const { tensors, ...rest } = state;
  const text = JSON.stringify({ architecture, ...rest });
  return writeSafetensors({
    tensors: new Map([...tensors].map(([name, { shape, values }]) => [name, float32Tensor(values, shape)])),
    metadata: { format: CHECKPOINT_FORMAT, state: text, sha256: await hashOf(text, tensors) },
  });
}

async function decodeCheckpoint(
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
): Promise<{ state: SessionState; architecture: string }> {
  const { tensors, metadata } = readSafetensors(bytes, path);
  if (metadata.format !== CHECKPOINT_FORMAT || metadata.state === undefined) {
    throw new InputError(
      `${path} is not a checkpoint of RepFuse: its format is "${metadata.format ?? "unknown"}".`,
    );
  }
  const stored = new Map(
    [...tensors].map(([name, tensor]): [string, StoredTensor] => [
      name,
      { shape: tensor.shape, values: float32Values(tensor, name) },
    ]),
  );
  if (await hashOf(metadata.state, stored) !== metadata.sha256) {
    throw new InputError(`The checkpoint ${path} is damaged: its content does not match its hash.`);
  }
  const { architecture, ...rest } = JSON.parse(metadata.state);
  return { state: { ...rest, tensors: stored }, architecture };
}

function hashOf(text: string, tensors: ReadonlyMap<string, StoredTensor>): Promise<string> {
  const encoder = new TextEncoder();
  const byName = [...tensors].sort(([a], [b]) => a < b ? -1 : 1);
  return sha256(
    encoder.encode(text),
    ...byName.flatMap(([name, { shape, values }]) => [encoder.encode(`${name}\0${shape.join()}\0`), values]),
  );
}
