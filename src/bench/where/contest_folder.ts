/**
 * Fills a folder with all that a contest needs: the bundled script, both forms as programs and as ONNX, the images, and the
 * WebAssembly of the runtimes.
 *
 * @module
 */
import { writeFile } from "node:fs/promises";
import { bundle } from "../../deploy/bundle.ts";
import { gatherBatch } from "../../data/batches.ts";
import { loadDataset } from "../../data/load.ts";
import { compiledKernels, INFERENCE_KERNELS } from "../../deploy/compiled_kernels.ts";
import { loadLayersModelArtifacts } from "../../formats/tfjs/layers_model.ts";
import { writeOnnx } from "../../formats/onnx/model.ts";
import { readBytes } from "../../files/read.ts";
import { compileNetwork } from "../../runtime/compile.ts";
import { readRunConfig } from "../../run/config.ts";
import type { RunDirectory } from "../../run/run_directory.ts";
import { CONTEST_FILES, type ContestData, FORMS, onnxFile, weightsFile } from "./contest_data.ts";
import { LAUNCHER_FILE, launcherText, PAGE_FILE, PAGE_TEXT } from "./launchers.ts";

const SCRIPT = new URL("./contest.ts", import.meta.url);
const THREAD = new URL("./browser_thread.ts", import.meta.url);
const IMPORT_MAP = new URL("../../deploy/page/import_map.json", import.meta.url);

/** How a contest is held: {@link ContestData} without what the run gives. */
export type ContestSettings = Omit<ContestData, "programs" | "kernels" | "sharedKernels">;

/**
 * Writes the files.
 *
 * @param folder An empty folder.
 * @param run A fused run.
 * @throws {InputError} when a file of the run or its data set cannot be read.
 */
export async function fillContestFolder(
  folder: string,
  run: RunDirectory,
  settings: ContestSettings,
): Promise<void> {
  const artifacts = {
    training: await loadLayersModelArtifacts(run.snapshot),
    fused: await loadLayersModelArtifacts(run.fused),
  };
  const compiled = { training: compileNetwork(artifacts.training), fused: compileNetwork(artifacts.fused) };
  for (const form of FORMS) {
    await writeFile(`${folder}/${weightsFile(form)}`, new Uint8Array(compiled[form].weights.buffer));
    await writeFile(`${folder}/${onnxFile(form)}`, writeOnnx(artifacts[form], { metadata: {} }));
  }
  const images = await testImages(run, Math.max(...settings.batches));
  await writeFile(`${folder}/${CONTEST_FILES.images}`, new Uint8Array(images.buffer));
  const data: ContestData = {
    ...settings,
    programs: { training: compiled.training.program, fused: compiled.fused.program },
    kernels: await compiledKernels({ only: INFERENCE_KERNELS }),
    sharedKernels: await compiledKernels({ only: INFERENCE_KERNELS, sharedMemory: true }),
  };
  await writeFile(`${folder}/${CONTEST_FILES.data}`, JSON.stringify(data));
  await copyOf("@tensorflow/tfjs-backend-wasm", CONTEST_FILES.tfjsWasm, folder);
  await copyOf("@tensorflow/tfjs-backend-wasm", CONTEST_FILES.tfjsThreadedWasm, folder);
  await copyOf("onnxruntime-web/wasm", CONTEST_FILES.ortWasm, folder);
  await writeFile(`${folder}/${CONTEST_FILES.script}`, await bundle(SCRIPT, IMPORT_MAP));
  await writeFile(`${folder}/${CONTEST_FILES.threadScript}`, await bundle(THREAD, IMPORT_MAP));
  await writeFile(`${folder}/${LAUNCHER_FILE}`, launcherText());
  await writeFile(`${folder}/${PAGE_FILE}`, PAGE_TEXT);
}

/** The first test images of the run's data set, normalised; from the beginning again where there are fewer. */
async function testImages(run: RunDirectory, count: number): Promise<Float32Array<ArrayBuffer>> {
  const { data } = await readRunConfig(run.config);
  const dataset = await loadDataset(data.source, {
    ...(data.imageSize === undefined ? {} : { imageSize: data.imageSize }),
    onProgress: () => {},
  });
  const indices = Array.from({ length: count }, (_, i) => i % dataset.test.count);
  return gatherBatch(dataset.test, dataset, indices).images;
}

/** Copies a file that lies beside the entry point of a package. */
async function copyOf(name: string, file: string, folder: string): Promise<void> {
  const url = new URL(`./${file}`, import.meta.resolve(name));
  const bytes = await readBytes(decodeURIComponent(url.pathname), `a file of ${name}`);
  await writeFile(`${folder}/${file}`, bytes);
}
