/**
 * The runtime as an engine of the benchmark.
 *
 * @module
 */
import { joinBytes } from "../../files/join_bytes.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Plan } from "../../runtime/plan.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { Engine } from "../engine.ts";

/** An engine around a network, with one plan for the batch size at hand. */
export function createRuntimeEngine(name: string, graph: Graph, runtime: Runtime): Engine {
  let plan: Plan | undefined;
  let images = new Float32Array(0);
  let result = new Float32Array(0);
  return {
    name,
    async prepare(batch) {
      images = batch.images as Float32Array<ArrayBuffer>;
      const size = batch.shape[0];
      if (plan?.batch === size) return;
      plan?.dispose();
      plan = await runtime.compile(graph, { batch: size });
    },
    run() {
      const results = plan!.run([images]);
      result = results.length === 1 ? results[0]! : new Float32Array(
        joinBytes(
          results.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
        ).buffer,
      );
    },
    output: () => result,
    footprint() {
      plan!.run([images]);
      const { parameters, tensors, bytes } = plan!.memory();
      const bytesOfWeights = parameters * Float32Array.BYTES_PER_ELEMENT;
      return Promise.resolve({ parameters, bytes: bytesOfWeights, tensors, heapBytes: bytes });
    },
    dispose: () => plan?.dispose(),
  };
}
