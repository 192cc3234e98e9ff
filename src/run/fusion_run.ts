/**
 * Fusion from disk to disk: read the frozen training form, fuse it, prove the result on the wasm backend, and only then
 * write it. A model that fails its proof is never written.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Progress } from "../progress.ts";
import {
  describeFusion,
  type FusionRequest,
  type FusionResult,
  placeOf,
  writeProved,
} from "./fusion_output.ts";
import { cutBatches, gatherBatch } from "../data/batches.ts";
import type { Dataset } from "../data/dataset.ts";
import type { Normalization } from "../data/normalization.ts";
import { ExpectedError, InputError } from "../errors.ts";
import { loadLayersModelArtifacts, MODEL_FILE, saveLayersModel } from "../formats/tfjs/layers_model.ts";
import { checkOutputFolder, type OutputRequest } from "../files/output_folder.ts";
import { loadModelArtifacts, modelFile } from "../formats/keras/load.ts";
import { readJson } from "../files/read.ts";
import { fuse, type Fusion } from "../formats/tfjs/fuse.ts";
import type { Graph } from "../graph/graph.ts";
import type { FusionRecord } from "../classify/fusion_record.ts";
import { proofBatches, type ProofInputs, proofInputsOf } from "../proof/inputs.ts";
import { type Batch, verifyFusion } from "../proof/tensorflow.ts";
import { type FusionProof, largest } from "../proof/equivalence.ts";
import { openModel } from "../model/open_model.ts";
import { formatCount } from "../text/quantities.ts";
import { type BnSnapshot, bnSnapshotOf } from "../train/bn_snapshot.ts";
import { normalizationOfRun } from "../train/run_config.ts";
import { readRunConfig } from "./config.ts";
import type { RunDirectory } from "./run_directory.ts";
import type { Datasets } from "./datasets.ts";
import { quoted } from "../text/shell.ts";

/** Images per batch of the proof. */
const PROOF_BATCH = 100;

/** Images on which a failed proof is tried again. */
const BLAME_IMAGES = 2;

/** A kernel is wrong when the forms are so many times as far apart as without it; rounding differs by less. */
const BLAME_FACTOR = 100;

/** Random images in the proof, beside the test set: they leave the manifold that training has seen. */
const RANDOM_IMAGES = 200;

/**
 * Fuses a trained run and proves it on its whole test set and on random images.
 *
 * @param run A run with a snapshot.
 * @param request Where to and how close.
 * @throws {InputError} when the snapshot is damaged, or not the one that its hash names.
 * @throws {GateError} when the forms differ; nothing is left at the output.
 */
export async function fuseRun(
  run: RunDirectory,
  request: FusionRequest & { readonly datasets: Datasets },
): Promise<FusionResult> {
  const config = await readRunConfig(run.config);
  const place = placeOf(request, [run.config, run.snapshot, run.checkpoints, run.source, config.data.source]);
  await checkOutputFolder(place);
  const artifacts = await loadLayersModelArtifacts(run.snapshot);
  const snapshotHash = await checkSnapshot(run, artifacts);
  const dataset = await request.datasets.get(config.data);
  return await fuseAndProve(artifacts, run.path, snapshotHash, { ...request, place }, function* (inputs) {
    yield* testBatches(dataset, normalizationOfRun(config));
    yield* randomBatches({ ...inputs, count: RANDOM_IMAGES });
  });
}

/**
 * Fuses any LayersModel on disk and proves it on random inputs.
 *
 * @param path A `model.json`, the folder that holds one, or a file of Keras.
 * @param request Where to and how close.
 * @throws {InputError} when it is not a LayersModel, or its input sizes are not fixed.
 * @throws {GateError} when the forms differ; nothing is left at the output.
 */
export async function fuseModelFile(path: string, request: FusionRequest): Promise<FusionResult> {
  const place = placeOf(request, [modelFile(path)]);
  await checkOutputFolder(place);
  const artifacts = await loadModelArtifacts(path);
  const { hash } = await bnSnapshotOf(artifacts);
  return await fuseAndProve(artifacts, path, hash, { ...request, place }, randomBatches);
}

async function fuseAndProve(
  artifacts: tf.io.ModelArtifacts,
  source: string,
  snapshotHash: string,
  { output, tolerance, imageSize, progress, place }: FusionRequest & { readonly place: OutputRequest },
  batchesFor: (inputs: ProofInputs) => Iterable<Batch>,
): Promise<FusionResult> {
  const fusion = fuse(artifacts);
  progress.log(describeFusion(source, fusion.report));
  const training = await openModel(artifacts, source);
  const fused = await openModel(fusion.artifacts, `${source}, fused`);
  const flat = fusion.flat && await openModel(fusion.flat(), source);
  try {
    const inputs = proofInputsOf(fusion.source, imageSize);
    const batches = countImages(batchesFor(inputs), progress);
    const proof = await verifyFusion({ training, flat, fused, fusion, inputs: batches, tolerance })
      .catch((error: unknown) => {
        throw isOpen(fusion.source) ? misfit(source, inputs, error) : error;
      });
    const record: FusionRecord = { source, snapshotHash, proof, ...fusion.report };
    const isKernels = !proof.pass &&
      BLAME_FACTOR * await worstOnCpu(artifacts, source, fusion, batchesFor(inputs)) <= worst(proof);
    const blame =
      `On TensorFlow.js's own cpu backend both forms agree: a kernel of the backend "${tf.getBackend()}" is wrong for ` +
      "this network. Choose others: --kernels fast (the default), or simd.";
    await writeProved(
      place,
      record,
      (folder) => saveLayersModel(folder, fusion.artifacts),
      isKernels ? blame : undefined,
    );
    return { output, file: MODEL_FILE, record };
  } finally {
    for (const model of [training, flat, fused]) model?.dispose();
  }
}

function isOpen({ inputs, values }: Graph): boolean {
  return inputs.some(({ value }) => values[value]!.shape?.slice(1).includes(null) === true);
}

/** What TensorFlow.js says of a size that the network does not take. */
function misfit(source: string, { inputs }: ProofInputs, error: unknown): Error {
  if (!(error instanceof Error) || error instanceof ExpectedError) return error as Error;
  const shapes = inputs.map(({ shape }) => `[${shape}]`).join(", ");
  return new InputError(
    `Cannot run ${source} on ${shapes}: ${error.message}`,
    "It leaves the size of its images open: name one that it takes, for example --image-size 224.",
  );
}

/** How far apart the forms are on the first images of the proof, on the backend that is plain JavaScript. */
async function worstOnCpu(
  artifacts: tf.io.ModelArtifacts,
  source: string,
  fusion: Fusion,
  batches: Iterable<Batch>,
): Promise<number> {
  const backend = tf.getBackend();
  if (backend === "cpu") return Infinity;
  tf.env().set("IS_NODE", false); // Or it recommends another package on the console.
  await tf.setBackend("cpu");
  const models: tf.LayersModel[] = [];
  try {
    for (const form of [artifacts, fusion.artifacts]) models.push(await openModel(form, source));
    const [training, fused] = models as [tf.LayersModel, tf.LayersModel];
    return worst(await verifyFusion({ training, fused, fusion, inputs: firstImages(batches) }));
  } finally {
    models.forEach((model) => model.dispose());
    await tf.setBackend(backend);
  }
}

function worst({ regions, outputs }: FusionProof): number {
  return Math.max(...[...regions, ...outputs].map(largest));
}

/** A few images, which take no long time on any backend. */
function* firstImages(batches: Iterable<Batch>): Generator<Batch> {
  for (const batch of batches) {
    const few = [batch].flat().map((tensor) => tensor.slice(0, Math.min(tensor.shape[0]!, BLAME_IMAGES)));
    tf.dispose(batch);
    yield few;
    return;
  }
}

/** The hash in `bn_snapshot.json`, after checking that the model beside it holds these very statistics. */
async function checkSnapshot(run: RunDirectory, artifacts: tf.io.ModelArtifacts): Promise<string> {
  const stored = await readJson(run.bnSnapshot, "a BN snapshot") as Partial<BnSnapshot>;
  const { hash } = await bnSnapshotOf(artifacts);
  if (stored.hash !== hash) {
    throw new InputError(
      `The model in ${run.snapshot} does not hold the statistics of its bn_snapshot.json: one of them was changed.`,
      `Write both again from the last checkpoint: repfuse train --resume ${quoted(run.path)}`,
    );
  }
  return hash;
}

/** The whole test set, in order. */
function* testBatches(dataset: Dataset, normalization: Normalization): Generator<tf.Tensor> {
  const { height, width, channels, test } = dataset;
  const everyImage = Uint32Array.from({ length: test.count }, (_, i) => i);
  for (const indices of cutBatches(everyImage, PROOF_BATCH, "keep")) {
    const { images } = gatherBatch(test, { height, width, channels }, indices, { normalization });
    yield tf.tensor4d(images, [indices.length, height, width, channels]);
  }
}

/** Noise and pictures as the network takes them. */
function* randomBatches(inputs: ProofInputs): Generator<tf.Tensor[]> {
  for (const arrays of proofBatches(inputs)) {
    yield arrays.map(({ data, shape }, i) =>
      tf.tensor(data, [...shape], inputs.inputs[i]!.isWhole ? "int32" : "float32")
    );
  }
}

function* countImages(batches: Iterable<Batch>, progress: Progress): Generator<Batch> {
  let images = 0;
  for (const batch of batches) {
    progress.update("proof", `${formatCount(images, "image")} compared`);
    images += (Array.isArray(batch) ? batch[0] : batch)?.shape[0] ?? 0;
    yield batch;
  }
}
