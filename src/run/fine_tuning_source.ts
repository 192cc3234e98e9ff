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
import { weightsOf } from "../graph/graph.ts";
import { HEAD_LAYER } from "../model/architecture.ts";
import type { NetworkConfig } from "../model/config.ts";
import { networkGraph } from "../model/graph_network.ts";
import { TRAINED_FORMS } from "../model/network.ts";
import { openModel } from "../model/open_model.ts";
import type { TrainingConfig } from "../train/config.ts";
import { type FineTuning, type FineTuningSource, takeWeights } from "../train/fine_tuning.ts";
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
 * @param named A run, what `import` wrote, or a fused folder.
 * @throws {InputError} when there is no such thing, or its network is not one of ours.
 */
export async function readFineTuningSource(named: string): Promise<ReadSource> {
  const { artifacts, network, card } = await readModelSource(named, "training");
  if (network === undefined) {
    throw new InputError(
      `Cannot fine-tune ${named}: which network it is, stage by stage, is not known of a model of another program.`,
      "Name a run, its fused/ folder, or what repfuse import wrote of PyTorch weights.",
    );
  }
  if (network.block === "file") {
    throw new InputError(
      `Cannot fine-tune ${named}: it is made of the block in ${network.file.path}, and --from runs nobody's code.`,
      "Fine-tune a network of one of the built-in blocks.",
    );
  }
  const form = formOf(network, artifacts);
  if (form === undefined) {
    throw new InputError(
      `Cannot fine-tune ${named}: its layers are not those of its configuration.`,
      "Name the run that it was made from, or import its PyTorch weights again: repfuse import FILE",
    );
  }
  return {
    path: named,
    artifacts,
    network,
    form,
    sha256: await hashOf(artifacts),
    normalization: card.normalization,
  };
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
 * Gives the network of a run the weights of its source, from the run's own copy.
 *
 * @throws {InputError} when the copy is gone or changed.
 */
export async function takeKeptWeights(
  model: tf.LayersModel,
  run: RunDirectory,
  from: FineTuning,
): Promise<void> {
  const artifacts = await loadLayersModelArtifacts(run.source);
  if (await hashOf(artifacts) !== from.sha256) {
    throw new InputError(
      `The weights in ${run.source} are not those that the run began with.`,
      `Start a new run: repfuse train --from ${from.path}`,
    );
  }
  const source = await openModel(artifacts, run.source);
  try {
    takeWeights(model, source, run.source);
  } finally {
    source.dispose();
  }
}

/** SHA-256 of the weights, as they are stored. */
function hashOf({ weightData = [] }: tf.io.ModelArtifacts): Promise<string> {
  return sha256(...Array.isArray(weightData) ? weightData : [weightData]);
}
