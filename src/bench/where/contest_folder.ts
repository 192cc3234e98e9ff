/**
 * Fills a folder with all that a contest needs: the bundled script, both forms as LayersModels and as ONNX, the images, and
 * the WebAssembly of the runtimes.
 *
 * @module
 */
import { writeFile } from "node:fs/promises";
import type { io } from "@tensorflow/tfjs";
import { type Script, scriptOf } from "../../deploy/script.ts";
import { gatherBatch } from "../../data/batches.ts";
import type { Normalization } from "../../data/normalization.ts";
import type { Dataset } from "../../data/dataset.ts";
import { compiledKernels } from "../../deploy/compiled_kernels.ts";
import { writeOnnx } from "../../formats/onnx/write.ts";
import { joinBuffers } from "../../formats/tfjs/layers_model.ts";
import { readLayersModel } from "../../formats/tfjs/read.ts";
import { readBytes } from "../../files/read.ts";
import {
  CONTEST_FILES,
  type ContestData,
  type FormName,
  FORMS,
  onnxFile,
  weightsFile,
} from "./contest_data.ts";
import { INFERENCE_KERNELS } from "./inference_kernels.ts";
import { LAUNCHER_FILE, launcherText, PAGE_FILE, PAGE_TEXT } from "./launchers.ts";

const IMPORT_MAP = new URL("./import_map.json", import.meta.url);

/** The contest. */
export const CONTEST_SCRIPT: Script = {
  entry: new URL("./contest.ts", import.meta.url),
  importMap: IMPORT_MAP,
  format: "esm",
};

/** What its threads in a browser run. */
export const THREAD_SCRIPT: Script = {
  entry: new URL("../../kernels/threads/browser_worker.ts", import.meta.url),
  importMap: IMPORT_MAP,
  format: "esm",
};

/** How a contest is held: {@link ContestData} without what the run gives. */
export type ContestSettings = Omit<ContestData, "models" | "inputSize" | "kernels" | "sharedKernels">;

/** What a contest is about. */
export interface ContestSubject {
  /** Both forms of a network. */
  readonly forms: Readonly<Record<FormName, io.ModelArtifacts>>;
  /** Whose test images they run on. */
  readonly dataset: Dataset;
  /** How their bytes become the network's input. */
  readonly normalization: Normalization;
}

/**
 * Writes the files.
 *
 * @param folder An empty folder.
 */
export async function fillContestFolder(
  folder: string,
  { forms, dataset, normalization }: ContestSubject,
  settings: ContestSettings,
): Promise<void> {
  for (const form of FORMS) {
    await writeFile(`${folder}/${weightsFile(form)}`, joinBuffers(forms[form].weightData));
    await writeFile(`${folder}/${onnxFile(form)}`, writeOnnx(readLayersModel(forms[form])));
  }
  const images = testImages(dataset, normalization, Math.max(...settings.batches));
  await writeFile(`${folder}/${CONTEST_FILES.images}`, new Uint8Array(images.buffer));
  const data: ContestData = {
    ...settings,
    models: { training: modelOf(forms.training), fused: modelOf(forms.fused) },
    inputSize: [dataset.height, dataset.width, dataset.channels],
    kernels: await compiledKernels({ only: INFERENCE_KERNELS }),
    sharedKernels: await compiledKernels({ only: INFERENCE_KERNELS, sharedMemory: true }),
  };
  await writeFile(`${folder}/${CONTEST_FILES.data}`, JSON.stringify(data));
  await copyOf(import.meta.resolve("@tensorflow/tfjs-backend-wasm"), CONTEST_FILES.tfjsWasm, folder);
  await copyOf(import.meta.resolve("@tensorflow/tfjs-backend-wasm"), CONTEST_FILES.tfjsThreadedWasm, folder);
  await copyOf(import.meta.resolve("onnxruntime-web/wasm"), CONTEST_FILES.ortWasm, folder);
  await writeFile(`${folder}/${CONTEST_FILES.script}`, await scriptOf(CONTEST_SCRIPT));
  await writeFile(`${folder}/${CONTEST_FILES.threadScript}`, await scriptOf(THREAD_SCRIPT));
  await writeFile(`${folder}/${LAUNCHER_FILE}`, launcherText());
  await writeFile(`${folder}/${PAGE_FILE}`, PAGE_TEXT);
}

function modelOf({ modelTopology, weightSpecs }: io.ModelArtifacts): ContestData["models"][FormName] {
  return { modelTopology: modelTopology!, weightSpecs: weightSpecs! };
}

/** The first test images of the run's data set, normalised; from the beginning again where there are fewer. */
function testImages(
  dataset: Dataset,
  normalization: Normalization,
  count: number,
): Float32Array<ArrayBuffer> {
  const indices = Array.from({ length: count }, (_, i) => i % dataset.test.count);
  return gatherBatch(dataset.test, dataset, indices, { normalization }).images;
}

/** Copies a file that lies beside the entry point of a package. */
async function copyOf(entry: string, file: string, folder: string): Promise<void> {
  const bytes = await readBytes(new URL(`./${file}`, entry), "a file of an engine");
  await writeFile(`${folder}/${file}`, bytes);
}
