/**
 * The compiled kernels as modules of the package. They are text, since a module is the one thing that Node.js, Deno, a
 * browser and every bundler find beside another; each is loaded when it is asked for.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { mkdir, writeFile } from "node:fs/promises";
import { INFERENCE_KERNELS } from "../src/bench/where/inference_kernels.ts";
import { buildKernels, type KernelTarget } from "../src/kernels/build.ts";
import { RUNTIME_KERNELS } from "../src/runtime/kernel_operations.ts";

/** Which of the kernels are compiled together: all, those of inference, or those of the runtime alone. */
const SETS = [undefined, INFERENCE_KERNELS, RUNTIME_KERNELS];

const TARGETS: readonly KernelTarget[] = SETS.flatMap((only) =>
  (["relaxed-simd", "simd"] as const).flatMap((instructionSet) =>
    [false, true].map((sharedMemory) => ({
      instructionSet,
      sharedMemory,
      ...(only === undefined ? {} : { only }),
    }))
  )
);

/**
 * Compiles all variants, and puts what finds them in the place of the compiler.
 *
 * @param folder The compiled `kernels/`, with a closing slash.
 */
export async function shipKernels(folder: URL): Promise<void> {
  await mkdir(new URL("compiled/", folder), { recursive: true });
  const loaders: string[] = [];
  for (const [index, target] of TARGETS.entries()) {
    const base64 = Buffer.from(await buildKernels(target)).toString("base64");
    await writeFile(new URL(`compiled/${index}.js`, folder), `export const base64 = "${base64}";\n`);
    loaders.push(`  ${JSON.stringify(keyOf(target))}: () => import("./compiled/${index}.js"),`);
  }
  await writeFile(new URL("build.js", folder), textOf(loaders));
}

function keyOf({ instructionSet, sharedMemory, only }: KernelTarget): string {
  return [instructionSet, ...(sharedMemory ? ["shared"] : []), ...(only ?? [])].join(" ");
}

function textOf(loaders: readonly string[]): string {
  return `// The kernels that were compiled when this package was built, by what they were compiled for.
const COMPILED = {
${loaders.join("\n")}
};

${keyOf.toString()}

/** The compiled kernels. */
export async function buildKernels(target) {
  const load = COMPILED[keyOf(target)];
  if (load === undefined) throw new Error(\`This package has no kernels for \${keyOf(target)}\`);
  const { base64 } = await load();
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
`;
}
