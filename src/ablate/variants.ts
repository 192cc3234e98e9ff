/**
 * The training forms that an ablation compares: one network, built of blocks with more and more branches. "RepVGG" (Ding et
 * al., CVPR 2021), table 6, has the first four; the others are the blocks of later papers in its place.
 *
 * @module
 */
import { type BlockKind, type NetworkConfig, parseNetworkConfig, withBlock } from "../model/config.ts";

/** One training form. */
export interface Variant {
  /** As it is typed: "identity". */
  readonly name: string;
  /** As it is shown: "+ identity". */
  readonly label: string;
  readonly block: BlockKind;
  /** What differs from the block's defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether its deploy form is that of the plain network; MobileOne's is depthwise and pointwise. */
  readonly deploysPlain: boolean;
}

/** All of them. The first is the baseline. */
export const VARIANTS: readonly Variant[] = [
  variant("plain", "plain 3x3", "repvgg", { branches: { conv1x1: false, identity: false } }),
  variant("1x1", "+ 1x1", "repvgg", { branches: { conv1x1: true, identity: false } }),
  variant("identity", "+ identity", "repvgg", { branches: { conv1x1: false, identity: true } }),
  variant("repvgg", "RepVGG: + 1x1 + identity", "repvgg", {}),
  variant("acnet", "ACNet", "acnet", {}),
  variant("dbb", "Diverse Branch Block", "dbb", {}),
  variant("fastvit", "FastViT, two 3x3", "fastvit", { kernelSizes: [3, 3] }),
  { ...variant("mobileone", "MobileOne", "mobileone", {}), deploysPlain: false },
];

/** The names, in order. */
export const VARIANT_NAMES: readonly string[] = VARIANTS.map(({ name }) => name);

/**
 * The base network in a training form: its sizes, depths, widths, padding and activation, and the form's block. Other
 * options of the base's own block are left out, so that all forms differ in their branches alone.
 */
export function variantNetwork({ block, options }: Variant, base: NetworkConfig): NetworkConfig {
  return parseNetworkConfig({ ...withBlock(base, block), ...options });
}

function variant(name: string, label: string, block: BlockKind, options: Variant["options"]): Variant {
  return { name, label, block, options, deploysPlain: true };
}
