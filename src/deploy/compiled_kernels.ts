/**
 * The compiled kernels in a form that fits into a script: deflated, in base64.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { buildKernels, type KernelTarget } from "../kernels/build.ts";

/** One build for each kind of machine with 128-bit vectors. */
export type CompiledKernels = Readonly<Record<KernelTarget["instructionSet"], string>>;

/** The files in `kernels/assembly/` that the overrides call at inference; the others serve training. */
export const INFERENCE_KERNELS = [
  "batch_norm",
  "convolution",
  "depthwise",
  "elementwise",
  "mean",
  "pack_weights",
  "winograd",
  "winograd_weights",
] as const;

/**
 * Compiles kernels for both kinds of machines.
 *
 * @param options `only`: the files in `kernels/assembly/` that are needed; all when not given. `sharedMemory`: for several
 *   threads.
 * @throws {WorkError} when they do not compile.
 */
export async function compiledKernels(
  { only, sharedMemory = false }: { only?: readonly string[]; sharedMemory?: boolean } = {},
): Promise<CompiledKernels> {
  const build = async (instructionSet: KernelTarget["instructionSet"]) =>
    await deflate(
      await buildKernels({ instructionSet, sharedMemory, ...(only === undefined ? {} : { only }) }),
    );
  return { "relaxed-simd": await build("relaxed-simd"), simd: await build("simd") };
}

async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  return Buffer.from(await new Response(stream).arrayBuffer()).toString("base64");
}
