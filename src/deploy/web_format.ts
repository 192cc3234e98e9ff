/**
 * The `web` format: a page that runs the network in any browser, as a folder for a web server or as one file. Nothing in it
 * comes from elsewhere, and nothing it is given goes anywhere.
 *
 *     index.html  page.js  tfjs-backend-wasm-simd.wasm  network.json  training.bin  fused.bin  examples.png
 *
 * @module
 */
import { type Script, scriptOf } from "./script.ts";
import { InputError } from "../errors.ts";
import { writeFileAtomically } from "../files/atomic_write.ts";
import { exists, readBytes, readText } from "../files/read.ts";
import type { Classifier, ModelCard } from "../classify/classifier.ts";
import { ASSETS, type PageData } from "./page/page_data.ts";
import type { ExportFormat, ExportRequest } from "./export_format.ts";
import { type Asset, readInlined, renderPage } from "./page_html.ts";
import { pageAssets } from "./page_assets.ts";
import { openPageNetwork } from "./page_network.ts";

/** Other kernels than those that the source runs on, and float32: the order of additions differs. */
const TOLERANCE = 1e-5;

const PAGE_FILE = "index.html";
const SCRIPT_FILE = "page.js";
const WEB = new URL("./page/", import.meta.url);

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
  const data = JSON.parse(new TextDecoder().decode(await read(ASSETS.data))) as PageData;
  const form = data.forms.at(-1)!;
  return openPageNetwork(form.program, await read(form.weights), card);
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
