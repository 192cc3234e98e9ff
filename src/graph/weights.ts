/**
 * The weights of a network by name. A graph refers to them by name and shape; what they hold is read when it is asked for,
 * so that a pass can weigh plans without touching a number.
 *
 * @module
 */

import { decodeHalves, encodeHalves } from "./half_float.ts";

/** How numbers are stored in a file. */
export type Storage = "float32" | "float16" | "uint16" | "uint8" | "int32" | "bool" | "complex64";

/** One weight. */
export interface Weight {
  readonly shape: readonly number[];
  readonly storage: Storage;
  /** What it takes in the file. */
  readonly byteLength: number;
  /**
   * Its values as float32, not to be written into.
   *
   * @param memory As many numbers or more, for values that would take memory of their own. Then they stand there, until
   *   it is used again.
   * @throws {InputError} when they are no float32 numbers.
   */
  read(memory?: Float32Array<ArrayBuffer>): Float32Array;
  /** The original whole, for the writer of its own format alone. */
  readonly original?: unknown;
}

/** Weights by name, in the order of the file. */
export type Weights = ReadonlyMap<string, Weight>;

/** A weight that was computed for a network in float16: rounded to that. */
export function halfWeight(shape: readonly number[], values: Float32Array): Weight {
  const halves = encodeHalves(values);
  return { shape, storage: "float16", byteLength: halves.byteLength, read: () => decodeHalves(halves) };
}

/** A weight that was computed. */
export function computedWeight(shape: readonly number[], values: Float32Array): Weight {
  return { shape, storage: "float32", byteLength: values.byteLength, read: () => values };
}
