/**
 * The `torch-train` export: a run's training in PyTorch, for what one machine or this engine is too slow for. Programs that are
 * copied as they are, the run's own configuration, and the weights that it started from and ended with, in PyTorch's names.
 *
 *     train.py network.py data.py weights.py   config.json classes.txt   start.safetensors trained.safetensors   README.md
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import { readText } from "../../files/read.ts";
import { writeSafetensors } from "../../formats/safetensors/write.ts";
import type { Graph } from "../../graph/graph.ts";
import { type NetworkConfig, type NetworkConfigInput, parseNetworkConfig } from "../../model/config.ts";
import { ARCHITECTURE_KEY } from "../../model/torch/network.ts";
import { type ModuleOfLayer, networkModules } from "../../model/torch/modules.ts";
import { torchState } from "../../model/torch/write_weights.ts";
import { trainingSchema } from "../../train/config.ts";
import { type AnyRunConfig, isOwnNetwork, type RunConfig } from "../../train/run_config.ts";
import { quoted } from "../../text/shell.ts";

/** What `--format` calls it. */
export const TORCH_TRAIN = { name: "torch-train", summary: "its training as a PyTorch program" } as const;

const PROGRAMS = ["train.py", "network.py", "data.py", "weights.py"] as const;
const START_FILE = "start.safetensors";
const CLASSES_FILE = "classes.txt";
const TRAINED_FILE = "trained.safetensors";

/** What the programs do of a recipe. */
const CARRIED: ReadonlySet<string> = new Set([
  ...[
    "form",
    "epochs",
    "batchSize",
    "learningRate",
    "warmupEpochs",
    "momentum",
    "weightDecay",
    "labelSmoothing",
  ],
  ...[
    "shift",
    "flip",
    "minCrop",
    "colorJitter",
    "cutout",
    "mixup",
    "balance",
    "emaDecay",
    "dropout",
    "rDropAlpha",
  ],
  ...["validationShare", "keep", "patience", "recalibrateBatches"],
]);

/** A training to write. */
export interface TorchTraining {
  readonly config: RunConfig;
  /** The network as the run began with it, in the form that it trains. */
  readonly start: Graph;
  /** The same after training, where the run has come so far. */
  readonly trained?: Graph | undefined;
  /** Where the data lie. */
  readonly dataFolder: string;
}

/**
 * Refuses a run that the programs do not train as it trains here.
 *
 * @throws {InputError} that names what is not carried over.
 */
export function checkTorchTraining(config: AnyRunConfig): asserts config is RunConfig {
  if (!isOwnNetwork(config) || config.from !== undefined || config.training.form === "deploy") {
    throw new InputError(
      "Cannot export the training for PyTorch: fine-tuning (--from) is not carried over.",
      "Export a run that began with fresh weights; --init in PyTorch goes on from trained ones.",
    );
  }
  torchNetwork(config);
  if (config.network.stages.some((stage) => "dilation" in stage || "entryIdentity" in stage)) {
    throw new InputError(
      "Cannot export the training for PyTorch: stages with a dilation or without their first identity are not carried over.",
      "Train it here: repfuse train",
    );
  }
  const defaults: Readonly<Record<string, unknown>> = trainingSchema.parse({});
  const odd = Object.entries(config.training)
    .filter(([key, value]) => !CARRIED.has(key) && JSON.stringify(value) !== JSON.stringify(defaults[key]))
    .map(([key]) => key);
  if (odd.length > 0) {
    throw new InputError(
      `Cannot export the training for PyTorch: ${odd.join(", ")} of its configuration is not carried over.`,
      "Train without it, or here: repfuse train",
    );
  }
}

/** The files by name. */
export async function torchTrainFiles(
  { config, start, trained, dataFolder }: TorchTraining,
): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const { network, moduleOf } = torchNetwork(config);
  const weights = (graph: Graph) =>
    writeSafetensors({
      tensors: torchState(graph, moduleOf),
      metadata: { format: "pt", [ARCHITECTURE_KEY]: JSON.stringify(network) },
    });
  const programs = await Promise.all(
    PROGRAMS.map(async (name) =>
      [name, await readText(new URL(name, import.meta.url), "a program for PyTorch")] as const
    ),
  );
  return new Map<string, string | Uint8Array>([
    ...programs,
    ["config.json", JSON.stringify(config, null, 2) + "\n"],
    [START_FILE, weights(start)],
    ...(trained === undefined ? [] : [[TRAINED_FILE, weights(trained)] as const]),
    [CLASSES_FILE, config.data.classNames.map((name) => `${name}\n`).join("")],
    ["README.md", readme(config, dataFolder, trained !== undefined)],
  ]);
}

/** The network that is trained, and the names of its layers in PyTorch. */
function torchNetwork(
  { network, training }: RunConfig,
): { network: NetworkConfig; moduleOf: ModuleOfLayer } {
  if (network.block === "file") {
    throw new InputError(
      `Cannot export the training for PyTorch: the network is made of the block in ${network.file.path}, which is not ` +
        "carried over.",
      "Write it as a function in network.py of another run's export, or train it here: repfuse train",
    );
  }
  if (training.form === "wide") return { network, moduleOf: networkModules(network, "reference") };
  const twin = plainTwin(network);
  const moduleOf = networkModules(twin, "reference");
  return { network: twin, moduleOf: (layer, isDeploy) => moduleOf(twinLayer(layer), isDeploy) };
}

/** The deploy form as a network of its own, whose blocks have one branch; as `plain_twin` in network.py makes it. */
function plainTwin(network: NetworkConfig): NetworkConfig {
  if (network.block === "mobileone") return { ...network, convBranches: 1, scale: false, skip: false };
  const kernel = "kernelSizes" in network
    ? Math.max(...network.kernelSizes as number[])
    : "kernelSize" in network
    ? network.kernelSize
    : 3;
  if (network.block === "repvit" || kernel !== 3) {
    throw new InputError(
      `Cannot export the training for PyTorch: the plain form of ${network.block} with ${kernel}x${kernel} kernels is not ` +
        "carried over.",
      "Export the run of the wide form.",
    );
  }
  const { inputSize, classCount, padding, activation, stem, stages, groups = 1, groupsEvery = 2 } = network;
  const gates = "squeezeExcite" in network ? { squeezeExcite: network.squeezeExcite } : {};
  const shape = { inputSize, classCount, padding, activation, stem, stages, groups, groupsEvery, ...gates };
  const branches = { conv1x1: false, identity: false };
  return parseNetworkConfig({ block: "repvgg", ...shape, branches } as NetworkConfigInput);
}

/** A layer of the plain form by the name that the twin's has. */
function twinLayer(layer: string): string {
  return layer.replace(/reparam(?=_bn$|$)/, layer.includes("/pointwise/") ? "conv1x1" : "conv3x3");
}

function readme({ preset, data }: RunConfig, dataFolder: string, hasTrained: boolean): string {
  const command = `python3 train.py --data ${quoted(dataFolder)}`;
  return `# ${preset} on ${data.source}, trained in PyTorch

\`train.py\` trains the network of \`config.json\` as \`repfuse train\` does. It needs PyTorch 1.13 or newer and numpy, and
Pillow where the data are folders of pictures.

    ${command}

From the very weights that the run began with${hasTrained ? ", or ended with" : ""}:

    ${command} --init ${START_FILE}
${hasTrained ? `    ${command} --init ${TRAINED_FILE}\n` : ""}
On eight GPUs of one machine, or on two machines. \`batchSize\` in \`config.json\` is that of all processes together:

    torchrun --nproc_per_node 8 ${command.slice("python3 ".length)}
    torchrun --nnodes 2 --nproc_per_node 8 --rdzv_backend c10d --rdzv_endpoint HOST:29400 \\
      ${command.slice("python3 ".length)}

\`--resume\` goes on after the last whole epoch. What it leaves in \`out/\` comes back by

    repfuse import out/model.safetensors --labels ${CLASSES_FILE} --output runs/imported/${preset}
    repfuse fuse runs/imported/${preset}
`;
}
