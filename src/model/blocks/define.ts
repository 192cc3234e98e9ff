/**
 * What a block is: one object, in a file of its own. Everything else that must be known of a training form (its keys in a
 * configuration, its deploy form, its rows in an ablation) is derived from it; fusion needs nothing.
 *
 * @module
 */
import type { z } from "zod";
import type { LayerBuilder, LayerValue } from "../layer_builder.ts";
import type { BlockPlace } from "./block.ts";

/** The values of a shape of zod schemas, defaults filled in. */
export type ValuesOf<Shape extends z.ZodRawShape> = z.output<z.ZodObject<Shape>>;

/** One row of an ablation: the block with some options. */
export interface AblationForm {
  /** As it is typed: "identity". */
  readonly name: string;
  /** As it is shown: "+ identity". */
  readonly label: string;
  /** What differs from the block's defaults. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Where in its stage a block stands. */
export interface StagePlace<StageOptions extends z.ZodRawShape> {
  /** What the configuration says of the stage; nothing for the stem. */
  readonly stage: ValuesOf<StageOptions> | undefined;
  /** Blocks from this one to the end of its stage, itself included. */
  readonly blocksLeft: number;
}

/**
 * A training form: layers between a value and a value, and what is to be known of them.
 *
 * The functions take values x [N, H, W, C] and give [N, ⌈H/stride⌉, ⌈W/stride⌉, filters]. They run once per place, and every
 * layer that they make is named below `place.name`.
 */
export interface Block<
  Name extends string = string,
  Options extends z.ZodRawShape = z.ZodRawShape,
  StageOptions extends z.ZodRawShape = z.ZodRawShape,
> {
  /** As it is typed and as it stands in a configuration: "repvgg". */
  readonly name: Name;
  /** As a person reads it: "RepVGG: + 1x1 + identity". */
  readonly label: string;
  /** Its keys in the configuration of a network, each with a default. */
  readonly options: Options;
  /** Its keys in every stage, each with a default. */
  readonly stageOptions?: StageOptions;
  /** Whether it takes the keys `groups` and `groupsEvery`; it does by default. */
  readonly isGrouped?: boolean;
  /** Whether its stages take the key `dilation`; they do not by default. */
  readonly isDilated?: boolean;
  /** What an ablation tries; the block with its defaults, when not given. */
  readonly ablation?: readonly AblationForm[];
  /** The training form. */
  apply<X extends LayerValue>(net: LayerBuilder<X>, x: X, place: BlockPlace, options: ValuesOf<Options>): X;
  /** The training form in front of the stages, where it is another one. It deploys as one 3x3 convolution. */
  stem?<X extends LayerValue>(net: LayerBuilder<X>, x: X, place: BlockPlace, options: ValuesOf<Options>): X;
  /** The kernel of the one convolution that it deploys as; 3 by default. */
  kernelSize?(options: ValuesOf<Options>): number;
  /** The deploy form, where it is not one convolution. */
  deploy?<X extends LayerValue>(net: LayerBuilder<X>, x: X, place: BlockPlace, options: ValuesOf<Options>): X;
  /** Whether squeeze-and-excitation stands in front of the activation; nowhere by default. */
  squeezeExcite?(options: ValuesOf<Options>, place: StagePlace<StageOptions>): boolean;
}

/**
 * The block, typed by its own options.
 *
 * @example
 * ```ts
 * import { z } from "zod";
 * import { activate, addBranches, placedConvolution } from "./block.ts";
 * import { defineBlock } from "./define.ts";
 * import { convolutionBn } from "../layer_builder.ts";
 *
 * export const block = defineBlock({
 *   name: "two-sizes",
 *   label: "5x5 + 3x3",
 *   options: { wide: z.int().default(5) },
 *   kernelSize: ({ wide }) => wide,
 *   apply: (net, x, place, { wide }) => {
 *     const sizes = [wide, 3].map((size) =>
 *       convolutionBn(net, x, placedConvolution(place, `conv${size}x${size}`, size))
 *     );
 *     return activate(net, addBranches(net, sizes, place), place);
 *   },
 * });
 * console.log(block.kernelSize?.({ wide: 5 })); // 5
 * ```
 */
export function defineBlock<
  const Name extends string,
  Options extends z.ZodRawShape,
  StageOptions extends z.ZodRawShape = Record<never, never>,
>(block: Block<Name, Options, StageOptions>): Block<Name, Options, StageOptions> {
  return block;
}
