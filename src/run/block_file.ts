/**
 * A person's own block, from the file that they typed. This is the one place that runs code which did not come with RepFuse:
 * paths that stand in configurations, runs and models are never imported.
 *
 * @module
 */
import { resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { InputError } from "../errors.ts";
import { sha256 } from "../files/hash.ts";
import { readBytes } from "../files/read.ts";
import { type OwnBlock, ownBlock } from "../model/blocks/own.ts";
import type { NetworkConfig } from "../model/config.ts";
import type { ForeignNetwork } from "../model/foreign.ts";
import { quoted } from "../text/shell.ts";

/** Files that are code. */
const CODE = /\.[cm]?[jt]s$/;

/** Whether a text names a file of code, and not a kind of block. */
export function isBlockFile(text: string): boolean {
  return CODE.test(text);
}

/**
 * Imports a block.
 *
 * @param path As it was typed; relative to where the person stands.
 * @throws {InputError} when there is no such file, it cannot be imported, or what it exports is no block.
 */
export async function loadBlockFile(path: string): Promise<OwnBlock> {
  const hash = await sha256(await readBytes(path, "a block"));
  const url = pathToFileURL(resolve(path));
  let module: Record<string, unknown>;
  try {
    module = await import(url.href);
  } catch (error) {
    throw importFailed(path, error);
  }
  return { block: ownBlock(module, path), file: { path, sha256: hash } };
}

/**
 * Checks that a run goes on with the block that it began with.
 *
 * @param run The run, for errors.
 * @param own What was typed now.
 * @throws {InputError} when the file is not named, is another one now, or is of no use here.
 */
export function checkBlockFile(
  network: NetworkConfig | ForeignNetwork,
  own: OwnBlock | undefined,
  run: string,
): void {
  if (network.block !== "file") {
    if (own === undefined) return;
    throw new InputError(
      `The run ${run} is made of ${network.block} blocks, not of the one in ${own.file.path}.`,
      "Leave --block out.",
    );
  }
  const { path, sha256 } = network.file;
  if (own === undefined) {
    throw new InputError(
      `The run ${run} is made of the block in ${path}, which is only run where somebody names it.`,
      `Name it again: repfuse train --resume ${quoted(run)} --block ${quoted(path)}`,
    );
  }
  if (own.file.sha256 === sha256) return;
  throw new InputError(
    `The block in ${own.file.path} is not the one that ${run} began with: its SHA-256 begins with ` +
      `${own.file.sha256.slice(0, 12)}, not with ${sha256.slice(0, 12)}.`,
    "Bring the file back as it was, or start a new run: repfuse train",
  );
}

function importFailed(path: string, error: unknown): InputError {
  const reason = error instanceof Error ? error.message : String(error);
  const isTypeScript = /\.[cm]?ts$/.test(path) && process.versions["deno"] === undefined;
  return new InputError(
    `Cannot import the block in ${path}: ${reason}`,
    isTypeScript ? "Node.js may not take TypeScript: compile it, and name the .js or .mjs file." : undefined,
  );
}
