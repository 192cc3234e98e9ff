/**
 * Shapes10 on the disk, in its two grades: drawn on first use, written as IDX files, verified by SHA-256 on every load.
 * `checksum.json` is written last, so a folder without it is one whose drawing was interrupted, and is drawn again.
 *
 * @module
 */
import { mkdir, rm } from "node:fs/promises";
import { InputError, WorkError } from "../errors.ts";
import { writeFileAtomically, writeJsonAtomically } from "../files/atomic_write.ts";
import { sha256 } from "../files/hash.ts";
import { keptFolder } from "../files/kept_folder.ts";
import { withLock } from "../files/lock.ts";
import { exists, readBytes, readJson } from "../files/read.ts";
import type { LoadOptions } from "./assemble.ts";
import type { Dataset } from "./dataset.ts";
import { encodeIdxFolder, loadIdxFolder } from "./idx_folder.ts";
import { CHANNELS } from "./paint.ts";
import { drawShapes, SHAPE_NAMES, SHAPES10, SHAPES10_HARD, type ShapesRecipe } from "./shapes.ts";

/** What a person writes to get one, and what is drawn then. */
const RECIPES = { "shapes10": SHAPES10, "shapes10-hard": SHAPES10_HARD } as const;

/** The name of a built-in data set. */
export type BuiltIn = keyof typeof RECIPES;

/** All of them; the first is the default. */
export const BUILT_IN_NAMES = Object.keys(RECIPES) as readonly BuiltIn[];

/** Whether a source of images is built in, and no folder. */
export function isBuiltIn(source: string): source is BuiltIn {
  return Object.hasOwn(RECIPES, source);
}

const CHECKSUM_FILE = "checksum.json";
/** Held while the folder is written, so that two processes do not write it at once. */
const LOCK_FILE = ".lock";

/** What `checksum.json` holds. */
interface Checksums {
  /** What the files were drawn from. */
  readonly recipe: ShapesRecipe;
  /** SHA-256 of each file, by its name. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Loads a grade of Shapes10, after drawing it if it is not there, was left half-written, or was drawn by another recipe.
 *
 * @throws {InputError} when a file is missing or is not the one that was written.
 * @throws {WorkError} when the folder cannot be written.
 */
export async function loadBuiltIn(
  name: BuiltIn,
  options: LoadOptions = {},
  folder: string = keptFolder(name),
  recipe: ShapesRecipe = RECIPES[name],
): Promise<Dataset> {
  let checksums = await readChecksums(folder);
  if (!isDrawnBy(recipe, checksums)) checksums = await lock(folder, () => draw(folder, recipe, options));
  await verify(folder, checksums);
  return await loadIdxFolder(folder, Object.keys(checksums.files), name, options);
}

async function draw(
  folder: string,
  recipe: ShapesRecipe,
  { onProgress }: LoadOptions,
): Promise<Checksums> {
  const already = await readChecksums(folder);
  if (isDrawnBy(recipe, already)) return already;

  onProgress?.(`Drawing ${recipe.trainCount + recipe.testCount} images of Shapes10 into ${folder}`);
  if (already !== undefined) await rm(`${folder}/${CHECKSUM_FILE}`);
  const files = encodeIdxFolder({
    height: recipe.size,
    width: recipe.size,
    channels: CHANNELS,
    classNames: SHAPE_NAMES,
    train: drawShapes("train", recipe.trainCount, recipe),
    test: drawShapes("test", recipe.testCount, recipe),
  });
  const sums: Record<string, string> = {};
  for (const [name, bytes] of files) {
    await writeFileAtomically(`${folder}/${name}`, bytes);
    sums[name] = await sha256(bytes);
  }
  const checksums: Checksums = { recipe, files: sums };
  await writeJsonAtomically(`${folder}/${CHECKSUM_FILE}`, checksums);
  return checksums;
}

async function lock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    await mkdir(folder, { recursive: true });
    return await withLock(`${folder}/${LOCK_FILE}`, work);
  } catch (error) {
    if (error instanceof InputError || error instanceof WorkError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new WorkError(
      `Cannot write Shapes10 to ${folder}: ${reason}`,
      "Free some space, or make the folder one that can be written.",
    );
  }
}

/** The checksums, or undefined when there are none: nothing was drawn yet, or not to the end. */
async function readChecksums(folder: string): Promise<Checksums | undefined> {
  const path = `${folder}/${CHECKSUM_FILE}`;
  if (!await exists(path)) return undefined;
  const value = await readJson(path, "the checksums of Shapes10").catch((error) => {
    throw error instanceof InputError ? new InputError(error.message, remedy(folder)) : error;
  });
  if (isChecksums(value)) return value;
  throw new InputError(
    `Cannot use ${path}: expected the keys "recipe" and "files" (SHA-256 by file name).`,
    remedy(folder),
  );
}

async function verify(folder: string, { files }: Checksums): Promise<void> {
  for (const [name, expected] of Object.entries(files)) {
    const path = `${folder}/${name}`;
    if (!await exists(path)) {
      throw new InputError(`Cannot use ${folder}: ${name} is missing.`, remedy(folder));
    }
    const bytes = await readBytes(path, "a file of Shapes10");
    const found = await sha256(bytes);
    if (found !== expected) {
      throw new InputError(
        `Cannot use ${path}: it is damaged. Expected SHA-256 ${expected}; found ${found}.`,
        remedy(folder),
      );
    }
  }
}

function remedy(folder: string): string {
  return `Delete the folder ${folder} and run the same command again: the images are drawn afresh.`;
}

function isDrawnBy(recipe: ShapesRecipe, checksums: Checksums | undefined): checksums is Checksums {
  return checksums !== undefined && JSON.stringify(checksums.recipe) === JSON.stringify(recipe);
}

function isChecksums(value: unknown): value is Checksums {
  if (typeof value !== "object" || value === null || !("recipe" in value) || !("files" in value)) {
    return false;
  }
  const { recipe, files } = value;
  return typeof recipe === "object" && recipe !== null && typeof files === "object" && files !== null &&
    Object.entries(files).every(([name, sum]) => !/[\\/]/.test(name) && typeof sum === "string");
}
