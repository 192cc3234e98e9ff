/**
 * What every kind of block is told about its place in the network, and what ends it: an activation.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { apply } from "../apply.ts";
import type { PaddingMode } from "../padding.ts";

/** Where a block stands. */
export interface BlockPlace {
  /** Prefix of its layers: "stage2/block1". */
  readonly name: string;
  /** Output channels. */
  readonly filters: number;
  readonly stride: number;
  readonly padding: PaddingMode;
  /** The network's seed. */
  readonly seed: number;
}

/** Whether input and output of a block have one shape, as an identity branch needs. */
export function keepsShape(x: tf.SymbolicTensor, { stride, filters }: BlockPlace): boolean {
  return stride === 1 && x.shape.at(-1) === filters;
}

/** The sum of the branches; a single branch is itself. */
export function addBranches(branches: tf.SymbolicTensor[], { name }: BlockPlace): tf.SymbolicTensor {
  const [only] = branches;
  if (branches.length === 1) return only!;
  return apply(tf.layers.add({ name: `${name}/add` }), branches);
}
