/**
 * Which files lie in a folder and below it.
 *
 * @module
 */
import { readdir } from "node:fs/promises";

/** Their paths in the folder, sorted, of those whose name matches. */
export async function filesBelow(folder: URL, name: RegExp): Promise<string[]> {
  const paths = await readdir(folder, { recursive: true });
  return paths.map((path) => path.replaceAll("\\", "/")).filter((path) => name.test(path)).sort();
}
