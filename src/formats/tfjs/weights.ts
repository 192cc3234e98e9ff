/**
 * The weights of a model by name, out of one buffer or of many shards, float32 or quantized.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { InputError } from "../../errors.ts";
import type { Storage, Weight, Weights } from "../../graph/weights.ts";
import { readStored, storedBytes } from "./stored_weight.ts";

/** The alignment of the widest element, in bytes. */
const ALIGNMENT = 4;

/** One weight as the manifest has it. */
export class StoredWeight implements Weight {
  readonly shape: readonly number[];
  readonly storage: Storage;

  /**
   * @param spec Of the manifest.
   * @param shards All weight data.
   * @param offset Where it starts in the whole of them, in bytes.
   * @param byteLength How far it goes.
   */
  constructor(
    readonly spec: io.WeightsManifestEntry,
    private readonly shards: readonly ArrayBuffer[],
    private readonly offset: number,
    readonly byteLength: number,
  ) {
    this.shape = spec.shape;
    this.storage = (spec.quantization?.dtype ?? spec.dtype) as Storage;
  }

  /** As float32, not to be written into; float32 weights are read where they lie. */
  read(): Float32Array {
    return readStored(this.spec, this.bytes());
  }

  /** The bytes as they are stored, not to be written into. They are copied only where they do not lie in one piece. */
  bytes(): Uint8Array<ArrayBuffer> {
    const { shards, offset, byteLength } = this;
    if (shards.length === 1 && offset % ALIGNMENT === 0) {
      return new Uint8Array(shards[0]!, offset, byteLength);
    }
    const result = new Uint8Array(byteLength);
    let shardStart = 0;
    for (const shard of shards) {
      const from = Math.max(offset, shardStart);
      const to = Math.min(offset + byteLength, shardStart + shard.byteLength);
      if (from < to) result.set(new Uint8Array(shard, from - shardStart, to - from), from - offset);
      shardStart += shard.byteLength;
    }
    return result;
  }
}

/**
 * The weights of artifacts, in the order in which they are stored. The optimizer's slots are left out.
 *
 * @throws {InputError} when there are none, or fewer bytes than the specifications promise.
 */
export function readWeights(artifacts: io.ModelArtifacts): ReadonlyMap<string, StoredWeight> {
  const { weightData, weightSpecs } = artifacts;
  if (weightData === undefined || weightSpecs === undefined) {
    throw new InputError("Cannot read the model: the artifacts have no weights.");
  }
  const shards = Array.isArray(weightData) ? weightData : [weightData];
  const weights = new Map<string, StoredWeight>();
  let offset = 0;
  for (const spec of weightSpecs) {
    const byteLength = storedBytes(spec);
    if (spec.group !== "optimizer") {
      weights.set(spec.name, new StoredWeight(spec, shards, offset, byteLength));
    }
    offset += byteLength;
  }
  const available = shards.reduce((sum, shard) => sum + shard.byteLength, 0);
  if (available < offset) {
    throw new InputError(
      `Cannot read the model: the weights need ${offset} bytes and the artifacts hold ${available}.`,
    );
  }
  return weights;
}

/**
 * The weight of a name.
 *
 * @throws {InputError} when there is none.
 */
export function weightNamed<W extends Weight>(weights: ReadonlyMap<string, W>, name: string): W {
  const found = weights.get(name);
  if (found !== undefined) return found;
  throw new InputError(
    `Cannot read the model: the artifacts have no weight "${name}", which the topology needs.`,
  );
}

/** The weights of one layer: those whose names begin with its own. */
export function weightsOfLayer(weights: Weights, layer: string): string[] {
  return [...weights.keys()].filter((name) => name.slice(0, name.lastIndexOf("/")) === layer);
}
