/**
 * The `web` format: a page that runs the network in any browser, as a folder for a web server or as one file. Nothing in it
 * comes from elsewhere, and nothing it is given goes anywhere.
 *
 *     index.html  page.js  network.json  training.bin  fused.bin  examples.png
 *
 * @module
 */
import { z } from "zod";
import { type Script, scriptOf } from "./script.ts";
import { InputError } from "../errors.ts";
import { writeFileAtomically } from "../files/atomic_write.ts";
import { exists, readBytes, readText } from "../files/read.ts";
import type { Classifier, ModelCard } from "../classify/classifier.ts";
import { ASSETS } from "./page/page_data.ts";
import type { ExportFormat, ExportRequest } from "./export_format.ts";
import { type Asset, readInlined, renderPage } from "./page_html.ts";
import { pageAssets } from "./page_assets.ts";
import { classifierOfGraph, floatsOf, parseJson } from "./graph_classifier.ts";
import { parseConfig } from "../text/parse_config.ts";
import { unpackGraph } from "../runtime/read_graph.ts";

/** The kernels add in float32 and in another order than those that the source runs on. */
const TOLERANCE = 1e-5;

const PAGE_FILE = "index.html";
const SCRIPT_FILE = "page.js";
const WEB = new URL("./page/", import.meta.url);

/** What is read back of `PageData`; the names of files are plain ones, in the page's own folder. */
const formsSchema = z.object({
  forms: z.array(z.object({ network: z.unknown(), weights: z.string().regex(/^\w+\.bin$/) })).min(1),
});

/** What runs in the page; a classic script also works from `file:`. */
export const PAGE_SCRIPT: Script = {
  entry: new URL("page.ts", WEB),
  importMap: new URL("import_map.json", WEB),
  format: "iife",
};

/**
 * The format, in one of its two shapes. Both are read back alike.
 *
 * @param singleFile Whether everything goes into one `index.html`, which works from `file:`.
 */
export function webFormat(singleFile: boolean): ExportFormat {
  return {
    name: "web",
    summary: "a page that runs it in a browser",
    precisions: ["float32"],
    tolerance: TOLERANCE,
    write: (folder, request) => writePage(folder, request, singleFile),
    open: openPage,
  };
}

async function writePage(folder: string, request: ExportRequest, singleFile: boolean): Promise<void> {
  const assets = await pageAssets(request);
  const script = await scriptOf(PAGE_SCRIPT);
  const page = renderPage({
    html: await readText(new URL("page.html", WEB), "the page"),
    style: await readText(new URL("page.css", WEB), "the style of the page"),
    script: singleFile ? { text: script } : { file: SCRIPT_FILE },
    assets: singleFile ? assets : [],
  });
  await writeFileAtomically(`${folder}/${PAGE_FILE}`, page);
  if (singleFile) return;
  await writeFileAtomically(`${folder}/${SCRIPT_FILE}`, script);
  for (const { name, bytes } of assets) await writeFileAtomically(`${folder}/${name}`, bytes);
}

/** The network that a written page classifies with, from its own files. */
async function openPage(folder: string, card: ModelCard): Promise<Classifier> {
  const read = await exists(`${folder}/${ASSETS.data}`)
    ? (name: string) => readBytes(`${folder}/${name}`, "a file of an exported page")
    : assetReader(readInlined(await readText(`${folder}/${PAGE_FILE}`, "an exported page")), folder);
  const file = `${folder}/${ASSETS.data}`;
  const { forms } = parseConfig(
    formsSchema,
    parseJson(file, await read(ASSETS.data)),
    `exported page ${file}`,
  );
  const { network, weights } = forms.at(-1)!;
  return await classifierOfGraph(unpackGraph(network, floatsOf(await read(weights))), card);
}

function assetReader(assets: readonly Asset[], folder: string) {
  return (name: string): Promise<Uint8Array<ArrayBuffer>> => {
    const asset = assets.find((asset) => asset.name === name);
    if (asset !== undefined) return Promise.resolve(asset.bytes);
    throw new InputError(
      `${folder}/${PAGE_FILE} holds no ${name}: it is not a page that RepFuse has exported.`,
    );
  };
}
