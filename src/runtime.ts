/**
 * `repfuse/runtime`: runs networks on the compiled kernels, without TensorFlow.js, in Node.js, Deno and browsers.
 *
 * @module
 */
export { type MachineOptions, openRuntime } from "./runtime/machine.ts";
export { createRuntime, type Runtime } from "./runtime/runtime.ts";
export type { KernelOptions, Plan, RuntimeOptions, StartThreads } from "./runtime/plan.ts";
export { packGraph } from "./runtime/pack_graph.ts";
export type { GraphJson, PackedGraph } from "./runtime/packed_graph.ts";
export { unpackGraph } from "./runtime/read_graph.ts";
export type { Graph } from "./graph/graph.ts";
export type { InstructionSet } from "./kernels/instruction_set.ts";
