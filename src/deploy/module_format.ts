/**
 * The `module` format: an ES module without dependencies, for browsers, Node.js and Deno alike.
 *
 *     index.js     the network, its labels, the compiled kernels     index.d.ts   its types
 *     runtime.js   what runs it                                      weights.bin  float32, little-endian
 *     package.json so that it can be installed from its folder
 *
 * @module
 */
import { pathToFileURL } from "node:url";
import { type Script, scriptOf } from "./script.ts";
import { writeFileAtomically, writeJsonAtomically } from "../files/atomic_write.ts";
import { readText } from "../files/read.ts";
import { imageCount, type ModelCard } from "../classify/classifier.ts";
import type { Classifier, LoadOptions } from "./module/api.ts";
import { KERNELS } from "../runtime/fast_steps.ts";
import { compileNetwork } from "../runtime/compile.ts";
import { compiledKernels } from "./compiled_kernels.ts";
import type { ExportFormat, ExportRequest } from "./export_format.ts";
import { withPrecision } from "../formats/tfjs/precision.ts";

/** The kernels add in float32 and in another order than those that the source runs on. */
const TOLERANCE = 1e-5;

const RUNTIME = new URL("./module/", import.meta.url);

/** `runtime.js`. */
export const MODULE_SCRIPT: Script = {
  entry: new URL("classifier.ts", RUNTIME),
  importMap: new URL("import_map.json", RUNTIME),
  format: "esm",
};

/** What {@link import} gives. */
interface WrittenModule {
  load(options?: LoadOptions): Promise<Classifier>;
}

/** A JavaScript module. */
export const MODULE_FORMAT: ExportFormat = {
  name: "module",
  summary: "an ES module without dependencies",
  precisions: ["float32"],
  tolerance: TOLERANCE,
  write: writeModule,
  async open(folder, card) {
    const url = pathToFileURL(`${folder}/index.js`);
    // Another address each time, so that a module that was written over is not taken from the cache.
    url.searchParams.set("read", crypto.randomUUID());
    const { load } = await import(url.href) as WrittenModule;
    const classify = await load();
    return {
      classify(pixels) {
        imageCount(pixels, card);
        return Promise.resolve(classify.logits(pixels));
      },
      dispose: () => Promise.resolve(),
    };
  },
};

async function writeModule(folder: string, { source, artifacts }: ExportRequest): Promise<void> {
  const { program, weights } = compileNetwork(withPrecision(artifacts, "float32"));
  const runtime = await scriptOf(MODULE_SCRIPT);
  await writeFileAtomically(`${folder}/runtime.js`, runtime);
  await writeFileAtomically(`${folder}/weights.bin`, new Uint8Array(weights.buffer));
  await writeFileAtomically(
    `${folder}/index.js`,
    indexText(source.card, program, await compiledKernels({ only: KERNELS })),
  );
  await writeFileAtomically(`${folder}/index.d.ts`, await declarations());
  await writeJsonAtomically(`${folder}/package.json`, PACKAGE);
}

const PACKAGE = {
  name: "repfuse-classifier",
  version: "1.0.0",
  private: true,
  type: "module",
  exports: { ".": { types: "./index.d.ts", default: "./index.js" } },
  files: ["index.js", "index.d.ts", "runtime.js", "weights.bin"],
};

function indexText({ classNames, normalization }: ModelCard, program: unknown, kernels: unknown): string {
  const data = { program, labels: classNames, normalization, kernels };
  const entries = Object.entries(data).map(([key, value]) => `  ${key}: ${JSON.stringify(value)},\n`);
  return "// A network and its labels; runtime.js runs it. Made by RepFuse.\n" +
    `import { createLoader } from "./runtime.js";\n\n` +
    `export const load = createLoader({\n${entries.join("")}` +
    `  weights: new URL("./weights.bin", import.meta.url),\n});\n`;
}

/** The types of `module/api.ts`, and `load`. */
async function declarations(): Promise<string> {
  const types = await readText(new URL("api.ts", RUNTIME), "the types of an exported module");
  return `${types}
/**
 * Loads the network.
 *
 * @throws {Error} when the weights cannot be read, or are not this network's.
 */
export declare function load(options?: LoadOptions): Promise<Classifier>;
`;
}
