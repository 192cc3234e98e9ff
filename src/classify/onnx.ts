/**
 * An ONNX file as a {@link Classifier}, by onnxruntime-web: a program that is not ours, which therefore judges what is
 * exported here. One thread; its WebAssembly is read from the installed package, never fetched.
 *
 * @module
 */
import * as ort from "onnxruntime-web/wasm";
import { InputError } from "../errors.ts";
import { type Classifier, imageCount, type ModelCard } from "./classifier.ts";
import { normalizePixels } from "../data/normalization.ts";

/**
 * Opens a network that takes NHWC images.
 *
 * @param bytes The file.
 * @param name What to call it in an error: its path.
 * @throws {InputError} when onnxruntime refuses the file, or it has several inputs or outputs.
 */
export async function openOnnx(bytes: Uint8Array, card: ModelCard, name: string): Promise<Classifier> {
  ort.env.wasm.numThreads = 1;
  const session = await createSession(bytes, name);
  const [input, ...otherInputs] = session.inputNames;
  const [output, ...otherOutputs] = session.outputNames;
  if (input === undefined || output === undefined || otherInputs.length + otherOutputs.length > 0) {
    await session.release();
    throw new InputError(
      `Cannot run ${name} as a classifier: its inputs are ${session.inputNames.join(", ")} and its outputs ` +
        `${session.outputNames.join(", ")}, expected one of each.`,
    );
  }
  return {
    async classify(pixels) {
      const images = new ort.Tensor("float32", normalizePixels(pixels, card.normalization), [
        imageCount(pixels, card),
        ...card.inputSize,
      ]);
      const results = await session.run({ [input]: images });
      return results[output]!.data as Float32Array;
    },
    dispose: () => session.release(),
  };
}

async function createSession(bytes: Uint8Array, name: string): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"], logSeverityLevel: 3 });
  } catch (error) {
    throw new InputError(
      `Cannot open ${name} with onnxruntime: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
