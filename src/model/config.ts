/**
 * What a network is, in words that fit a JSON file: `{ "block": "repvgg", "inputSize": [32, 32, 3], ... }`.
 * The presets of `presets.ts` are values of this type; `network.ts` turns one into layers.
 *
 * @module
 */
import { z } from "zod";
import { parseConfig } from "../parse_config.ts";

/** Sanity bounds: a slip of the keyboard is an error message, not an allocation of terabytes. */
const MAX_PIXELS = 4096;
const MAX_WIDTH = 16384;
const MAX_DEPTH = 256;
const MAX_CLASSES = 100_000;

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
  /** The one block before the stages. It is never grouped. */
  stem: z.strictObject({ width, stride: stride.default(2) }),
};

const repvgg = z.strictObject({
  ...common,
  block: z.literal("repvgg"),
  stages: z.array(stage).min(1).max(MAX_DEPTH),
  /** The branches beside the 3x3 convolution. */
  branches: z.strictObject({ conv1x1: z.boolean().default(true), identity: z.boolean().default(true) })
    .default({ conv1x1: true, identity: true }),
});

/** The schema of a network configuration. */
export const networkConfigSchema = z.discriminatedUnion("block", [repvgg]);

/** A complete network configuration, defaults filled in. */
export type NetworkConfig = z.output<typeof networkConfigSchema>;

/** A network configuration as a person writes it: what has a default may be left out. */
export type NetworkConfigInput = z.input<typeof networkConfigSchema>;

/** The kinds of block that a network is made of. */
export type BlockKind = NetworkConfig["block"];

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
  return parseConfig(networkConfigSchema, value, what);
}
