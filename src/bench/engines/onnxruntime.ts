/**
 * onnxruntime-web as an engine of the benchmark by its WebAssembly backend.
 *
 * @module
 */
import { type JudgeOptions, openSession } from "../../formats/onnx/judge.ts";
import type { Engine, InputBatch } from "../engine.ts";

/**
 * An engine around an ONNX file.
 *
 * @param bytes The file: images NHWC to logits.
 */
export async function createOnnxEngine(
  name: string,
  bytes: ArrayBuffer,
  options: JudgeOptions,
): Promise<Engine> {
  const session = await openSession(new Uint8Array(bytes), name, options);
  let batch: InputBatch = { images: new Float32Array(0), shape: [0, 0, 0, 0] };
  let result = new Float32Array(0);
  return {
    name,
    prepare: (images) => void (batch = images),
    async run() {
      result = await session.run(batch.images, batch.shape);
    },
    output: () => result,
    // It holds its tensors where nobody else can count them.
    footprint: () => Promise.reject(new Error("Memory is not measured here")),
    dispose: () => void session.release(),
  };
}
