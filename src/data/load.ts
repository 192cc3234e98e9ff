/**
 * One door for every source of images: the built-in set by its name, anything else by its path.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { checkImageSize, type LoadOptions } from "./assemble.ts";
import { loadCifar10Folder, looksLikeCifar10 } from "./cifar10.ts";
import type { Dataset } from "./dataset.ts";
import { loadIdxFolder, looksLikeIdx } from "./idx_folder.ts";
import { loadShapes10, SHAPES10_NAME } from "./shapes10_folder.ts";

export type { LoadOptions } from "./assemble.ts";

/**
 * Loads a labelled image data set into memory.
 *
 * @param spec "shapes10", which is drawn on first use, or a folder: IDX files under MNIST's names, CIFAR-10's binary
 *   batches, or class folders of PNG and JPEG images. Which one is seen from what is in it.
 * @throws {InputError} when there is no such folder, or a file in it is missing, damaged or foreign.
 * @throws {WorkError} when Shapes10 cannot be written.
 * @example
 * ```ts
 * import { loadDataset } from "./load.ts";
 * const { train, classNames } = await loadDataset("shapes10");
 * console.log(train.count, classNames);
 * ```
 */
export async function loadDataset(spec: string, options: LoadOptions = {}): Promise<Dataset> {
  checkImageSize(options.imageSize);
  if (spec === SHAPES10_NAME) return await loadShapes10(options);
  const folder = spec.replace(/(?<=.)[\\/]+$/, "");
  const name = folder.split(/[\\/]/).at(-1)!;
  const entries = await listFolder(folder);
  if (looksLikeIdx(entries)) return await loadIdxFolder(folder, entries, name, options);
  if (looksLikeCifar10(entries)) return await loadCifar10Folder(folder, entries, name, options);
  throw new InputError(
    `Cannot use ${folder} as a data set. Looked for IDX files (train-images-idx3-ubyte and so on, or with .gz) and ` +
      `CIFAR-10 batches (data_batch_1.bin and so on, test_batch.bin); found ${summary(entries)}.`,
    HINT,
  );
}

const HINT = `Name a folder as described in data/README.md, or "${SHAPES10_NAME}" for the built-in set.`;

/** The names in a folder, sorted by code unit so that every machine has one order. */
async function listFolder(folder: string): Promise<string[]> {
  try {
    const entries: string[] = [];
    for await (const entry of Deno.readDir(folder)) entries.push(entry.name);
    return entries.sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new InputError(`Cannot load the data set "${folder}": there is no such folder.`, HINT);
    }
    if (error instanceof Deno.errors.NotADirectory) {
      throw new InputError(`Cannot load the data set "${folder}": it is a file, expected a folder.`, HINT);
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`Cannot load the data set "${folder}": ${reason}.`, HINT);
  }
}

function summary(entries: readonly string[]): string {
  const shown = 5;
  if (entries.length === 0) return "an empty folder";
  const names = entries.slice(0, shown).join(", ");
  return entries.length > shown ? `${names} and ${entries.length - shown} more` : names;
}
