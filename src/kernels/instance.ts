/**
 * The compiled kernels as an instance that shares its memory with the tfjs heap: feature detection, build, instantiation.
 *
 * @module
 */
import { buildKernels, type KernelTarget } from "./build.ts";
import { heapMemory, isShared, type WasmBackend } from "./heap.ts";

/**
 * A kernel that owns part of a loop: it does the units `begin` to `end` (exclusive) of the work that the descriptor
 * describes, and may use the scratch memory as it likes. Two calls with ranges that do not meet may run at the same
 * time on two threads, each with scratch memory of its own.
 *
 * @param descriptor Byte offset of the kernel's arguments, four bytes each, in the order of its `@unmanaged` class.
 */
export type RangeKernel = (descriptor: number, begin: number, end: number, scratch: number) => void;

/** The exports of `assembly/*.as`, by name. All are range kernels. */
export type KernelName = string;

/** Which instructions the kernels may use here; "none" where there are no 128-bit vectors. */
export type InstructionSet = KernelTarget["instructionSet"] | "none";

/** (func (result v128) (f32x4.relaxed_madd (v128.const 0) (v128.const 0) (v128.const 0))), or i8x16.splat without it. */
function vectorProbe(body: number[]): Uint8Array<ArrayBuffer> {
  const code = [0, ...body, 0x0b];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b],
    ...[0x03, 0x02, 0x01, 0x00],
    ...[0x0a, code.length + 2, 0x01, code.length, ...code],
  ]);
}

const ZERO_VECTOR = [0x41, 0x00, 0xfd, 0x0f];
const RELAXED_MADD = [0xfd, 0x85, 0x02];

/** The best instruction set that this runtime accepts. */
export function detectInstructionSet(): InstructionSet {
  const relaxed = [...ZERO_VECTOR, ...ZERO_VECTOR, ...ZERO_VECTOR, ...RELAXED_MADD];
  if (WebAssembly.validate(vectorProbe(relaxed))) return "relaxed-simd";
  return WebAssembly.validate(vectorProbe(ZERO_VECTOR)) ? "simd" : "none";
}

/** The compiled kernels, and an instance of them for the main thread. */
export interface LoadedKernels {
  /** What other threads instantiate. */
  readonly module: WebAssembly.Module;
  /** The kernels by name. */
  readonly exports: Readonly<Record<KernelName, RangeKernel>>;
}

/**
 * Instantiates the kernels on the backend's heap.
 *
 * @param instructionSet What {@link detectInstructionSet} found, or less.
 * @throws {WorkError} when the sources do not compile.
 */
export async function instantiateKernels(
  backend: WasmBackend,
  instructionSet: KernelTarget["instructionSet"],
): Promise<LoadedKernels> {
  const memory = heapMemory(backend);
  const sharedMemory = isShared(memory);
  const module = await WebAssembly.compile(await buildKernels({ instructionSet, sharedMemory }));
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  return { module, exports: instance.exports as Record<KernelName, RangeKernel> };
}
