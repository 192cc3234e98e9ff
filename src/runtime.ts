/**
 * `repfuse/runtime`: runs networks on the compiled kernels, without TensorFlow.js, in Node.js, Deno and browsers.
 *
 * @module
 */
export { type MachineOptions, openRuntime } from "./runtime/machine.ts";
export {
  createRuntime,
  type KernelOptions,
  type Plan,
  type Runtime,
  type RuntimeOptions,
} from "./runtime/runtime.ts";
export { type GraphJson, type PackedGraph, packGraph, unpackGraph } from "./runtime/packed_graph.ts";
export type { Graph } from "./graph/graph.ts";
export type { InstructionSet } from "./kernels/instruction_set.ts";
