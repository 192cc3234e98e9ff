/**
 * What a network is, in words that fit a JSON file: `{ "block": "repvgg", "inputSize": [32, 32, 3], ... }`.
 * The presets of `presets.ts` are values of this type; `network.ts` turns one into layers.
 *
 * @module
 */
import { z } from "zod";
import { InputError } from "../errors.ts";
import { parseConfig } from "../text/parse_config.ts";

/** Sanity bounds: a slip of the keyboard is an error message, not an allocation of terabytes. */
const MAX_PIXELS = 4096;
const MAX_WIDTH = 16384;
const MAX_DEPTH = 256;
const MAX_CLASSES = 100_000;
const MAX_KERNEL = 31;
const MAX_BRANCHES = 16;

const positive = (max: number) => z.int().min(1).max(max);
const width = positive(MAX_WIDTH);
const stride = positive(8);

const oddKernel = positive(MAX_KERNEL).refine((size) => size % 2 === 1, "expected an odd kernel size");

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
  activation: z.enum(["relu", "relu6", "elu", "gelu", "swish", "mish"]).default("relu"),
  /** The one block before the stages. It is never grouped. */
  stem: z.strictObject({ width, stride: stride.default(2) }),
};

const stages = { stages: z.array(stage).min(1).max(MAX_DEPTH) };

const grouping = {
  /** Convolution groups of the grouped blocks. */
  groups: positive(MAX_WIDTH).default(1),
  /** Every how manieth block after the stem is grouped: 1 for all, 2 for every second as in RepVGG-B1g4. */
  groupsEvery: positive(MAX_DEPTH).default(2),
};

const repvgg = z.strictObject({
  ...common,
  ...stages,
  ...grouping,
  block: z.literal("repvgg"),
  /** The branches beside the 3x3 convolution. */
  branches: z.strictObject({ conv1x1: z.boolean().default(true), identity: z.boolean().default(true) })
    .default({ conv1x1: true, identity: true }),
  /** Squeeze-and-excitation between addition and activation, in every block. */
  squeezeExcite: z.boolean().default(false),
  /** BatchNorm after the addition, none on the 1x1 and identity branches: QARepVGG. */
  postAdditionBn: z.boolean().default(false),
});

const mobileone = z.strictObject({
  ...common,
  block: z.literal("mobileone"),
  stages: z.array(
    stage.extend({
      /** How many blocks at the end of the stage have squeeze-and-excitation. */
      squeezeExciteBlocks: z.int().min(0).max(MAX_DEPTH).default(0),
    }),
  ).min(1).max(MAX_DEPTH),
  /** Convolution branches of one size in each part; the stem has one. */
  convBranches: positive(MAX_BRANCHES).default(4),
  /** The 1x1 branch beside the 3x3 convolutions. */
  scale: z.boolean().default(true),
  /** The BatchNorm branch where input and output have one shape. */
  skip: z.boolean().default(true),
});

const fastvit = z.strictObject({
  ...common,
  ...stages,
  ...grouping,
  block: z.literal("fastvit"),
  /** One convolution branch per size. */
  kernelSizes: z.array(oddKernel).min(1).max(MAX_BRANCHES).default([7, 3]),
  /** Whether the skip branch has a BatchNorm. */
  skipIncludeBn: z.boolean().default(true),
  /** Whether the BatchNorm stands in front of the convolution. */
  useBnConv: z.boolean().default(false),
  /** "beforeBn" fuses exactly; "afterBn" is the order of the reference code. */
  bnConvPadding: z.enum(["beforeBn", "afterBn"]).default("beforeBn"),
});

const dbb = z.strictObject({
  ...common,
  ...stages,
  ...grouping,
  block: z.literal("dbb"),
  kernelSize: oddKernel.default(3),
});

const acnet = z.strictObject({
  ...common,
  ...stages,
  ...grouping,
  block: z.literal("acnet"),
  kernelSize: oddKernel.default(3),
});

const networkConfigSchema = z.discriminatedUnion("block", [repvgg, mobileone, fastvit, dbb, acnet]);

/** A complete network configuration, defaults filled in. */
export type NetworkConfig = z.output<typeof networkConfigSchema>;

/** A network configuration as a person writes it: what has a default may be left out. */
export type NetworkConfigInput = z.input<typeof networkConfigSchema>;

/** The kinds of block that a network is made of. */
export type BlockKind = NetworkConfig["block"];

/** Their names. */
export const BLOCK_KINDS = ["repvgg", "mobileone", "fastvit", "dbb", "acnet"] as const satisfies BlockKind[];

/** The configuration of a network of one kind of block. */
export type NetworkConfigOf<Kind extends BlockKind> = Extract<NetworkConfig, { block: Kind }>;

/**
 * The configuration in an unchecked value, for example a parsed JSON file.
 *
 * @param value What was read.
 * @param what Its name for the message.
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
export function parseNetworkConfig(value: unknown, what = "network configuration"): NetworkConfig {
  const config = parseConfig(networkConfigSchema, value, what);
  checkGroups(config, what);
  return config;
}

/** The same sizes, depths, widths, padding and activation, built of another kind of block with its default options. */
export function withBlock(config: NetworkConfig, block: BlockKind): NetworkConfig {
  const { inputSize, classCount, padding, activation, stem } = config;
  const stages = config.stages.map(({ depth, width, stride }) => ({ depth, width, stride }));
  return parseNetworkConfig({ block, inputSize, classCount, padding, activation, stem, stages });
}

function checkGroups(config: NetworkConfig, what: string): void {
  if (config.block === "mobileone") return;
  const widths = [config.stem.width, ...config.stages.map((stage) => stage.width)];
  const unfit = widths.filter((width) => width % config.groups !== 0);
  if (unfit.length === 0) return;
  throw new InputError(
    `Cannot use the ${what}: groups is ${config.groups} and does not divide the width ${unfit.join(", ")}.`,
    "Choose widths that are multiples of groups, or fewer groups.",
  );
}
