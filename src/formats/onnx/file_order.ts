/**
 * Tensors on their way into an ONNX network and out of it: a file may have the axes in another order than the graph.
 *
 * @module
 */
import { inversePermutation, permute, permuteShape } from "../permute.ts";

/** Numbers with their shape, row by row. */
export interface Turned {
  readonly numbers: Float32Array<ArrayBuffer>;
  readonly shape: readonly number[];
}

/** A tensor, in whichever order. */
export interface Turnable {
  readonly numbers: ArrayLike<number>;
  readonly shape: readonly number[];
}

/**
 * A tensor of the graph as the file has it.
 *
 * @param axes Axis k in the file is axis `[k]` of the graph; the same order when not given.
 */
export function intoFile(tensor: Turnable, axes?: readonly number[]): Turned {
  return turned(tensor, axes ?? identity(tensor));
}

/** A tensor of the file as the graph has it, with the same `axes`. */
export function outOfFile(tensor: Turnable, axes?: readonly number[]): Turned {
  return turned(tensor, axes === undefined ? identity(tensor) : inversePermutation(axes));
}

function turned({ numbers, shape }: Turnable, axes: readonly number[]): Turned {
  return { numbers: permute(numbers, shape, axes), shape: permuteShape(shape, axes) };
}

function identity({ shape }: Turnable): number[] {
  return shape.map((_, axis) => axis);
}
