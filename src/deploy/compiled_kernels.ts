/**
 * Compiles kernels into a form that fits into a script.
 *
 * @module
 */
import { deflateRawSync } from "node:zlib";
import { joinBytes } from "../files/join_bytes.ts";
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
  const build = (instructionSet: KernelTarget["instructionSet"]) =>
    buildKernels({ instructionSet, sharedMemory, ...(only === undefined ? {} : { only }) });
  const relaxed = await build("relaxed-simd");
  const both = joinBytes([relaxed, await build("simd")]);
  return { deflated: deflateRawSync(both, { level: 9 }).toString("base64"), first: relaxed.length };
}
