/**
 * What a network is, in words that fit a JSON file: `{ "block": "repvgg", "inputSize": [32, 32, 3], ... }`.
 * The presets of `presets.ts` are values of this type; `network.ts` turns one into layers.
 *
 * @module
 */
import { z } from "zod";
import { InputError } from "../errors.ts";
import { parseConfig } from "../text/parse_config.ts";
import { ACTIVATIONS } from "./activations.ts";
import type { Block } from "./blocks/define.ts";
import { type BlockKind, BLOCKS } from "./blocks/table.ts";

export type { BlockKind } from "./blocks/table.ts";

/** Sanity bounds: a slip of the keyboard is an error message, not an allocation of terabytes. */
const MAX_PIXELS = 4096;
const MAX_WIDTH = 16384;
const MAX_DEPTH = 256;
const MAX_CLASSES = 100_000;
const MAX_DILATION = 256;

const positive = (max: number) => z.int().min(1).max(max);
const width = positive(MAX_WIDTH);
const stride = positive(8);

const stage = z.strictObject({
  /** Blocks in the stage. */
  depth: positive(MAX_DEPTH),
  /** Output channels of each block. */
  width,
  /** Stride of the first block; the others have stride 1. */
  stride: stride.default(2),
});

const common = {
  /** Height, width and channels of the input image. */
  inputSize: z.tuple([positive(MAX_PIXELS), positive(MAX_PIXELS), positive(MAX_PIXELS)]),
  /** Logits of the head. */
  classCount: positive(MAX_CLASSES),
  /** "same" as TensorFlow pads, or "explicit": ⌊k/2⌋ zeros on every side, as PyTorch pads. */
  padding: z.enum(["same", "explicit"]).default("same"),
  /** The non-linearity at the end of every block. */
  activation: z.enum(ACTIVATIONS).default("relu"),
  /** The one block before the stages. It is never grouped. */
  stem: z.strictObject({ width, stride: stride.default(2) }),
};

const grouping = {
  /** Convolution groups of the grouped blocks. */
  groups: positive(MAX_WIDTH).default(1),
  /** Every how manieth block after the stem is grouped: 1 for all, 2 for every second as in RepVGG-B1g4. */
  groupsEvery: positive(MAX_DEPTH).default(2),
};

const dilated = {
  /** Pixels from tap to tap of the stage's kernels; 1 when not given. Backbones of segmentation have it in place of strides. */
  dilation: positive(MAX_DILATION).optional(),
  /** Whether its first block has an identity branch where its shape allows one; not where a stride was taken out later. */
  entryIdentity: z.boolean().optional(),
};

const stagesOf = ({ stageOptions = {}, isDilated = false }: Block) => ({
  stages: z.array(stage.extend({ ...stageOptions, ...isDilated ? dilated : {} })).min(1).max(MAX_DEPTH),
});

/** A person's own block: where it was found, and what was in the file. */
const fileBlock = {
  block: z.literal("file"),
  file: z.strictObject({ path: z.string(), sha256: z.string() }),
};

/** The keys of a network of one block. Their order is that of early configurations, whose hashes checkpoints hold. */
function shapeOf(kind: Block): z.ZodRawShape {
  const { name, options, isGrouped = true } = kind;
  const own = stagesOf(kind);
  const block = { block: z.literal(name) };
  return isGrouped
    ? { ...common, ...own, ...grouping, ...block, ...options }
    : { ...common, ...block, ...own, ...options };
}

/** The same of a person's own block, in the order that {@link fileSchema} leaves as it is. */
function shapeOfOwn(own: Block): z.ZodRawShape {
  const { options, isGrouped = true } = own;
  return { ...common, ...stagesOf(own), ...isGrouped ? grouping : {}, ...fileBlock, ...options };
}

const knownSchemas = BLOCKS.map((block) =>
  z.strictObject({ ...shapeOf(block), block: z.literal(block.name) })
);

/** The options of a person's own block are known where its file is at hand; elsewhere they are kept as they are. */
const fileSchema = z.looseObject({
  ...common,
  stages: z.array(stage.loose()).min(1).max(MAX_DEPTH),
  groups: grouping.groups.unwrap().optional(),
  groupsEvery: grouping.groupsEvery.unwrap().optional(),
  ...fileBlock,
});

const networkSchema = z.discriminatedUnion("block", [knownSchemas[0]!, ...knownSchemas.slice(1), fileSchema]);

type Dilated = z.output<z.ZodObject<typeof dilated>>;
type Common = z.ZodObject<typeof common>;
type Grouping = z.ZodObject<typeof grouping>;

/** What an object of these schemas adds; no schemas add nothing. */
type Output<Shape extends z.ZodRawShape> = keyof Shape extends never ? unknown : z.output<z.ZodObject<Shape>>;
type Input<Shape extends z.ZodRawShape> = keyof Shape extends never ? unknown : z.input<z.ZodObject<Shape>>;

/** A complete configuration of a network of this block. */
type ConfigOf<B> = B extends Block<infer Name, infer Options, infer StageOptions> ?
    & z.output<Common>
    & Partial<z.output<Grouping>>
    & { block: Name; stages: (z.output<typeof stage> & Dilated & Output<StageOptions>)[] }
    & Output<Options>
  : never;

/** The same as a person writes it. */
type InputOf<B> = B extends Block<infer Name, infer Options, infer StageOptions> ?
    & z.input<Common>
    & z.input<Grouping>
    & { block: Name; stages: (z.input<typeof stage> & Dilated & Input<StageOptions>)[] }
    & Input<Options>
  : never;

/** A complete network configuration, defaults filled in. */
export type NetworkConfig = ConfigOf<typeof BLOCKS[number]> | z.output<typeof fileSchema>;

/** A network configuration as a person writes it: what has a default may be left out. */
export type NetworkConfigInput = InputOf<typeof BLOCKS[number]> | z.input<typeof fileSchema>;

/** The names of the kinds of block that a network is made of. */
export const BLOCK_KINDS: readonly BlockKind[] = BLOCKS.map(({ name }) => name);

/** The configuration of a network of one kind of block. */
export type NetworkConfigOf<Kind extends BlockKind> = ConfigOf<
  Extract<typeof BLOCKS[number], { name: Kind }>
>;

/**
 * The configuration in an unchecked value, for example a parsed JSON file.
 *
 * @param value What was read.
 * @param what Its name for the message.
 * @param own The block of a person's own file, where the network is made of it; its options are checked then.
 * @throws {InputError} that lists everything wrong with it; an unknown key is named with the nearest right one.
 * @example
 * ```ts
 * import { parseNetworkConfig } from "./config.ts";
 * const config = parseNetworkConfig({
 *   block: "repvgg",
 *   inputSize: [32, 32, 3],
 *   classCount: 10,
 *   stem: { width: 16 },
 *   stages: [{ depth: 2, width: 32 }],
 * });
 * console.log(config.stages[0]?.stride); // 2
 * ```
 */
export function parseNetworkConfig(
  value: unknown,
  what = "network configuration",
  own?: Block,
): NetworkConfig {
  const isOwn = own !== undefined && typeof value === "object" && value !== null &&
    (value as { block?: unknown }).block === "file";
  const schema = isOwn ? z.strictObject(shapeOfOwn(own)) : networkSchema;
  const config = parseConfig(schema, value, what) as NetworkConfig;
  checkGroups(config, what);
  return config;
}

/**
 * The same sizes, depths, widths, padding and activation, built of another block.
 *
 * @param options What of the block's options are not the defaults; for a person's own block its file among them.
 */
export function withBlock(
  config: NetworkConfig,
  block: NetworkConfig["block"],
  options: Readonly<Record<string, unknown>> = {},
  own?: Block,
): NetworkConfig {
  const { inputSize, classCount, padding, activation, stem } = config;
  const stages = config.stages.map(({ depth, width, stride, ...stage }) => ({
    depth,
    width,
    stride,
    ...("dilation" in stage && stage.dilation !== undefined ? { dilation: stage.dilation } : {}),
  }));
  const network = { block, inputSize, classCount, padding, activation, stem, stages, ...options };
  return parseNetworkConfig(network, undefined, own);
}

function checkGroups({ groups = 1, stem, stages }: NetworkConfig, what: string): void {
  const widths = [stem.width, ...stages.map((stage) => stage.width)];
  const unfit = widths.filter((width) => width % groups !== 0);
  if (unfit.length === 0) return;
  throw new InputError(
    `Cannot use the ${what}: groups is ${groups} and does not divide the width ${unfit.join(", ")}.`,
    "Choose widths that are multiples of groups, or fewer groups.",
  );
}
