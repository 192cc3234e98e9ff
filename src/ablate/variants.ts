/**
 * The training forms that an ablation compares: one network, built of blocks with more and more branches, then of the blocks
 * of later papers in its place. Each block says what of it is worth a row.
 *
 * @module
 */
import { z } from "zod";
import type { Block } from "../model/blocks/define.ts";
import type { OwnBlock } from "../model/blocks/own.ts";
import { BLOCKS } from "../model/blocks/table.ts";
import { type NetworkConfig, withBlock } from "../model/config.ts";

/** One training form. */
export interface Variant {
  /** As it is typed: "identity". */
  readonly name: string;
  /** As it is shown: "+ identity". */
  readonly label: string;
  /** The block that it is a form of. */
  readonly kind: string;
  /** The same as a configuration says it: "file" for a person's own. */
  readonly block: NetworkConfig["block"];
  /** What differs from the block's defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether its deploy form is that of the plain network; MobileOne's is depthwise and pointwise. */
  readonly deploysPlain: boolean;
}

/** What an ablation asks: which branch pays, which block, at which depth, or against a plain network of any shape. */
export const QUESTIONS = ["branch", "block", "depth", "shape"] as const;

/** Those that are about a block as a whole. */
const WHOLE: readonly Question[] = ["depth", "shape"];

/** One of them. */
export type Question = typeof QUESTIONS[number];

/** Kernel of the plain network. */
const PLAIN_KERNEL = 3;

/** The block whose branches and depths are looked at where none is named. */
const DEFAULT_KIND = "repvgg";

/** All that come with RepFuse. The first is the baseline. */
export const VARIANTS: readonly Variant[] = BLOCKS.flatMap((block: Block) =>
  variantsOf(block, block.name as Variant["block"], {})
);

/** The names, in order. */
export const VARIANT_NAMES: readonly string[] = VARIANTS.map(({ name }) => name);

/** All of them, and a person's own at the end. */
export function variantsWith(own?: OwnBlock): readonly Variant[] {
  if (own === undefined) return VARIANTS;
  return [...VARIANTS, ...variantsOf(own.block, "file", { file: own.file })];
}

/**
 * The names of the training forms that answer a question; the plain network is the first of them.
 *
 * @param variants From {@link variantsWith}.
 * @param kind The block that is asked about; RepVGG's when not given.
 */
export function variantsFor(
  question: Question,
  variants: readonly Variant[],
  kind = DEFAULT_KIND,
): readonly string[] {
  const [plain] = variants;
  const isWhole = (variant: Variant) => variants.findLast((other) => other.kind === variant.kind) === variant;
  const chosen = variants.filter((variant) =>
    variant === plain || (question === "block" ? isWhole(variant) : variant.kind === kind) &&
      (!WHOLE.includes(question) || isWhole(variant))
  );
  return chosen.map(({ name }) => name);
}

/** The base network in a training form, so that all forms differ in their branches alone. */
export function variantNetwork({ block, options }: Variant, base: NetworkConfig, own?: Block): NetworkConfig {
  return withBlock(base, block, options, own);
}

function variantsOf(block: Block, key: Variant["block"], more: Variant["options"]): Variant[] {
  const { name, label } = block;
  const forms = block.ablation ?? [{ name, label, options: {} }];
  return forms.map((form) => ({
    ...form,
    options: { ...more, ...form.options },
    kind: name,
    block: key,
    deploysPlain: block.deploy === undefined && deployKernel(block, form.options) === PLAIN_KERNEL,
  }));
}

function deployKernel(block: Block, given: Variant["options"]): number {
  return block.kernelSize?.(z.object(block.options).parse(given)) ?? PLAIN_KERNEL;
}
