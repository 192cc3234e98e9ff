/**
 * Runs networks: a {@link Graph} is checked and becomes a {@link Plan}. No framework stands below.
 *
 * @module
 */
import type { Graph } from "../graph/graph.ts";
import { checkGraph } from "./check_graph.ts";
import { compilePlan, type Plan, type RuntimeOptions } from "./plan.ts";

/** Makes plans. */
export interface Runtime {
  /**
   * Makes a network ready.
   *
   * @throws {InputError} when it has an operation that the runtime does not know, or that does not fit; it is named.
   * @throws {WorkError} when it needs more memory than there is, or a thread does not start.
   */
  compile(graph: Graph, options: { readonly batch: number }): Promise<Plan>;
}

/**
 * A runtime on these kernels.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createRuntime } from "./runtime.ts";
 * const relu = { op: "activation", name: "relu", inputs: [0], outputs: [1], activation: "relu" } as const;
 * const value = { shape: [null, 3], dtype: "float32" };
 * const graph = {
 *   name: "relu",
 *   values: [value, value],
 *   inputs: [{ name: "x", value: 0 }],
 *   outputs: [1],
 *   operations: [relu],
 *   weights: new Map(),
 * };
 * const plan = await createRuntime({ kernels: "javascript" }).compile(graph, { batch: 1 });
 * assert.deepEqual(plan.run([new Float32Array([-1, 0, 2])]), [new Float32Array([0, 0, 2])]);
 * ```
 */
export function createRuntime(options: RuntimeOptions): Runtime {
  return {
    async compile(graph, { batch }) {
      checkGraph(graph, batch);
      return await compilePlan(graph, batch, options);
    },
  };
}
