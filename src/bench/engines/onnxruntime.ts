/**
 * onnxruntime-web as an engine of the benchmark by its WebAssembly backend.
 *
 * @module
 */
import * as ort from "onnxruntime-web/wasm";
import type { Engine } from "../engine.ts";
import { noFootprint } from "./program.ts";

/**
 * An engine around an ONNX file.
 *
 * @param bytes The file: images NHWC to logits.
 * @param wasm The runtime's own WebAssembly, which it would fetch otherwise.
 * @param threads More than 1 needs an isolated page.
 */
export async function createOnnxEngine(
  name: string,
  bytes: ArrayBuffer,
  wasm: ArrayBuffer,
  threads = 1,
): Promise<Engine> {
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmBinary = wasm;
  const session = await ort.InferenceSession.create(new Uint8Array(bytes), {
    executionProviders: ["wasm"],
    logSeverityLevel: 3,
  });
  const [input, output] = [session.inputNames[0]!, session.outputNames[0]!];
  let feeds: Record<string, ort.Tensor> = {};
  let result = new Float32Array(0);
  return {
    name,
    prepare(batch) {
      feeds = { [input]: new ort.Tensor("float32", batch.images, [...batch.shape]) };
    },
    async run() {
      const results = await session.run(feeds);
      result = results[output]!.data as Float32Array<ArrayBuffer>;
    },
    output: () => result,
    footprint: noFootprint,
    dispose: () => void session.release(),
  };
}
