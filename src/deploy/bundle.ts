/**
 * TypeScript and its dependencies as one minified script for browsers, by Deno's own bundler in a process of its own. An
 * import map says what stands in for what a browser has not.
 *
 * @module
 */
import { WorkError } from "../errors.ts";

const CONFIG = new URL("../../deno.json", import.meta.url);

/**
 * Bundles a script.
 *
 * @param entry The script.
 * @param importMap What replaces what; an import map beside the script.
 * @returns An ES module, or the text of a classic script where `format` is "iife".
 * @throws {WorkError} when the bundler is not allowed to run, or fails; the message holds its own.
 */
export async function bundle(entry: URL, importMap: URL, format: "esm" | "iife" = "esm"): Promise<string> {
  const args = [
    "bundle",
    "--quiet",
    "--no-check",
    ...["--platform", "browser", "--format", format, "--minify"],
    ...["--config", pathOf(CONFIG), "--import-map", pathOf(importMap)],
    pathOf(entry),
  ];
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command("deno", { args, stdin: "null" }).output();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new WorkError(
      `Cannot start deno to bundle ${pathOf(entry)}: ${reason}`,
      "Allow it to: --allow-run=deno, with deno on the PATH.",
    );
  }
  const decoder = new TextDecoder();
  if (!output.success) {
    throw new WorkError(
      `Cannot bundle ${pathOf(entry)}: ${decoder.decode(output.stderr).trim()}`,
      "The bundler is fetched from npm on its first use; run it once with a network: deno bundle --help.",
    );
  }
  return decoder.decode(output.stdout);
}

function pathOf(url: URL): string {
  return decodeURIComponent(url.pathname);
}
