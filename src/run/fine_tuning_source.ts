/**
 * The network that a run is fine-tuned from, on the disk: found and read when the run starts, copied into it, and read from the
 * copy when it is resumed.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import { sha256 } from "../files/hash.ts";
import { kindByNames, replaceFolder } from "../files/output_folder.ts";
import { loadLayersModelArtifacts, MODEL_FILE, saveLayersModel } from "../formats/tfjs/layers_model.ts";
import type { ModelSource } from "../deploy/model_source.ts";
import { readLayersModel } from "../formats/tfjs/read.ts";
import { type Graph, weightsOf } from "../graph/graph.ts";
import { withOpenBatch } from "../graph/open_batch.ts";
import { featuresOf, trunkOf } from "../graph/trunk.ts";
import { HEAD_LAYER } from "../model/architecture.ts";
import type { NetworkConfig } from "../model/config.ts";
import { networkGraph } from "../model/graph_network.ts";
import { TRAINED_FORMS } from "../model/network.ts";
import { openModel } from "../model/open_model.ts";
import type { TrainingConfig } from "../train/config.ts";
import {
  type FineTuning,
  type FineTuningRequest,
  type FineTuningSource,
  takeWeights,
} from "../train/fine_tuning.ts";
import { readModelSource } from "./read_source.ts";
import type { RunDirectory } from "./run_directory.ts";

/** The folder of the copy. Its marker is the model itself. */
const SOURCE = kindByNames("the source's weights", MODEL_FILE, {
  keys: ["modelTopology"],
  names: /^weights-\d+of\d+\.bin$/,
});

/** A source that was read. */
export interface ReadSource extends FineTuningSource {
  readonly artifacts: tf.io.ModelArtifacts;
}

/**
 * Finds and reads what a person names.
 *
 * @param request A run, what `import` wrote, a fused folder, or a network of another program, and what they say of its pixels.
 * @param imageSize Side of the images, where they say it.
 * @param onAssumed Told in a line what nobody said.
 * @throws {InputError} when there is no such thing, or it cannot be fine-tuned.
 */
export async function readFineTuningSource(
  { network: named, pixels, mean, std }: FineTuningRequest,
  imageSize?: number,
  onAssumed?: (message: string) => void,
): Promise<ReadSource> {
  const said = { pixels, mean, std };
  const source = await readModelSource(named, "training", said).catch((error) => {
    // A network of ours learns from images of another size than its own; one of another program may ask for a size.
    if (imageSize === undefined || !(error instanceof InputError)) throw error;
    return readModelSource(named, "training", { ...said, imageSize });
  });
  const { artifacts, card, assumed = [] } = source;
  const pixelsAssumed = assumed.filter((what) => /--(pixels|mean|std)\b/.test(what));
  if (pixelsAssumed.length > 0) onAssumed?.(`assumed of ${named}: ${pixelsAssumed.join("; ")}`);
  return {
    path: named,
    artifacts,
    ...networkOf(source, named),
    sha256: await hashOf(artifacts),
    normalization: card.normalization,
    classNames: card.classNames,
  };
}

/** The network, as a configuration names it, and its form. */
function networkOf(
  { network, artifacts, card: { inputSize, classNames } }: ModelSource,
  named: string,
): Pick<ReadSource, "network" | "form"> {
  if (network === undefined) {
    const features = featuresOf(trunkOfSource(readLayersModel(artifacts), named));
    return {
      network: { block: "foreign", inputSize, classCount: classNames.length, features },
      form: "wide",
    };
  }
  if (network.block === "file") {
    throw new InputError(
      `Cannot fine-tune ${named}: it is made of the block in ${network.file.path}, and --from runs nobody's code.`,
      "Fine-tune a network of one of the built-in blocks.",
    );
  }
  const form = formOf(network, artifacts);
  if (form !== undefined) return { network, form };
  throw new InputError(
    `Cannot fine-tune ${named}: its layers are not those of its configuration.`,
    "Name the run that it was made from, or import its PyTorch weights again: repfuse import FILE",
  );
}

/**
 * What of a network of another program stays under a new head.
 *
 * @param path Names it in errors.
 * @throws {InputError} when it does not end in features [N, C].
 */
export function trunkOfSource(graph: Graph, path: string): Graph {
  const trunk = trunkOf(forAnyBatch(graph));
  if (trunk !== undefined) return trunk;
  throw new InputError(
    `Cannot fine-tune ${path}: expected a classifier whose last dense layer takes features [N, channels], or a network that ` +
      "ends in such features.",
    "Cut it in its own program behind its global pooling, and name what that saves.",
  );
}

/** A network that was saved for one image at once learns from many; layers of no known meaning may know better. */
function forAnyBatch(graph: Graph): Graph {
  const { inputs, values, operations } = graph;
  const isFixed = inputs.some(({ value }) => values[value]!.shape?.[0] != null);
  if (!isFixed || operations.some(({ op }) => op === "opaque")) return graph;
  return withOpenBatch({ ...graph, inputs: inputs.map(({ name, value }) => ({ name, value })) });
}

/** The form whose weights, but for the head, are all there. */
function formOf(
  network: NetworkConfig,
  { weightSpecs = [] }: ModelSource["artifacts"],
): TrainingConfig["form"] | undefined {
  const there = new Set(weightSpecs.map(({ name }) => name));
  const forms = Object.keys(TRAINED_FORMS) as TrainingConfig["form"][];
  return forms.find((form) =>
    networkGraph(network, TRAINED_FORMS[form]).operations.flatMap(weightsOf)
      .every(({ name }) => name.startsWith(`${HEAD_LAYER}/`) || there.has(name))
  );
}

/** Copies the source into a run. */
export async function keepSource({ source }: RunDirectory, { artifacts }: ReadSource): Promise<void> {
  await replaceFolder(
    { path: source, kind: SOURCE, inputs: [] },
    (folder) => saveLayersModel(folder, artifacts),
  );
}

/**
 * The run's own copy of its source.
 *
 * @throws {InputError} when it is gone or changed.
 */
export async function keptSource({ source }: RunDirectory, from: FineTuning): Promise<tf.io.ModelArtifacts> {
  const artifacts = await loadLayersModelArtifacts(source);
  if (await hashOf(artifacts) === from.sha256) return artifacts;
  throw new InputError(
    `The weights in ${source} are not those that the run began with.`,
    `Start a new run: repfuse train --from ${from.path}`,
  );
}

/**
 * Gives the network of a run the weights of its source, from the run's own copy.
 *
 * @throws {InputError} when the copy is gone or changed.
 */
export async function takeKeptWeights(
  model: tf.LayersModel,
  run: RunDirectory,
  from: FineTuning,
): Promise<void> {
  const source = await openModel(await keptSource(run, from), run.source);
  try {
    takeWeights(model, source, run.source, from.keepsHead);
  } finally {
    source.dispose();
  }
}

/** SHA-256 of the weights, as they are stored. */
function hashOf({ weightData = [] }: tf.io.ModelArtifacts): Promise<string> {
  return sha256(...Array.isArray(weightData) ? weightData : [weightData]);
}
