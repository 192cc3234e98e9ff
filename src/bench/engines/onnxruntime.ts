/**
 * onnxruntime-web as an engine of the benchmark by its WebAssembly backend.
 *
 * @module
 */
import { intoFile, outOfFile } from "../../formats/onnx/file_order.ts";
import { JUDGE_VERSION, type JudgeOptions, openNetwork } from "../../formats/onnx/judge.ts";
import type { OnnxLayout } from "../../formats/onnx/probe.ts";
import type { NetworkCost } from "../../graph/cost.ts";
import type { Engine, InputBatch } from "../engine.ts";

export { JUDGE_VERSION as ONNXRUNTIME_VERSION };

/** What an engine around an ONNX file can be given. */
export interface OnnxEngineOptions extends JudgeOptions {
  /** NHWC throughout when not given. */
  readonly layout?: OnnxLayout;
  /** Of the network; without it the footprint is not known. */
  readonly cost?: Pick<NetworkCost, "parameters" | "bytes">;
}

/**
 * An engine around an ONNX file of one input. Several outputs count as one, one behind the other.
 *
 * @param bytes The file.
 * @throws {InputError} when onnxruntime refuses it.
 */
export async function createOnnxEngine(
  name: string,
  bytes: Uint8Array,
  { layout, cost, ...options }: OnnxEngineOptions,
): Promise<Engine> {
  const network = await openNetwork(bytes, name, options);
  const input = network.inputs[0]!.name;
  let feeds: Parameters<typeof network.run>[0] = new Map();
  let results: Awaited<ReturnType<typeof network.run>> = new Map();
  return {
    name,
    prepare({ images, shape }: InputBatch) {
      feeds = new Map([[input, intoFile({ numbers: images, shape }, layout?.inputs[0])]]);
    },
    async run() {
      results = await network.run(feeds);
    },
    output() {
      const parts = [...results.values()].map((tensor, i) => outOfFile(tensor, layout?.outputs[i]).numbers);
      return parts.length === 1 ? parts[0]! : Float32Array.from(parts.flatMap((part) => [...part]));
    },
    footprint() {
      if (cost === undefined) return Promise.reject(new Error("Memory is not measured here"));
      // It holds its tensors where nobody else can count them.
      return Promise.resolve({ ...cost, tensors: null, heapBytes: null });
    },
    dispose: () => void network.release(),
  };
}
