/**
 * The page as text: its template with style, script and, in a single file, all assets put in.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { ASSET_ATTRIBUTE } from "./page/page_data.ts";

/** A file of the page. */
export interface Asset {
  readonly name: string;
  /** Its media type. */
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What goes into the template. */
export interface PageParts {
  /** The template, with places for the parts. */
  readonly html: string;
  readonly style: string;
  /** The script itself, or the name of its file. */
  readonly script: { readonly text: string } | { readonly file: string };
  /** What the page is to carry in itself. */
  readonly assets: readonly Asset[];
}

/** The page may load what lies beside it and nothing else; a browser enforces that. */
const POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; img-src 'self' data:; " +
  "style-src 'unsafe-inline'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'; connect-src 'self' data:";

/** Puts the parts into the template. */
export function renderPage({ html, style, script, assets }: PageParts): string {
  const policy = `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`;
  const inlined = assets.map(({ name, type, bytes }) =>
    `<script type="${type}" ${ASSET_ATTRIBUTE}="${name}">${Buffer.from(bytes).toString("base64")}</script>`
  );
  const code = "file" in script
    ? `<script src="${script.file}"></script>`
    : `<script>${script.text.replaceAll("</script", "<\\/script")}</script>`;
  const parts: Record<string, string> = {
    style: `${policy}\n<style>\n${style}</style>`,
    assets: inlined.join("\n"),
    script: code,
  };
  return html.replace(/ *<!--(style|assets|script)-->/g, (_, part: string) => parts[part]!);
}

/** The assets that a single file carries. */
export function readInlined(html: string): Asset[] {
  const pattern = new RegExp(
    `<script type="([^"]+)" ${ASSET_ATTRIBUTE}="([^"]+)">([A-Za-z0-9+/=]*)</script>`,
    "g",
  );
  return [...html.matchAll(pattern)].map(([, type, name, content]) => ({
    type: type!,
    name: name!,
    bytes: new Uint8Array(Buffer.from(content!, "base64")),
  }));
}
