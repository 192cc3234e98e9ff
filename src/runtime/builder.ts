/**
 * A program while it is compiled: its steps, the values that they give, and the weights that they read.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import type { Call, Tensor } from "../fuse/graph.ts";
import type { WeightStore } from "../fuse/weights.ts";
import { sizeOf, type Step, type WeightRef } from "./program.ts";

/** What to do with a network that programs cannot say. */
export const HINT = "Export it as tfjs or onnx, which take any model.";

/** Collects steps and weights. */
export class ProgramBuilder {
  readonly steps: Step[] = [];
  private readonly values = new Map<string, number>();
  private readonly parts: Float32Array[] = [];
  private readonly known = new Map<string, WeightRef>();
  private count = 0;

  /** @param store Where the weights come from. */
  constructor(private readonly store: WeightStore) {}

  /** How many numbers the weights are so far. */
  get weightCount(): number {
    return this.count;
  }

  /** Adds a step; returns the value that it gives. */
  push(step: Step): number {
    return this.steps.push(step);
  }

  /** Says which value a tensor of the model is. */
  assign(tensor: Tensor, value: number): void {
    this.values.set(keyOf(tensor), value);
  }

  /**
   * The value that a tensor of the model is.
   *
   * @throws {InputError} when it is not a layer's first output.
   */
  valueOf(tensor: Tensor): number {
    const value = this.values.get(keyOf(tensor));
    if (value === undefined) throw refusal(tensor.call, "has more than one output");
    return value;
  }

  /** A weight by its name; it is stored once, however many steps read it. */
  weight(name: string): WeightRef {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const ref = { offset: this.count, shape: [...this.store.shape(name)] };
    this.parts.push(this.store.read(name));
    this.count += sizeOf(ref.shape);
    this.known.set(name, ref);
    return ref;
  }

  /** All weights, one after the other. */
  weights(): Float32Array<ArrayBuffer> {
    const all = new Float32Array(this.count);
    let offset = 0;
    for (const part of this.parts) {
      all.set(part, offset);
      offset += part.length;
    }
    return all;
  }
}

/**
 * The shape of a tensor without the batch.
 *
 * @throws {InputError} when a length is not fixed.
 */
export function fixedShape(tensor: Tensor): number[] {
  const shape = tensor.shape?.slice(1);
  if (shape === undefined || shape.some((length) => length === null)) {
    throw refusal(tensor.call, "gives a shape that is not fixed");
  }
  return shape as number[];
}

/** That a layer cannot be a step, and why. */
export function refusal(call: Call, what: string): InputError {
  return new InputError(`Cannot export the network: layer "${call.layer.name}" ${what}.`, HINT);
}

function keyOf({ call, index }: Tensor): string {
  return `${call.layer.name} ${call.node} ${index}`;
}
