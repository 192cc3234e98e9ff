/**
 * `repfuse/kernels`: faster kernels for any TensorFlow.js program on the wasm backend, its training included.
 *
 * @module
 */
export { type InstalledKernels, installKernels, type InstallOptions } from "./kernels/tfjs/install.ts";
export type { InstructionSet } from "./kernels/instruction_set.ts";
export { type BackendInfo, type BackendOptions, startBackend } from "./kernels/tfjs/backend.ts";
