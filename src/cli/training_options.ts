/**
 * The flags that describe a training: the network, the data and how it is trained. Every task that trains has them.
 *
 * @module
 */
import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { InputError } from "../errors.ts";
import { PRESET_NAMES } from "../model/presets.ts";
import type { OwnBlock } from "../model/blocks/own.ts";
import { isBlockFile, loadBlockFile } from "../run/block_file.ts";
import { readRunConfigFile } from "../run/config.ts";
import { isRunName } from "../run/run_directory.ts";
import { trainingSchema } from "../train/config.ts";
import { DEFAULT_VIEWS, type FineTuningRequest } from "../train/fine_tuning.ts";
import { DEFAULT_PRESET, DEFAULT_SEED, requestConfig, type RequestedConfig } from "../train/run_config.ts";
import { newComputeCommand } from "./backend_options.ts";
import { CARD_OPTIONS } from "./card_options.ts";
import { decimal, wholeNumber } from "./command.ts";
import { BLOCK_HELP, blockName, networkChanges, networkSetting, SET_HELP } from "./network_flags.ts";
import { definedOnly } from "./options.ts";

const DEFAULTS = trainingSchema.parse({});

/** What holds for images of a person's own. */
const BY_NUMBER = "; for your own images by their number and size";

/** The flags of {@link newNetworkCommand}. */
export type TrainingFlags = ReturnType<ReturnType<typeof newTrainingCommand>["opts"]>;

/** A parser for `--name`. */
function runName(text: string): string {
  if (isRunName(text)) return text;
  throw new InvalidArgumentError("It must be a plain name of letters, digits, dots, dashes and underscores.");
}

/** A command with the flags that say where a network begins: `--preset`, `--config`, `--data`, `--image-size`, `--name`. */
export function newNetworkCommand(name: string, description: string) {
  return newComputeCommand(name, description)
    .option(
      "--name <name>",
      "the folder below runs/, one that is not there yet (default: from the time)",
      runName,
    )
    .option(
      "--preset <name>",
      `sizes of the network: ${PRESET_NAMES.join(", ")} (default: ${DEFAULT_PRESET})`,
    )
    .option(
      "--config <file>",
      "a JSON file with any of: preset, seed, data, network, training; flags win over it (default: none)",
    )
    .option(
      "--data <source>",
      "shapes10, or a folder of IDX files, CIFAR-10 batches or class folders (default: shapes10)",
    )
    .option(
      "--image-size <pixels>",
      "resize images to this side (default: photos to a size that fits them, others stay as they are)",
      wholeNumber(8, 1024),
    )
    .option("--skip-bad", "leave out pictures of class folders that cannot be read (default: an error)");
}

/** A command with the flags of {@link newNetworkCommand}, and those that say how one network is made and trained. */
export function newTrainingCommand(name: string, description: string) {
  return newNetworkCommand(name, description)
    .option(
      "--from <network>",
      "fine-tune: a new head on the network of a run, of what import wrote, of a fused folder, or on anybody's: a model.json, " +
        "an ONNX file, a file of Keras (default: fresh weights)",
    )
    .option(
      "--freeze <stage>",
      "with --from: the last stage that stays as it is, 0 for none " +
        "(default: all but the last stage up to 100 images a class, else none)",
      wholeNumber(0),
    )
    .option(
      "--views <count>",
      by("with --freeze: augmented views of every image that the frozen stages see", DEFAULT_VIEWS),
      wholeNumber(1, 1000),
    )
    .addOption(CARD_OPTIONS.pixels)
    .addOption(CARD_OPTIONS.mean)
    .addOption(CARD_OPTIONS.std)
    .option("--block <kind>", `${BLOCK_HELP} (default: the preset's)`, blockName)
    .option("--set <key=value>", `${SET_HELP} (default: as the preset says)`, networkSetting)
    .option(
      "--plain",
      "train the plain network itself, without branches, to compare (default: with its branches)",
    )
    .option(
      "--epochs <count>",
      by("passes over the training images", DEFAULTS.epochs, BY_NUMBER),
      wholeNumber(1),
    )
    .option("--batch-size <count>", by("images per step", DEFAULTS.batchSize, BY_NUMBER), wholeNumber(2))
    .option("--learning-rate <rate>", by("peak learning rate", DEFAULTS.learningRate), decimal(1e-9))
    .option("--warmup-epochs <count>", by("epochs of linear warm-up", DEFAULTS.warmupEpochs), decimal(0))
    .option("--momentum <value>", by("Nesterov momentum", DEFAULTS.momentum), decimal(0, 0.9999))
    .option("--weight-decay <value>", by("L2 decay on kernels", DEFAULTS.weightDecay), decimal(0))
    .option(
      "--label-smoothing <value>",
      by("probability spread over all classes", DEFAULTS.labelSmoothing),
      decimal(0, 0.9),
    )
    .option("--shift <pixels>", by("largest random shift", DEFAULTS.shift), wholeNumber(0))
    .option("--no-flip", "do not mirror training images, for digits and letters (default: mirrored)")
    .option(
      "--crop <area>",
      by("smallest share of the area that a random crop keeps, 1 for no crop", DEFAULTS.minCrop),
      decimal(0.05, 1),
    )
    .option(
      "--color-jitter <amount>",
      by("brightness, contrast and saturation change by up to this factor", DEFAULTS.colorJitter),
      decimal(0, 1),
    )
    .option(
      "--cutout <pixels>",
      by("side of a grey square in every training image", DEFAULTS.cutout),
      wholeNumber(0),
    )
    .option(
      "--mixup <alpha>",
      by("blend pairs of images, shares from Beta(alpha, alpha)", DEFAULTS.mixup),
      decimal(0, 1),
    )
    .option(
      "--balance",
      "let every class count alike, however many images it has (default: every image does)",
    )
    .option(
      "--ema-decay <value>",
      by("average the weights with this decay, for example 0.99", DEFAULTS.emaDecay),
      decimal(0, 0.99999),
    )
    .option("--dropout <share>", by("dropout before the head", DEFAULTS.dropout), decimal(0, 0.95))
    .option(
      "--r-drop <alpha>",
      by("R-Drop with this weight; needs --dropout", DEFAULTS.rDropAlpha),
      decimal(0),
    )
    .option(
      "--recalibrate <batches>",
      by("recompute BatchNorm statistics over so many batches", DEFAULTS.recalibrateBatches),
      wholeNumber(0),
    )
    .option(
      "--validation <share>",
      by(
        "training images held back to find the best epoch, where the data has no validation folder",
        DEFAULTS.validationShare,
      ),
      decimal(0, 0.9),
    )
    .addOption(
      new Option("--keep <epoch>", `the weights that are frozen (default: ${DEFAULTS.keep})`).choices(
        ["last", "best"] as const,
      ),
    )
    .option(
      "--patience <epochs>",
      by("stop after so many epochs without a better validation accuracy; 0 never does", DEFAULTS.patience),
      wholeNumber(0),
    )
    .option("--seed <number>", by("seed of everything random", DEFAULT_SEED), wholeNumber(0, 0x7fffffff));
}

/**
 * What the flags and the configuration file that they name ask for.
 *
 * @throws {InputError} when the file cannot be read, or they contradict each other.
 */
export async function requestFrom(flags: TrainingFlags): Promise<RequestedConfig> {
  const file = flags.config === undefined ? {} : await readRunConfigFile(flags.config);
  const own = await ownBlockOf(flags.block);
  return requestConfig(
    file,
    {
      ...definedOnly({ preset: flags.preset, seed: flags.seed, network: networkChanges(flags, own) }),
      data: definedOnly({ source: flags.data, imageSize: flags.imageSize, skipBad: flags.skipBad }),
      training: definedOnly({
        form: flags.plain === true ? "plain" : undefined,
        epochs: flags.epochs,
        batchSize: flags.batchSize,
        learningRate: flags.learningRate,
        warmupEpochs: flags.warmupEpochs,
        momentum: flags.momentum,
        weightDecay: flags.weightDecay,
        labelSmoothing: flags.labelSmoothing,
        shift: flags.shift,
        flip: flags.flip ? undefined : false,
        minCrop: flags.crop,
        colorJitter: flags.colorJitter,
        cutout: flags.cutout,
        mixup: flags.mixup,
        balance: flags.balance,
        emaDecay: flags.emaDecay,
        dropout: flags.dropout,
        rDropAlpha: flags.rDrop,
        recalibrateBatches: flags.recalibrate,
        validationShare: flags.validation,
        keep: flags.keep,
        patience: flags.patience,
      }),
    },
    own?.block,
    sourceFrom(flags),
  );
}

/** What `--from` and the flags beside it say. */
function sourceFrom(
  { from, freeze, views, pixels, mean, std }: TrainingFlags,
): FineTuningRequest | undefined {
  const beside = { freeze, views, pixels, mean, std };
  if (from !== undefined) return { network: from, ...beside };
  const [flag] = Object.keys(definedOnly(beside));
  if (flag === undefined) return undefined;
  throw new InputError(
    `--${flag} is about a network that is fine-tuned, and none is named.`,
    "Name it with --from: a run, what repfuse import wrote, or a network of another program.",
  );
}

/** The block of the file that `--block` names; nothing where it names a kind, or is not given. */
export async function ownBlockOf(block: string | undefined): Promise<OwnBlock | undefined> {
  return block === undefined || !isBlockFile(block) ? undefined : await loadBlockFile(block);
}

/** Not commander's own default, which would win over the configuration file. */
function by(what: string, value: number, otherwise = ""): string {
  return `${what} (default: ${value}${otherwise})`;
}
