/// <reference lib="dom" />
/**
 * What `export --format web` writes for the page to read, and how the page gets at it: files beside it, or, in a single
 * file, elements that hold them in base64.
 *
 * @module
 */
import type { Normalization } from "../../data/normalization.ts";
import type { GraphJson } from "../../runtime/packed_graph.ts";
import type { EmbeddedKernels } from "../module/embedded_kernels.ts";

/** One form of the network. */
export interface PageForm {
  readonly name: "training" | "fused" | "unknown";
  readonly network: GraphJson;
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
  /** Height, width and channels of a picture as the network takes it. */
  readonly inputSize: readonly [height: number, width: number, channels: number];
  /** How its bytes become the network's input. */
  readonly normalization: Normalization;
  /** Whether the outputs are probabilities already. */
  readonly givesProbabilities: boolean;
  /** The training form first, where there is one; the last is the one that classifies. */
  readonly forms: readonly PageForm[];
  readonly kernels: EmbeddedKernels;
  /** How many pictures the asset `examples.png` holds, side by side, and what they show; 0 when there is none. */
  readonly examples: readonly string[];
}

/** The names of the assets. */
export const ASSETS = {
  data: "network.json",
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
