/**
 * The files that a person means who names pictures and folders of pictures.
 *
 * @module
 */
import { stat } from "node:fs/promises";
import { listFolder } from "./listing.ts";

/**
 * Every file that is named, and every one in the folders that are named and in those below them, sorted within its folder.
 * What operating systems leave in folders is skipped. A name that leads nowhere counts as a file.
 *
 * @throws {InputError} when a folder may not be read.
 */
export async function pictureFilesOf(paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const isFolder = await stat(path).then((entry) => entry.isDirectory(), () => false);
    if (!isFolder) {
      found.push(path);
      continue;
    }
    const folder = path.replace(/(?<=.)[\\/]+$/, "");
    const { files, folders } = await listFolder(folder);
    found.push(...files.map((name) => `${folder}/${name}`));
    found.push(...await pictureFilesOf(folders.map((name) => `${folder}/${name}`)));
  }
  return found;
}
