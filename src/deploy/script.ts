/**
 * TypeScript and its dependencies as one minified script for browsers: the one that was bundled when the package was built,
 * else, in a clone of the repository, by Deno's own bundler in a process of its own. An import map says what stands in for
 * what a browser has not.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { WorkError } from "../errors.ts";
import { exists, readText } from "../files/read.ts";

/** More than any script of ours. */
const MAXIMUM_BYTES = 2 ** 26;
const CONFIG = new URL("../../deno.json", import.meta.url);

/** A script that runs elsewhere than here. */
export interface Script {
  /** Where it begins. */
  readonly entry: URL;
  /** What replaces what; an import map beside the script. */
  readonly importMap: URL;
  /** An ES module, or a classic script. */
  readonly format: "esm" | "iife";
}

/**
 * The text of a script.
 *
 * @throws {WorkError} when it must be bundled, and the bundler is not allowed to run, or fails; the message holds its own.
 */
export async function scriptOf(script: Script): Promise<string> {
  const built = builtFile(script);
  return await exists(built) ? await readText(built, "a script of this package") : await bundle(script);
}

/** Where the package keeps a script: beside its entry. */
export function builtFile({ entry }: Script): URL {
  return new URL(entry.href.replace(/\.ts$/, ".bundle.js"));
}

async function bundle({ entry, importMap, format }: Script): Promise<string> {
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
