/**
 * TypeScript and its dependencies as one minified script for browsers, by Deno's own bundler in a process of its own. An
 * import map says what stands in for what a browser has not.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { WorkError } from "../errors.ts";

/** More than any script of ours. */
const MAXIMUM_BYTES = 2 ** 26;
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
    ...["--config", fileURLToPath(CONFIG), "--import-map", fileURLToPath(importMap)],
    fileURLToPath(entry),
  ];
  try {
    const { stdout } = await promisify(execFile)("deno", args, { maxBuffer: MAXIMUM_BYTES });
    return stdout;
  } catch (error) {
    const { code, stderr, message } = error as Error & { code?: number | string; stderr?: string };
    if (typeof code === "number") {
      throw new WorkError(
        `Cannot bundle ${fileURLToPath(entry)}: ${stderr?.trim()}`,
        "The bundler is fetched from npm on its first use; run it once with a network: deno bundle --help.",
      );
    }
    throw new WorkError(
      `Cannot start deno to bundle ${fileURLToPath(entry)}: ${message}`,
      "Allow it to: --allow-run=deno --allow-env, with deno on the PATH.",
    );
  }
}
