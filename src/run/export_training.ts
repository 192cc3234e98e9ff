/**
 * The `torch-train` export from a run to disk.
 *
 * @module
 */
import { resolve } from "node:path";
import { loadLayersModelArtifacts } from "../formats/tfjs/layers_model.ts";
import { readLayersModel } from "../formats/tfjs/read.ts";
import { defaultNormalization } from "../data/normalization.ts";
import { isBuiltIn } from "../data/shapes10_folder.ts";
import {
  describeCard,
  describeFiles,
  EXPORT_FOLDER,
  type Manifest,
  MANIFEST_FILE,
} from "../deploy/manifest.ts";
import { checkTorchTraining, TORCH_TRAIN, torchTrainFiles } from "../deploy/torch_train/files.ts";
import { writeFileAtomically, writeJsonAtomically } from "../files/atomic_write.ts";
import { sha256 } from "../files/hash.ts";
import { keptFolder } from "../files/kept_folder.ts";
import { replaceFolder } from "../files/output_folder.ts";
import { exists, readBytes } from "../files/read.ts";
import { artifactsOf } from "../model/artifacts.ts";
import { createNetwork } from "../model/network.ts";
import type { Progress } from "../progress.ts";
import { readRunConfig } from "./config.ts";
import type { ExportResult } from "./export_run.ts";
import type { RunDirectory } from "./run_directory.ts";

/**
 * Writes a run's training for PyTorch. The run need not be finished.
 *
 * @param output The folder that is made; `export/torch-train/` in the run when not given.
 * @throws {InputError} when something of the run is not carried over, or the output may not go there.
 */
export async function exportTraining(
  run: RunDirectory,
  { output = `${run.path}/export/${TORCH_TRAIN.name}`, progress }: {
    output?: string | undefined;
    progress: Progress;
  },
): Promise<ExportResult> {
  const config = await readRunConfig(run.config);
  checkTorchTraining(config);
  const { network, data, training: { form }, seed } = config;
  const model = createNetwork(network, { seed, form });
  const start = readLayersModel(await artifactsOf(model));
  model.dispose();
  const trained = await exists(run.bnSnapshot)
    ? readLayersModel(await loadLayersModelArtifacts(run.snapshot))
    : undefined;
  const dataFolder = isBuiltIn(data.source) ? keptFolder(data.source) : resolve(data.source);
  const files = await torchTrainFiles({ config, start, trained, dataFolder });
  const { source, checksum, imageSize } = data;
  const card = {
    classNames: data.classNames,
    inputSize: network.inputSize,
    normalization: defaultNormalization(network.inputSize[2]),
    givesProbabilities: false,
  };
  const about: Omit<Manifest, "files"> = {
    format: TORCH_TRAIN.name,
    form: "training",
    precision: "float32",
    source: { path: run.path, sha256: await sha256(await readBytes(run.config, "a run's configuration")) },
    ...describeCard(card),
    network,
    data: { source, checksum, ...(imageSize === undefined ? {} : { imageSize }) },
  };
  let manifest: Manifest | undefined;
  const inputs = [run.config, run.snapshot, run.checkpoints, ...isBuiltIn(source) ? [] : [source]];
  await replaceFolder({ path: output, kind: EXPORT_FOLDER, inputs }, async (folder) => {
    progress.log(`writing the training of ${run.path} for PyTorch`);
    for (const [name, content] of files) await writeFileAtomically(`${folder}/${name}`, content);
    manifest = { ...about, files: await describeFiles(folder) };
    await writeJsonAtomically(`${folder}/${MANIFEST_FILE}`, manifest);
  });
  return { output, manifest: manifest! };
}
