/**
 * What a run is fine-tuned from: what a person asks for, what `config.json` keeps of it, and how the weights are taken.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import type { Normalization } from "../data/normalization.ts";
import { InputError } from "../errors.ts";
import { HEAD_LAYER } from "../model/architecture.ts";
import type { PixelRange } from "../graph/pixel_range.ts";
import type { NetworkConfig } from "../model/config.ts";
import { type ForeignNetwork, isForeign } from "../model/foreign.ts";
import { formatCount } from "../text/quantities.ts";
import type { TrainingConfig } from "./config.ts";
import { modelWeights } from "./weights.ts";

/** Views of every image, where nobody says how many. */
export const DEFAULT_VIEWS = 4;

/** Images of a class up to which all stages but the last are frozen, where nobody says which. */
const FEW_IMAGES = 100;

/** What a person asks for. */
export interface FineTuningRequest {
  /** A run, a folder that `import` wrote, a fused one, or a network of another program. */
  readonly network: string;
  /** The last stage that stays as it is; 0 for none. */
  readonly freeze?: number | undefined;
  /** Views of every image that go through the frozen stages. */
  readonly views?: number | undefined;
  /** In which range the network takes its pixels, where its file does not say it or says it wrong. */
  readonly pixels?: PixelRange | undefined;
  /** What is taken off each pixel of that range. */
  readonly mean?: readonly number[] | undefined;
  /** What the rest is divided by. */
  readonly std?: readonly number[] | undefined;
}

/** What `config.json` keeps of the source. */
export const fineTuningSchema = z.strictObject({
  /** Where it was. */
  path: z.string(),
  /** SHA-256 of its weights, of which the run has a copy. */
  sha256: z.string(),
  /** The last stage that stays as it is; 0 for none. A network of another program counts as one stage and a head. */
  freeze: z.int().min(0),
  /** Views of every image that go through the frozen stages, where there are any. */
  views: z.int().min(1),
  /** Whether its head is kept as well, since its classes are the same; it is not where this is not said. */
  keepsHead: z.boolean().optional(),
  /** How bytes become the network's input. */
  normalization: z.strictObject({ mean: z.array(z.number()), scale: z.array(z.number()) }),
});

/** The source of a run, and what is frozen of it. */
export type FineTuning = z.infer<typeof fineTuningSchema>;

/** A network that can be fine-tuned. */
export interface FineTuningSource {
  readonly path: string;
  readonly sha256: string;
  readonly network: NetworkConfig | ForeignNetwork;
  /** In which form it is. */
  readonly form: TrainingConfig["form"];
  readonly normalization: Normalization;
  /** What its head tells apart. */
  readonly classNames: readonly string[];
}

/** The network, sized for the data, and what is frozen of it. */
export interface ResolvedFineTuning {
  readonly network: NetworkConfig | ForeignNetwork;
  readonly from: FineTuning;
}

/**
 * A source for a data set.
 *
 * @param onChosen Told in a line what was chosen.
 * @throws {InputError} when the channels differ, or there are not as many stages.
 */
export function resolveFineTuning(
  { path, sha256, network, normalization, classNames: sourceClasses }: FineTuningSource,
  { freeze, views = DEFAULT_VIEWS }: FineTuningRequest,
  { name, height, width, channels, classNames, train }: Dataset,
  onChosen?: (message: string) => void,
): ResolvedFineTuning {
  const [, , sourceChannels] = network.inputSize;
  if (channels !== sourceChannels) {
    throw new InputError(
      `${path} takes images of ${formatCount(sourceChannels, "channel")}; those of ${name} have ${channels}.`,
      "Choose a network or images of the other kind: colour is 3 channels, grey is 1.",
    );
  }
  const perClass = train.count / classNames.length;
  const { freeze: chosen, words } = isForeign(network)
    ? frozenTrunk(path, network, freeze, { height, width })
    : frozenStages(path, network.stages.length, freeze, perClass);
  const { mean, scale } = normalization;
  const keepsHead = !isForeign(network) && sourceClasses.join("\n") === classNames.join("\n");
  const sized = { ...network, inputSize: [height, width, channels], classCount: classNames.length };
  onChosen?.(
    `from ${path}: ${
      formatCount(Math.round(perClass), "image")
    } a class of ${width} x ${height} pixels, ${words}${
      keepsHead ? "; the head is kept, for the classes are the same" : ""
    }`,
  );
  return {
    network: sized as NetworkConfig,
    from: {
      path,
      sha256,
      freeze: chosen,
      views,
      ...(keepsHead ? { keepsHead } : {}),
      normalization: { mean: [...mean], scale: [...scale] },
    },
  };
}

/** The stages of a network of ours that stay as they are, and how to say it. */
function frozenStages(
  path: string,
  stages: number,
  freeze: number | undefined,
  perClass: number,
): { freeze: number; words: string } {
  if (freeze !== undefined && freeze > stages) {
    throw new InputError(
      `Cannot freeze up to stage ${freeze}: ${path} has ${formatCount(stages, "stage")}.`,
      `Choose --freeze 0 (none) to ${stages} (all but the head).`,
    );
  }
  const chosen = freeze ?? (perClass <= FEW_IMAGES ? stages - 1 : 0);
  const words = describeFrozen(chosen, stages) + (freeze === undefined ? "; --freeze says otherwise" : "");
  return { freeze: chosen, words };
}

/** All of a network of another program up to its head. */
function frozenTrunk(
  path: string,
  { inputSize, features }: ForeignNetwork,
  freeze: number | undefined,
  { height, width }: Pick<Dataset, "height" | "width">,
): { freeze: number; words: string } {
  if (freeze !== undefined) {
    throw new InputError(
      `Cannot freeze ${path} up to stage ${freeze}: it is a network of another program, whose stages are not known here.`,
      "Leave --freeze out: all of it up to its last features stays as it is, and a new head is trained on them.",
    );
  }
  if (height !== inputSize[0] || width !== inputSize[1]) {
    throw new InputError(
      `${path} takes images of ${inputSize[1]} x ${inputSize[0]} pixels; these are ${width} x ${height}.`,
      inputSize[0] === inputSize[1]
        ? `Give --image-size ${inputSize[0]}, or leave it out.`
        : "Bring them to that size first: images are resized to squares alone.",
    );
  }
  const words = `all of it up to its ${
    formatCount(features, "feature")
  } is frozen, and a new head is trained`;
  return { freeze: 1, words };
}

function describeFrozen(freeze: number, stages: number): string {
  if (freeze === 0) return "all stages train";
  return `${freeze === stages ? "all stages" : `stages up to ${freeze} of ${stages}`} are frozen`;
}

/**
 * Gives a network the weights of another.
 *
 * @param model The network that is to be trained, with a fresh head.
 * @param source The network that they come from; both stay the caller's.
 * @param name What to call it in an error: its path.
 * @param keepsHead Whether those of its head are taken as well.
 * @throws {InputError} when the source has other weights.
 */
export function takeWeights(
  model: tf.LayersModel,
  source: tf.LayersModel,
  name: string,
  keepsHead = false,
): void {
  const weights = modelWeights(source);
  for (const [weight, variable] of modelWeights(model)) {
    if (!keepsHead && weight.startsWith(`${HEAD_LAYER}/`)) continue;
    const value = weights.get(weight);
    if (value === undefined || value.shape.join() !== variable.shape.join()) {
      throw new InputError(
        `The weights of ${name} are not those of its configuration: ${weight} is ${
          value === undefined ? "not there" : `[${value.shape}]`
        }, expected [${variable.shape}].`,
        "Name the run that it was made from, or import its PyTorch weights again: repfuse import FILE",
      );
    }
    variable.assign(value);
  }
}
