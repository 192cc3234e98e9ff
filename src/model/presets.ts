/**
 * Networks by name: `toy` for small images, and those of "RepVGG: Making VGG-style ConvNets Great Again" (Ding et al.,
 * CVPR 2021), tables 2 and 3.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { nearestName } from "../nearest_name.ts";
import { type NetworkConfig, type NetworkConfigInput, parseNetworkConfig } from "./config.ts";

/** ImageNet, for which the papers state their networks. */
const IMAGENET = { inputSize: [224, 224, 3], classCount: 1000 } as const;

/** Table 2: blocks of stages 2 to 5 (stage 1 is the stem). */
const REPVGG_DEPTHS = { A: [2, 4, 14, 1], B: [4, 6, 16, 1] } as const;

/** Table 2: output channels of the stages at multiplier 1. */
const REPVGG_WIDTHS = [64, 128, 256, 512] as const;

/** The stem is as wide as the first stage, but never wider than this. */
const REPVGG_MAX_STEM_WIDTH = 64;

/** Table 3: `a` multiplies the first three widths, `b` the last. */
const REPVGG = {
  A0: { depths: REPVGG_DEPTHS.A, a: 0.75, b: 2.5 },
  A1: { depths: REPVGG_DEPTHS.A, a: 1, b: 2.5 },
  A2: { depths: REPVGG_DEPTHS.A, a: 1.5, b: 2.75 },
  B0: { depths: REPVGG_DEPTHS.B, a: 1, b: 2.5 },
  B1: { depths: REPVGG_DEPTHS.B, a: 2, b: 4 },
  B2: { depths: REPVGG_DEPTHS.B, a: 2.5, b: 5 },
  B3: { depths: REPVGG_DEPTHS.B, a: 3, b: 5 },
} as const;

/** For 32x32 images and minutes of training: three stages, 4x4 pixels at the end. */
const TOY = {
  block: "repvgg",
  inputSize: [32, 32, 3],
  classCount: 10,
  stem: { width: 16, stride: 2 },
  stages: [{ depth: 2, width: 32, stride: 2 }, { depth: 2, width: 64, stride: 2 }],
} satisfies NetworkConfigInput;

/** The names that {@link presetConfig} knows. */
export const PRESET_NAMES: readonly string[] = ["toy", ...Object.keys(REPVGG)];

/**
 * The network of that name.
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
  if (name === "toy") return TOY;
  return repVggInput(REPVGG[name as keyof typeof REPVGG]);
}

function repVggInput({ depths, a, b }: (typeof REPVGG)[keyof typeof REPVGG]): NetworkConfigInput {
  const stages = REPVGG_WIDTHS.map((width, i) => ({
    depth: depths[i]!,
    width: width * (i === REPVGG_WIDTHS.length - 1 ? b : a),
    stride: 2,
  }));
  const stem = { width: Math.min(REPVGG_MAX_STEM_WIDTH, stages[0]!.width), stride: 2 };
  return { ...IMAGENET, inputSize: [...IMAGENET.inputSize], block: "repvgg", stem, stages };
}

function unknownPreset(name: string): InputError {
  const nearest = nearestName(name, PRESET_NAMES);
  return new InputError(
    `There is no preset ${name}; the presets are ${PRESET_NAMES.join(", ")}.`,
    nearest === undefined ? undefined : `Did you mean ${nearest}?`,
  );
}
