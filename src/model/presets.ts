/**
 * Networks by name: `toy` and `tiny` for small images, and those of two papers, as their tables have them.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { nearestName } from "../text/nearest_name.ts";
import { type NetworkConfig, type NetworkConfigInput, parseNetworkConfig } from "./config.ts";

/** Output channels of the stages at multiplier 1, in both papers. */
const WIDTHS = [64, 128, 256, 512] as const;

/** The stem is as wide as the first stage, but never wider than this; also in both. */
const MAX_STEM_WIDTH = 64;

/** Depths of the four stages, and by how much each is wider than {@link WIDTHS}. */
interface Stages {
  readonly depths: readonly [number, number, number, number];
  readonly multipliers: readonly [number, number, number, number];
}

/**
 * "RepVGG: Making VGG-style ConvNets Great Again" (Ding et al., CVPR 2021), tables 2 and 3: `a` multiplies the first
 * three widths, `b` the last.
 */
const repVggStages = (depths: Stages["depths"], a: number, b: number): Stages => ({
  depths,
  multipliers: [a, a, a, b],
});
const A_DEPTHS = [2, 4, 14, 1] as const;
const B_DEPTHS = [4, 6, 16, 1] as const;
const REPVGG: ReadonlyMap<string, Stages> = new Map([
  ["A0", repVggStages(A_DEPTHS, 0.75, 2.5)],
  ["A1", repVggStages(A_DEPTHS, 1, 2.5)],
  ["A2", repVggStages(A_DEPTHS, 1.5, 2.75)],
  ["B0", repVggStages(B_DEPTHS, 1, 2.5)],
  ["B1", repVggStages(B_DEPTHS, 2, 4)],
  ["B2", repVggStages(B_DEPTHS, 2.5, 5)],
  ["B3", repVggStages(B_DEPTHS, 3, 5)],
]);

interface MobileOneStages extends Stages {
  /** Convolution branches of each part. */
  readonly convBranches: number;
  /** Blocks with squeeze-and-excitation at the end of each stage. */
  readonly squeezeExciteBlocks: readonly number[];
}

/** "MobileOne: An Improved One millisecond Mobile Backbone" (Vasu et al., CVPR 2023), tables 2 and 3. */
const mobileOneStages = (
  multipliers: Stages["multipliers"],
  convBranches = 1,
  squeezeExciteBlocks: readonly number[] = [0, 0, 0, 0],
): MobileOneStages => ({ depths: [2, 8, 10, 1], multipliers, convBranches, squeezeExciteBlocks });
const MOBILEONE: ReadonlyMap<string, MobileOneStages> = new Map([
  ["S0", mobileOneStages([0.75, 1, 1, 2], 4)],
  ["S1", mobileOneStages([1.5, 1.5, 2, 2.5])],
  ["S2", mobileOneStages([1.5, 2, 2.5, 4])],
  ["S3", mobileOneStages([2, 2.5, 3, 4])],
  ["S4", mobileOneStages([3, 3.5, 3.5, 4], 1, [0, 0, 5, 1])],
]);

/** For 32x32 images and a minute of training: two stages after the stem, 4x4 pixels at the end. */
const small = (stages: readonly (readonly [depth: number, width: number])[]): NetworkConfigInput => ({
  block: "repvgg",
  inputSize: [32, 32, 3],
  classCount: 10,
  stem: { width: 16, stride: 2 },
  stages: stages.map(([depth, width]) => ({ depth, width, stride: 2 })),
});
const SMALL: ReadonlyMap<string, NetworkConfigInput> = new Map([
  /** So deep that a plain network of its shape is hard to train, which is where branches pay. */
  ["toy", small([[10, 20], [10, 40]])],
  /** So shallow that any form trains well, in half a minute. */
  ["tiny", small([[2, 32], [3, 64]])],
]);

/** The names that {@link presetConfig} knows. */
export const PRESET_NAMES: readonly string[] = [...SMALL.keys(), ...REPVGG.keys(), ...MOBILEONE.keys()];

/**
 * The network of that name: `toy`, `tiny`, RepVGG A0 to B3, MobileOne S0 to S4. All but the first two are for 224x224 images of 1000
 * classes.
 *
 * @param name One of {@link PRESET_NAMES}; letter case does not matter.
 * @param data Input size and class count of the data at hand, in place of the preset's own.
 * @throws {InputError} when there is no such preset; the nearest is named.
 * @example
 * ```ts
 * import { presetConfig } from "./presets.ts";
 * console.log(presetConfig("A0").stem.width); // 48
 * ```
 */
export function presetConfig(
  name: string,
  data: Partial<Pick<NetworkConfig, "inputSize" | "classCount">> = {},
): NetworkConfig {
  const known = PRESET_NAMES.find((preset) => preset.toLowerCase() === name.toLowerCase());
  if (known === undefined) throw unknownPreset(name);
  return parseNetworkConfig({ ...presetInput(known), ...data }, `preset ${known}`);
}

function presetInput(name: string): NetworkConfigInput {
  const known = SMALL.get(name);
  if (known !== undefined) return known;
  const repVgg = REPVGG.get(name);
  if (repVgg !== undefined) return { ...imagenetInput(repVgg), block: "repvgg" };
  const mobileOne = MOBILEONE.get(name)!;
  const { stages, ...shared } = imagenetInput(mobileOne);
  return {
    ...shared,
    block: "mobileone",
    convBranches: mobileOne.convBranches,
    stages: stages.map((stage, i) => ({ ...stage, squeezeExciteBlocks: mobileOne.squeezeExciteBlocks[i]! })),
  };
}

function imagenetInput({ depths, multipliers }: Stages) {
  const stages = WIDTHS.map((width, i) => ({ depth: depths[i]!, width: width * multipliers[i]!, stride: 2 }));
  return {
    inputSize: [224, 224, 3] as [number, number, number],
    classCount: 1000,
    stem: { width: Math.min(MAX_STEM_WIDTH, stages[0]!.width), stride: 2 },
    stages,
  };
}

function unknownPreset(name: string): InputError {
  const nearest = nearestName(name, PRESET_NAMES);
  return new InputError(
    `There is no preset ${name}; the presets are ${PRESET_NAMES.join(", ")}.`,
    nearest === undefined ? undefined : `Did you mean ${nearest}?`,
  );
}
