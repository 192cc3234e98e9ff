/**
 * `repfuse/kernels`: faster kernels for any TensorFlow.js program on the wasm backend, its training included.
 *
 * @module
 */
export { type InstalledKernels, installKernels, type InstallOptions } from "./kernels/install.ts";
export type { InstructionSet } from "./kernels/instance.ts";
export { type BackendInfo, type BackendOptions, startBackend } from "./kernels/backend.ts";
