/// <reference lib="dom" />
/**
 * What `export --format web` writes for the page to read, and how the page gets at it: files beside it, or, in a single
 * file, elements that hold them in base64.
 *
 * @module
 */
import type { Program } from "../../runtime/program.ts";

/** One form of the network. */
export interface PageForm {
  readonly name: "training" | "fused" | "unknown";
  readonly program: Program;
  /** The asset that holds the weights: float32, little-endian. */
  readonly weights: string;
  readonly parameters: number;
  readonly convolutions: number;
}

/** The content of the asset `network.json`. */
export interface PageData {
  /** What the page is called: the name of the run. */
  readonly title: string;
  /** One name per class. */
  readonly labels: readonly string[];
  /** A byte becomes (byte − mean) / scale; one mean and one scale per channel. */
  readonly normalization: { readonly mean: readonly number[]; readonly scale: readonly number[] };
  /** The training form first, where there is one; the last is the one that classifies. */
  readonly forms: readonly PageForm[];
  /** The compiled kernels: deflated, in base64. */
  readonly kernels: { readonly "relaxed-simd": string; readonly simd: string };
  /** How many pictures the asset `examples.png` holds, side by side, and what they show; 0 when there is none. */
  readonly examples: readonly string[];
}

/** The names of the assets. */
export const ASSETS = {
  data: "network.json",
  wasm: "tfjs-backend-wasm-simd.wasm",
  examples: "examples.png",
} as const;

/** The attribute of the elements that hold assets in a single file. */
export const ASSET_ATTRIBUTE = "data-asset";

/** The address of an asset: of its file, or of its content. */
export function assetUrl(name: string): string {
  const element = document.querySelector(`script[${ASSET_ATTRIBUTE}="${name}"]`);
  if (element === null) return new URL(name, document.baseURI).href;
  return `data:${element.getAttribute("type")};base64,${element.textContent}`;
}

/**
 * An asset.
 *
 * @throws {Error} when the file is not there, or the browser does not let a page that was opened as a file read others.
 */
export async function readAsset(name: string): Promise<Response> {
  const response = await fetch(assetUrl(name)).catch(() => undefined);
  if (response?.ok) return response;
  const reason = response === undefined ? "no answer" : `${response.status} ${response.statusText}`;
  const advice = location.protocol === "file:"
    ? " Opened as a file, this page cannot read its other files: export it with --single-file, or use a web server."
    : "";
  throw new Error(`Cannot read ${name}: ${reason}.${advice}`);
}
