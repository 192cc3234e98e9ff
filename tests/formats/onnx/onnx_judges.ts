/** The programs that judge ONNX files: onnxruntime-web, and the checker of Python's onnx where it is installed. */
import type * as tf from "@tensorflow/tfjs";
import { relativeDifference } from "../../../src/bench/same_outputs.ts";
import { writeOnnx } from "../../../src/formats/onnx/write.ts";
import { readLayersModel } from "../../../src/formats/tfjs/read.ts";
import { openOnnx } from "../../../src/classify/onnx.ts";
import { openArtifacts } from "../../../src/classify/tfjs.ts";
import { defaultNormalization } from "../../../src/data/normalization.ts";
import { Random } from "../../../src/random.ts";

/** Debian's own, whose packages are Debian's too. */
const PYTHON = "/usr/bin/python3";

/** A LayersModel as an ONNX file. */
export function onnxOf(artifacts: tf.io.ModelArtifacts): Uint8Array<ArrayBuffer> {
  return writeOnnx(readLayersModel(artifacts));
}

/** Random bytes as images, [count, ...inputSize]. */
export function randomImages(inputSize: readonly number[], count: number, seed = 1): Uint8Array {
  const random = Random.from(seed, "images");
  const length = inputSize.reduce((product, size) => product * size, count);
  return Uint8Array.from({ length }, () => Math.floor(random.uniform(0, 256)));
}

/** max |a − b| / max |a| between TensorFlow.js and onnxruntime on random images. */
export async function differenceInOnnxruntime(
  artifacts: tf.io.ModelArtifacts,
  inputSize: readonly [number, number, number],
  count: number,
  file = onnxOf(artifacts),
): Promise<number> {
  const card = {
    inputSize,
    classNames: [],
    normalization: defaultNormalization(inputSize[2]),
    givesProbabilities: false,
  };
  const ours = await openArtifacts(artifacts, card, "ours");
  const theirs = await openOnnx(file, card, "theirs");
  try {
    const images = randomImages(inputSize, count);
    return relativeDifference(await ours.classify(images), await theirs.classify(images));
  } finally {
    await ours.dispose();
    await theirs.dispose();
  }
}

/** Whether Python's onnx is there. */
export async function hasOnnxChecker(): Promise<boolean> {
  try {
    return (await python("import onnx")).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** What the checker says against a file, with shape inference; empty when it accepts it. */
export async function checkOnnx(file: Uint8Array): Promise<string> {
  const path = await Deno.makeTempFile({ suffix: ".onnx" });
  try {
    await Deno.writeFile(path, file);
    const script = "import onnx, sys; onnx.checker.check_model(sys.argv[1], full_check=True)";
    const { success, stderr } = await python(script, path);
    return success ? "" : new TextDecoder().decode(stderr);
  } finally {
    await Deno.remove(path);
  }
}

function python(script: string, ...args: string[]): Promise<Deno.CommandOutput> {
  return new Deno.Command(PYTHON, { args: ["-c", script, ...args], stdin: "null" }).output();
}
