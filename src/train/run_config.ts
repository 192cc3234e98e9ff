/**
 * The configuration of a run: defaults < configuration file < flags. What comes out is written to `config.json`, and a
 * resumed run reads it back.
 *
 * @module
 */
import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import { defaultNormalization, type Normalization } from "../data/normalization.ts";
import { InputError } from "../errors.ts";
import { isBuiltIn } from "../data/shapes10_folder.ts";
import { sha256 } from "../files/hash.ts";
import type { Block } from "../model/blocks/define.ts";
import { type NetworkConfig, parseNetworkConfig } from "../model/config.ts";
import { type ForeignNetwork, foreignNetworkSchema, isForeign } from "../model/foreign.ts";
import { parseConfig } from "../text/parse_config.ts";
import { formatCount } from "../text/quantities.ts";
import { type TrainingConfig, trainingSchema } from "./config.ts";
import {
  type FineTuning,
  type FineTuningRequest,
  fineTuningSchema,
  type FineTuningSource,
  resolveFineTuning,
} from "./fine_tuning.ts";
import { type Recipe, recipeFor, type TrainingImages } from "./recipe.ts";
import { networkName, resolveNetwork } from "./network_changes.ts";

/** The preset of a bare `repfuse train`. */
export const DEFAULT_PRESET = "toy";

/** What the name of a network is followed by where it is trained without branches. */
const PLAIN_SUFFIX = "-plain";

/** What a network is called that goes on from another. */
const FINE_TUNED = "fine-tuned";

/** The seed where none is named. */
export const DEFAULT_SEED = 1;

const dataSchema = z.strictObject({
  /** "shapes10", "shapes10-hard", or a path to a data set. */
  source: z.string().default("shapes10"),
  /** Side in pixels that the images of a folder are resized to. */
  imageSize: z.int().min(8).max(1024).optional(),
  /** Whether pictures of a folder that cannot be read are left out. */
  skipBad: z.boolean().optional(),
});

/** A configuration file: everything may be left out, and what is left out stays so, for the defaults come last. */
const fileSchema = z.strictObject({
  preset: z.string().optional(),
  seed: z.int().optional(),
  data: dataSchema.extend({ source: z.string().optional() }).optional(),
  network: z.record(z.string(), z.unknown()).optional(),
  training: z.record(z.string(), z.unknown()).optional(),
});

/** A configuration file's content, or what the flags say, in the same words. */
export type RunConfigInput = z.input<typeof fileSchema>;

const resolvedSchema = z.strictObject({
  preset: z.string(),
  seed: z.int(),
  data: dataSchema.extend({ checksum: z.string(), classNames: z.array(z.string()) }),
  network: z.unknown(),
  training: trainingSchema,
  from: fineTuningSchema.optional(),
});

/** The content of `config.json`. */
export interface RunConfig<Network extends NetworkConfig | ForeignNetwork = NetworkConfig> {
  /** What the network is called: the preset, and its block where that is another one. */
  readonly preset: string;
  readonly seed: number;
  readonly data: {
    readonly source: string;
    readonly imageSize?: number | undefined;
    readonly skipBad?: boolean | undefined;
    /** Checksum of the data set that the run saw. */
    readonly checksum: string;
    readonly classNames: readonly string[];
  };
  readonly network: Network;
  readonly training: TrainingConfig;
  /** What it is fine-tuned from; nothing where it starts from fresh weights. */
  readonly from?: FineTuning | undefined;
}

/** The same of any run: its network may be another program's. */
export type AnyRunConfig = RunConfig<NetworkConfig | ForeignNetwork>;

/** What is known before the data is loaded. */
export interface RequestedConfig {
  readonly data: z.output<typeof dataSchema>;
  /** The block, where the network is made of a person's own. */
  readonly own?: Block | undefined;
  /** What it is to be fine-tuned from. */
  readonly from?: FineTuningRequest | undefined;
  /**
   * The configuration that belongs to the loaded data. What nobody asked for is chosen for a person's own images.
   *
   * @param onChosen Told what was chosen, in a line.
   * @param source The network that {@link from} names.
   */
  resolve(
    dataset: Dataset,
    onChosen: ((message: string) => void) | undefined,
    source: FineTuningSource | undefined,
  ): AnyRunConfig;
  resolve(dataset: Dataset, onChosen?: (message: string) => void): RunConfig;
}

/**
 * A configuration as a person writes it, from an unchecked value.
 *
 * @throws {InputError} that lists everything wrong with it.
 */
export function parseRunConfigInput(value: unknown, what: string): RunConfigInput {
  return parseConfig(fileSchema, value, what);
}

/**
 * Combines the configuration file and the flags.
 *
 * @param file The file's content; `{}` without one.
 * @param flags What was typed. It wins over the file.
 * @param own The block, where what was typed names a person's own.
 * @param from What to fine-tune, whose network it is then.
 * @throws {InputError} when something is wrong with them, or a network is described and another to be fine-tuned.
 */
export function requestConfig(
  file: RunConfigInput,
  flags: RunConfigInput,
  own?: Block,
  from?: FineTuningRequest,
): RequestedConfig {
  if (from !== undefined) refuseNetworkWithSource(file, flags);
  const preset = flags.preset ?? file.preset ?? (file.network === undefined ? DEFAULT_PRESET : undefined);
  const data = parseConfig(dataSchema, { ...file.data, ...flags.data }, "data configuration");
  const asked = { ...file.training, ...flags.training };
  const parseTraining = (chosen: Partial<Recipe>) =>
    parseConfig(trainingSchema, { ...chosen, ...asked }, "training configuration");
  const { validationShare } = parseTraining({}); // which finds what is wrong before any data are loaded
  function resolve(dataset: Dataset, onChosen?: (message: string) => void): RunConfig;
  function resolve(
    dataset: Dataset,
    onChosen?: (message: string) => void,
    source?: FineTuningSource,
  ): AnyRunConfig {
    const chosen = isBuiltIn(data.source) ? {} : recipeFor(
      trainingImages(dataset, validationShare),
      typeof asked.batchSize === "number" ? asked.batchSize : undefined,
    );
    const training = parseTraining(chosen);
    if (Object.keys(chosen).some((key) => !(key in asked))) onChosen?.(describeChoice(dataset, training));
    const named = {
      seed: flags.seed ?? file.seed ?? DEFAULT_SEED,
      data: {
        ...data,
        ...(dataset.imageSize === undefined ? {} : { imageSize: dataset.imageSize }),
        checksum: dataset.checksum,
        classNames: dataset.classNames,
      },
    };
    if (from !== undefined && source !== undefined) {
      return {
        preset: FINE_TUNED,
        ...named,
        training: { ...training, form: source.form },
        ...resolveFineTuning(source, from, dataset, onChosen),
      };
    }
    const network = resolveNetwork(preset, [file.network ?? {}, flags.network ?? {}], dataset, own);
    return {
      preset: networkName(preset, network, own) + (training.form === "plain" ? PLAIN_SUFFIX : ""),
      ...named,
      network,
      training,
    };
  }
  return { data, own, from, resolve };
}

/** A network that is fine-tuned is as it is. */
function refuseNetworkWithSource(...inputs: readonly RunConfigInput[]): void {
  const described = inputs.flatMap(({ preset, network, training }) => [
    ...(preset === undefined ? [] : [`preset ${preset}`]),
    ...Object.keys(network ?? {}).map((key) => `network key ${key}`),
    ...(training?.["form"] === undefined ? [] : [`training form ${training["form"]}`]),
  ]);
  if (described.length === 0) return;
  throw new InputError(
    `--from takes the network as it is: ${described.join(", ")} cannot be given with it.`,
    "Leave out --preset, --block, --set and --plain, or train from fresh weights without --from.",
  );
}

/** The same network, data, seed and training, without branches. */
export function plainTwinOf(config: AnyRunConfig): AnyRunConfig {
  return {
    ...config,
    preset: config.preset + PLAIN_SUFFIX,
    training: { ...config.training, form: "plain" },
  };
}

function trainingImages(
  { train, validation, height, width }: Dataset,
  validationShare: number,
): TrainingImages {
  const held = validation === undefined ? Math.round(train.count * validationShare) : 0;
  return { count: train.count - held, height, width };
}

function describeChoice(
  { name, train: { count }, height, width }: Dataset,
  { batchSize, epochs, learningRate }: TrainingConfig,
): string {
  return `${name}: ${formatCount(count, "training image")} of ${width} x ${height} pixels, so ${
    formatCount(epochs, "epoch")
  } in batches of ${batchSize} at a rate of ${Number(learningRate.toPrecision(2))}; ` +
    "--image-size, --epochs, --batch-size and --learning-rate say otherwise";
}

/**
 * The content of a run's `config.json`, from an unchecked value.
 *
 * @param path Where it stood, for errors.
 * @throws {InputError} when it is not one of ours.
 */
export function parseRunConfig(value: unknown, path: string): AnyRunConfig {
  const config = parseConfig(resolvedSchema, value, `run configuration ${path}`);
  return { ...config, network: parseNetwork(config.network, `network in ${path}`) };
}

function parseNetwork(value: unknown, what: string): NetworkConfig | ForeignNetwork {
  const foreign = foreignNetworkSchema.safeParse(value);
  return foreign.success ? foreign.data : parseNetworkConfig(value, what);
}

/** Whether a run's network is one of ours. */
export function isOwnNetwork(config: AnyRunConfig): config is RunConfig {
  return !isForeign(config.network);
}

/** How bytes become the input of a run's network: as its source has it, else as all networks that are trained here. */
export function normalizationOfRun({ from, network }: AnyRunConfig): Normalization {
  return from?.normalization ?? defaultNormalization(network.inputSize[2]);
}

/**
 * The fingerprint that says which checkpoints fit a run: those with the same network, training, seed and data.
 *
 * @param config A resolved configuration.
 */
export function fingerprintOf(config: AnyRunConfig): Promise<string> {
  const { network, training, seed, data, from } = config;
  const text = JSON.stringify([
    network,
    training,
    seed,
    data.checksum,
    ...(from === undefined ? [] : [from]),
  ]);
  return sha256(new TextEncoder().encode(text));
}
