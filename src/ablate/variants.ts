/**
 * The training forms that an ablation compares: one network, built of blocks with more and more branches, then of the blocks
 * of later papers in its place. Each block says what of it is worth a row.
 *
 * @module
 */
import { z } from "zod";
import type { Block } from "../model/blocks/define.ts";
import { BLOCKS } from "../model/blocks/table.ts";
import { type NetworkConfig, withBlock } from "../model/config.ts";

/** One training form. */
export interface Variant {
  /** As it is typed: "identity". */
  readonly name: string;
  /** As it is shown: "+ identity". */
  readonly label: string;
  readonly block: NetworkConfig["block"];
  /** What differs from the block's defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether its deploy form is that of the plain network; MobileOne's is depthwise and pointwise. */
  readonly deploysPlain: boolean;
}

/** Kernel of the plain network. */
const PLAIN_KERNEL = 3;

/** All of them. The first is the baseline. */
export const VARIANTS: readonly Variant[] = BLOCKS.flatMap((block: Block) => variantsOf(block, block.name));

/** The names, in order. */
export const VARIANT_NAMES: readonly string[] = VARIANTS.map(({ name }) => name);

/** The base network in a training form, so that all forms differ in their branches alone. */
export function variantNetwork({ block, options }: Variant, base: NetworkConfig): NetworkConfig {
  return withBlock(base, block, options);
}

function variantsOf(block: Block, kind: string): Variant[] {
  const { name, label } = block;
  const forms = block.ablation ?? [{ name, label, options: {} }];
  return forms.map((form) => ({
    ...form,
    block: kind as Variant["block"],
    deploysPlain: block.deploy === undefined && deployKernel(block, form.options) === PLAIN_KERNEL,
  }));
}

function deployKernel({ options, kernelSize }: Block, given: Variant["options"]): number {
  return kernelSize?.(z.object(options).parse(given)) ?? PLAIN_KERNEL;
}
