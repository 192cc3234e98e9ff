/**
 * One door for every source of images: the built-in sets by their names, anything else by its path.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { checkImageSize, type LoadOptions } from "./assemble.ts";
import { isPartName } from "./class_folders.ts";
import { loadCifar10Folder, looksLikeCifar10 } from "./cifar10.ts";
import { loadCifar100Folder, looksLikeCifar100 } from "./cifar100.ts";
import type { Dataset } from "./dataset.ts";
import { loadImageFolder } from "./image_folder.ts";
import { loadIdxFolder, looksLikeIdx } from "./idx_folder.ts";
import { listFolder } from "./listing.ts";
import { BUILT_IN_NAMES, isBuiltIn, loadBuiltIn } from "./shapes10_folder.ts";

export type { LoadOptions } from "./assemble.ts";

/**
 * Loads a labelled image data set into memory.
 *
 * @param spec "shapes10" or "shapes10-hard", which are drawn on first use, or a folder: IDX files under MNIST's names,
 *   CIFAR-10's binary batches, or class folders of pictures. Which one is seen from what is in it.
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
  if (isBuiltIn(spec)) return await loadBuiltIn(spec, options);
  const named = spec.replace(/(?<=.)[\\/]+$/, "");
  const name = named.split(/[\\/]/).at(-1)!;
  const folder = await unwrapped(named);
  const { files, folders } = await listFolder(folder, HINT);
  if (looksLikeIdx(files)) return await loadIdxFolder(folder, files, name, options);
  if (looksLikeCifar10(files)) return await loadCifar10Folder(folder, files, name, options);
  if (looksLikeCifar100(files)) return await loadCifar100Folder(folder, files, name, options);
  if (folders.length > 0) return await loadImageFolder(folder, name, options);
  throw new InputError(
    `Cannot use ${folder} as a data set. Looked for IDX files (train-images-idx3-ubyte and so on, or with .gz), ` +
      `CIFAR-10 batches (data_batch_1.bin and so on, test_batch.bin) and class folders of pictures; ` +
      `found ${summary(files)}.`,
    HINT,
  );
}

/** Whether class folders of pictures lie there, and nothing that is known by the names of its files. */
export async function isPictureFolder(spec: string): Promise<boolean> {
  if (isBuiltIn(spec)) return false;
  const { files, folders } = await listFolder(await unwrapped(spec), HINT);
  return folders.length > 0 && !isKnown(files);
}

/**
 * The folder of the data: where all there is in the named one is another folder, as unpacked archives have it, and that
 * holds a data set, that one.
 */
export async function unwrapped(folder: string): Promise<string> {
  const { files, folders } = await listFolder(folder, HINT);
  const [only, another] = folders;
  if (only === undefined || another !== undefined || isPartName(only) || isKnown(files)) return folder;
  const inner = `${folder}/${only}`;
  const within = await listFolder(inner);
  return within.folders.length > 0 || isKnown(within.files) ? inner : folder;
}

function isKnown(files: readonly string[]): boolean {
  return looksLikeIdx(files) || looksLikeCifar10(files) || looksLikeCifar100(files);
}

const HINT = `Name a folder as described in data/README.md, or a built-in set: ${BUILT_IN_NAMES.join(", ")}.`;

function summary(files: readonly string[]): string {
  const shown = 5;
  if (files.length === 0) return "an empty folder";
  const names = files.slice(0, shown).join(", ");
  return files.length > shown ? `${names} and ${files.length - shown} more files` : names;
}
