/**
 * What every kind of block is told about its place in the network, and the parts that several kinds share.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { apply } from "../apply.ts";
import type { Convolution } from "../convolution.ts";
import type { Seed } from "../initializers.ts";
import type { ActivationName } from "../layers/grouped_conv2d.ts";
import type { PaddingMode } from "../padding.ts";

/** Where a block stands. */
export interface BlockPlace {
  /** Prefix of its layers: "stage2/block1". */
  readonly name: string;
  /** Output channels. */
  readonly filters: number;
  /** Of the first convolution of every branch. */
  readonly stride: number;
  /** How images are padded in front of a convolution. */
  readonly padding: PaddingMode;
  /** Convolution groups. */
  readonly groups: number;
  /** The non-linearity at the end; "linear" for none. */
  readonly activation: ActivationName;
  /** The network's seed. */
  readonly seed: Seed;
}

/** A convolution of the block, all but its kernel size taken from the block's place. */
export function placedConvolution(
  place: BlockPlace,
  name: string,
  height: number,
  width = height,
): Convolution {
  return { ...place, name: `${place.name}/${name}`, kernel: [height, width] };
}

/** Whether input and output of a block have one shape, as an identity branch needs. */
export function keepsShape(x: tf.SymbolicTensor, { stride, filters }: BlockPlace): boolean {
  return stride === 1 && x.shape.at(-1) === filters;
}

/** The sum of the branches, in a layer `add`; a single branch is itself. */
export function addBranches(branches: tf.SymbolicTensor[], { name }: BlockPlace): tf.SymbolicTensor {
  const [only] = branches;
  if (branches.length === 1) return only!;
  return apply(tf.layers.add({ name: `${name}/add` }), branches);
}

/** The block's activation, in a layer of the activation's name. */
export function activate(x: tf.SymbolicTensor, { name, activation }: BlockPlace): tf.SymbolicTensor {
  if (activation === "linear") return x;
  if (activation === "relu") return apply(tf.layers.reLU({ name: `${name}/relu` }), x);
  return apply(tf.layers.activation({ name: `${name}/${activation}`, activation }), x);
}

/** One name per kernel size: `conv7x7`, `conv3x3`; a size that occurs several times is numbered: `conv3x3_1`. */
export function branchNames(kernelSizes: readonly number[]): string[] {
  return kernelSizes.map((size, i) => {
    const twins = kernelSizes.filter((other) => other === size).length;
    const place = kernelSizes.slice(0, i + 1).filter((other) => other === size).length;
    return `conv${size}x${size}${twins > 1 ? `_${place}` : ""}`;
  });
}
