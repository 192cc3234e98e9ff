/**
 * Packages of npm that hold networks of other people: fetched by the ordinary client, of one exact version, and believed when
 * their bytes are those that were looked at.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What a client says that cannot reach its registry, or that is not installed. */
const UNREACHABLE =
  /ENOENT|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|E40[134]|E5\d\d|network/;

/** One version of a package. */
export interface NpmPackage {
  /** "name@version" */
  readonly spec: string;
  /** SHA-512 of the archive as npm writes it. */
  readonly integrity: string;
}

/**
 * Fetches a package and unpacks it. Nothing in it is run.
 *
 * @param folder An empty one.
 * @returns The folder of its files; nothing where no registry can be reached.
 * @throws {Error} when the archive is another than was looked at.
 */
export async function fetchPackage(
  { spec, integrity }: NpmPackage,
  folder: string,
): Promise<string | undefined> {
  await mkdir(folder, { recursive: true });
  let archive: string;
  try {
    const { stdout } = await run("npm", ["pack", "--silent", "--ignore-scripts", spec], {
      cwd: folder,
      timeout: 60_000,
    });
    archive = `${folder}/${stdout.trim().split("\n").at(-1)}`;
  } catch (error) {
    if (UNREACHABLE.test(String(error))) return undefined;
    throw error;
  }
  const found = `sha512-${createHash("sha512").update(await readFile(archive)).digest("base64")}`;
  if (found !== integrity) throw new Error(`${spec} is ${found}, expected ${integrity}`);
  await run("tar", ["-xzf", archive, "-C", folder]);
  return `${folder}/package`;
}
