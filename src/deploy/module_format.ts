/**
 * The `module` format: an ES module without dependencies, for browsers, Node.js and Deno alike.
 *
 *     index.js      labels, and the compiled kernels     index.d.ts    its types
 *     runtime.js    what runs it                         package.json  so that it can be installed from its folder
 *     network.json  the network                          weights.bin   float32, little-endian
 *
 * It is read back from its data alone: nothing in the folder is imported or run.
 *
 * @module
 */
import { type Script, scriptOf } from "./script.ts";
import { writeFileAtomically, writeJsonAtomically } from "../files/atomic_write.ts";
import { readBytes, readText } from "../files/read.ts";
import type { ModelCard } from "../classify/classifier.ts";
import { RUNTIME_KERNELS } from "../runtime/kernel_operations.ts";
import { packGraph } from "../runtime/pack_graph.ts";
import { unpackGraph } from "../runtime/read_graph.ts";
import { compiledKernels } from "./compiled_kernels.ts";
import { classifierGraph, classifierOfGraph, floatsOf, parseJson } from "./graph_classifier.ts";
import type { ExportFormat, ExportRequest } from "./export_format.ts";

/** The kernels add in float32 and in another order than those that the source runs on. */
const TOLERANCE = 1e-5;

const RUNTIME = new URL("./module/", import.meta.url);

/** `runtime.js`. */
export const MODULE_SCRIPT: Script = {
  entry: new URL("classifier.ts", RUNTIME),
  importMap: new URL("import_map.json", RUNTIME),
  format: "esm",
};

/** A JavaScript module. */
export const MODULE_FORMAT: ExportFormat = {
  name: "module",
  summary: "an ES module without dependencies",
  precisions: ["float32"],
  tolerance: TOLERANCE,
  write: writeModule,
  async open(folder, card) {
    const network = `${folder}/${NETWORK_FILE}`;
    const json = await readBytes(network, "the network of an exported module");
    const weights = await readBytes(`${folder}/${WEIGHTS_FILE}`, "the weights of an exported module");
    return await classifierOfGraph(unpackGraph(parseJson(network, json), floatsOf(weights)), card);
  },
};

const NETWORK_FILE = "network.json";
const WEIGHTS_FILE = "weights.bin";

async function writeModule(folder: string, { source, artifacts }: ExportRequest): Promise<void> {
  const { json, weights } = packGraph(classifierGraph(artifacts, source.card));
  await writeFileAtomically(`${folder}/runtime.js`, await scriptOf(MODULE_SCRIPT));
  await writeFileAtomically(`${folder}/${NETWORK_FILE}`, JSON.stringify(json));
  await writeFileAtomically(`${folder}/${WEIGHTS_FILE}`, new Uint8Array(weights.buffer));
  const kernels = await compiledKernels({ only: RUNTIME_KERNELS });
  await writeFileAtomically(`${folder}/index.js`, indexText(source.card, kernels));
  await writeFileAtomically(`${folder}/index.d.ts`, await declarations());
  await writeJsonAtomically(`${folder}/package.json`, PACKAGE);
}

const PACKAGE = {
  name: "repfuse-classifier",
  version: "1.0.0",
  private: true,
  type: "module",
  exports: { ".": { types: "./index.d.ts", default: "./index.js" } },
  files: ["index.js", "index.d.ts", "runtime.js", NETWORK_FILE, WEIGHTS_FILE],
};

function indexText(card: ModelCard, kernels: unknown): string {
  const { classNames, normalization, givesProbabilities } = card;
  const data = { labels: classNames, normalization, givesProbabilities, kernels };
  const entries = Object.entries(data).map(([key, value]) => `  ${key}: ${JSON.stringify(value)},\n`);
  return "// A network's labels and kernels; runtime.js runs it. Made by RepFuse.\n" +
    `import { createLoader } from "./runtime.js";\n\n` +
    `export const load = createLoader({\n${entries.join("")}` +
    `  network: new URL("./${NETWORK_FILE}", import.meta.url),\n` +
    `  weights: new URL("./${WEIGHTS_FILE}", import.meta.url),\n});\n`;
}

/** The types of `module/api.ts`, and `load`. */
async function declarations(): Promise<string> {
  const types = await readText(new URL("api.ts", RUNTIME), "the types of an exported module");
  // Without what the file says of itself to whoever works on it.
  return `${types.slice(types.indexOf("*/") + "*/".length).trimStart()}
/**
 * Loads the network.
 *
 * @throws {Error} when the weights cannot be read, or are not this network's.
 */
export declare function load(options?: LoadOptions): Promise<Classifier>;
`;
}
