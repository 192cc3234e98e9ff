/**
 * Compiles kernels into a form that fits into a script.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { buildKernels, type KernelTarget } from "../kernels/build.ts";
import type { EmbeddedKernels } from "./module/embedded_kernels.ts";

/**
 * Compiles kernels for both kinds of machines.
 *
 * @param options `only`: the files in `kernels/assembly/` that are needed; all when not given. `sharedMemory`: for several
 *   threads.
 * @throws {WorkError} when they do not compile.
 */
export async function compiledKernels(
  { only, sharedMemory = false }: { only?: readonly string[]; sharedMemory?: boolean } = {},
): Promise<EmbeddedKernels> {
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
