/**
 * What every kind of block is told about its place in the network, and the parts that several kinds share.
 *
 * @module
 */
import type { BlockActivation } from "../activations.ts";
import { type Convolution, convolutionBn, type LayerBuilder, type LayerValue } from "../layer_builder.ts";
import type { PaddingMode } from "../padding.ts";
import { squeezeExcite } from "../squeeze_excite.ts";

/** Where a block stands. */
export interface BlockPlace {
  /** Prefix of its layers: "stage2/block1". */
  readonly name: string;
  /** Output channels. */
  readonly filters: number;
  /** Of the first convolution of every branch. */
  readonly stride: number;
  /** Pixels from one tap of its kernels to the next; 1 by default. */
  readonly dilation?: number;
  /** Whether it has an identity branch where its shape allows one; it has by default. */
  readonly hasIdentity?: boolean;
  /** How images are padded in front of a convolution. */
  readonly padding: PaddingMode;
  /** Convolution groups. */
  readonly groups: number;
  /** The non-linearity at the end; "linear" for none. */
  readonly activation: BlockActivation;
  /** Whether squeeze-and-excitation stands in front of it; it does not by default. */
  readonly squeezeExcite?: boolean;
  /** Whether its deploy form is trained as it is, with a BatchNorm in place of the bias; it is not by default. */
  readonly isPlainTwin?: boolean;
}

/** A convolution of the block, all but its kernel size taken from the block's place. A single tap is not dilated. */
export function placedConvolution(
  { dilation = 1, ...place }: BlockPlace,
  name: string,
  height: number,
  width = height,
): Convolution {
  const taps = { ...place, name: `${place.name}/${name}`, kernel: [height, width] } as const;
  return dilation > 1 && height * width > 1 ? { ...taps, dilation } : taps;
}

/** Whether input and output of a block have one shape, as an identity branch needs, and its place has one. */
export function keepsShape(
  x: LayerValue,
  { stride, filters, hasIdentity = true }: BlockPlace,
): boolean {
  return hasIdentity && stride === 1 && x.shape.at(-1) === filters;
}

/** The sum of the branches, in a layer `add`; a single branch is itself. */
export function addBranches<X extends LayerValue>(
  net: LayerBuilder<X>,
  branches: readonly X[],
  { name }: BlockPlace,
): X {
  const [only] = branches;
  return branches.length === 1 ? only! : net.add(branches, `${name}/add`);
}

/** The end of a block: squeeze-and-excitation where the place has it, then the activation, in a layer of its name. */
export function activate<X extends LayerValue>(net: LayerBuilder<X>, x: X, place: BlockPlace): X {
  const { name, activation } = place;
  const gated = place.squeezeExcite === true ? squeezeExcite(net, x, place) : x;
  return activation === "linear" ? gated : net.activation(gated, `${name}/${activation}`, activation);
}

/**
 * The one convolution, with bias and activation, that most blocks deploy as. Layer: `reparam` under the place's name; in the
 * plain twin `reparam_bn` and the activation's own follow.
 */
export function deployConvolution<X extends LayerValue>(
  net: LayerBuilder<X>,
  x: X,
  place: BlockPlace,
  kernelSize: number,
): X {
  const plain = placedConvolution(place, "reparam", kernelSize);
  if (place.isPlainTwin === true) return activate(net, convolutionBn(net, x, plain), place);
  const reparam = { ...plain, useBias: true };
  if (place.squeezeExcite !== true) {
    return net.convolution(x, { ...reparam, carriedActivation: place.activation });
  }
  return activate(net, net.convolution(x, reparam), place);
}

/** One name per kernel size: `conv7x7`, `conv3x3`; a size that occurs several times is numbered: `conv3x3_1`. */
export function branchNames(kernelSizes: readonly number[]): string[] {
  return kernelSizes.map((size, i) => {
    const twins = kernelSizes.filter((other) => other === size).length;
    const place = kernelSizes.slice(0, i + 1).filter((other) => other === size).length;
    return `conv${size}x${size}${twins > 1 ? `_${place}` : ""}`;
  });
}
