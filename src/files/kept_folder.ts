/**
 * Where that lies which the program makes on first use and could make again: in a clone of the repository below `data/`,
 * else, since an installed package may not be written to, in the cache of the person.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../../", import.meta.url);

/** The path of a folder, whatever folder the program is called from. It need not be there. */
export function keptFolder(name: string): string {
  if (existsSync(new URL("deno.json", ROOT))) return fileURLToPath(new URL(`data/${name}`, ROOT));
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "repfuse", name);
}
