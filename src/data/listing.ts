/**
 * What lies in a folder, in one order on every machine, without what operating systems leave behind.
 *
 * @module
 */
import { readdir, stat } from "node:fs/promises";
import { InputError } from "../errors.ts";
import { describeFileError } from "../files/file_errors.ts";

/** The names in a folder, each list sorted by code unit. */
export interface Listing {
  /** Everything that is no folder. */
  readonly files: readonly string[];
  /** Folders, and links to folders. */
  readonly folders: readonly string[];
}

/** Left in folders by Windows, macOS and network storage, in any case of letters. Names that begin with a dot are skipped too. */
const DROPPINGS: ReadonlySet<string> = new Set([
  "thumbs.db",
  "ehthumbs.db",
  "ehthumbs_vista.db",
  "desktop.ini",
  "__macosx",
  "icon\r",
  "@eadir",
  "#recycle",
  "$recycle.bin",
  "system volume information",
  "lost+found",
]);

/**
 * Lists a folder. Links count as what they lead to; hidden files are skipped.
 *
 * @param hint Goes with the error.
 * @throws {InputError} when there is no such folder, or it may not be read.
 */
export async function listFolder(folder: string, hint?: string): Promise<Listing> {
  const files: string[] = [];
  const folders: string[] = [];
  try {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const { name } = entry;
      if (name.startsWith(".") || DROPPINGS.has(name.toLowerCase())) continue;
      const leadsToFolder = entry.isSymbolicLink()
        ? await isFolder(`${folder}/${name}`)
        : entry.isDirectory();
      (leadsToFolder ? folders : files).push(name);
    }
  } catch (error) {
    throw new InputError(`Cannot read the folder ${folder}: ${describeFileError(error, "folder")}.`, hint);
  }
  return { files: files.sort(), folders: folders.sort() };
}

/** What a link leads to. One that leads nowhere counts as a file, which whoever reads it will miss by name. */
async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
