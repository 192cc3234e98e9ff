/**
 * The weights of a model by name, out of one buffer or of many shards, float32 or quantized.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import { readStored, storedBytes } from "./stored_weight.ts";

/** The alignment of the widest element, in bytes. */
const ALIGNMENT = 4;

/** One weight as it is stored. */
export interface StoredWeight {
  readonly spec: io.WeightsManifestEntry;
  /** Where it starts in the whole of the weight data, in bytes. */
  readonly offset: number;
  readonly byteLength: number;
}

/** The weights of one model. */
export class WeightStore {
  /** In the order in which they are stored. The optimizer's slots are left out. */
  readonly stored: ReadonlyMap<string, StoredWeight>;
  private readonly shards: readonly ArrayBuffer[];

  /** @throws {InputError} when there are no weights, or fewer bytes than the specifications promise. */
  constructor(artifacts: io.ModelArtifacts) {
    const { weightData, weightSpecs } = artifacts;
    if (weightData === undefined || weightSpecs === undefined) {
      throw new InputError("Cannot fuse: the artifacts have no weights.");
    }
    this.shards = Array.isArray(weightData) ? weightData : [weightData];
    const stored = new Map<string, StoredWeight>();
    let offset = 0;
    for (const spec of weightSpecs) {
      const byteLength = storedBytes(spec);
      if (spec.group !== "optimizer") stored.set(spec.name, { spec, offset, byteLength });
      offset += byteLength;
    }
    const available = this.shards.reduce((sum, shard) => sum + shard.byteLength, 0);
    if (available < offset) {
      throw new InputError(
        `Cannot fuse: the weights need ${offset} bytes and the artifacts hold ${available}.`,
      );
    }
    this.stored = stored;
  }

  /** Whether there is a weight of this name. */
  has(name: string): boolean {
    return this.stored.has(name);
  }

  /**
   * The shape of a weight.
   *
   * @throws {InputError} when there is no such weight.
   */
  shape(name: string): readonly number[] {
    return this.find(name).spec.shape;
  }

  /**
   * The values of a weight, not to be written into: float32 weights are read where they lie.
   *
   * @throws {InputError} when there is no such weight or it is not float32.
   */
  read(name: string): Float32Array {
    return readStored(this.find(name).spec, this.bytes(name));
  }

  /** @throws {InputError} when a float32 weight holds NaN or an infinity. */
  requireFinite(): void {
    for (const [name, { spec }] of this.stored) {
      if (spec.dtype !== "float32") continue;
      const values = this.read(name);
      for (let i = 0; i < values.length; i++) {
        if (Number.isFinite(values[i])) continue;
        throw new InputError(
          `Cannot fuse: weight "${name}" holds ${values[i]} at position ${i}, expected finite numbers.`,
          "The training run diverged; fuse an earlier checkpoint.",
        );
      }
    }
  }

  /** The bytes of a weight as they are stored, not to be written into. They are copied only where they do not lie in one piece. */
  bytes(name: string): Uint8Array<ArrayBuffer> {
    const { offset, byteLength } = this.find(name);
    if (this.shards.length === 1 && offset % ALIGNMENT === 0) {
      return new Uint8Array(this.shards[0]!, offset, byteLength);
    }
    const result = new Uint8Array(byteLength);
    let shardStart = 0;
    for (const shard of this.shards) {
      const from = Math.max(offset, shardStart);
      const to = Math.min(offset + byteLength, shardStart + shard.byteLength);
      if (from < to) result.set(new Uint8Array(shard, from - shardStart, to - from), from - offset);
      shardStart += shard.byteLength;
    }
    return result;
  }

  private find(name: string): StoredWeight {
    const found = this.stored.get(name);
    if (found === undefined) {
      throw new InputError(`Cannot fuse: the artifacts have no weight "${name}", which the topology needs.`);
    }
    return found;
  }
}
