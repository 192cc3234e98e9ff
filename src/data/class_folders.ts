/**
 * Which pictures are of which class, and in which part of a data set: `cat/1.png`, `dog/2.jpg`, either below `train/`, `test/`
 * and `val/`, or at the top, where a fifth of each class is set aside for testing. The folders' names, sorted, are the classes.
 * Nothing is decoded here.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { Random } from "../random.ts";
import { MAX_CLASSES } from "./assemble.ts";
import { epochOrder } from "./batches.ts";
import type { Part } from "./dataset.ts";
import { listFolder } from "./listing.ts";

/** What the folders of the parts are called, in any case of letters. */
const PART_NAMES: Readonly<Record<Part, readonly string[]>> = {
  train: ["train"],
  test: ["test"],
  validation: ["val", "valid", "validation"],
};
/** The part of each class that is set aside when there is no `test` folder. */
const TEST_PART = 1 / 5;
/** Most folders that a message names. */
const MOST_NAMED = 10;
/** The seed of that choice: it is always the same one. */
const SPLIT_SEED = 0;

/** One picture to read. */
export interface LabelledPicture {
  readonly path: string;
  /** Class index. */
  readonly label: number;
}

/** The pictures of a data set, not yet read. */
export interface Catalogue {
  /** Sorted. */
  readonly classNames: readonly string[];
  readonly train: readonly LabelledPicture[];
  readonly test: readonly LabelledPicture[];
  readonly validation?: readonly LabelledPicture[];
}

/** All pictures of class folders. */
export interface PictureListing {
  /** The folder that holds the class folders. */
  readonly name: string;
  /** Sorted. */
  readonly classNames: readonly string[];
  /** Class by class, each sorted. */
  readonly pictures: readonly LabelledPicture[];
}

/** The paths of the pictures of each class, by the class's name; both in sorted order. */
type Classes = ReadonlyMap<string, readonly string[]>;

/**
 * Lists the pictures of class folders: all of them, or where the folder is parted those that are not for training.
 *
 * @throws {InputError} when it holds no class folders with pictures.
 */
export async function listPictures(folder: string): Promise<PictureListing> {
  const { test, validation } = await findParts(folder);
  const name = test ?? validation ?? folder;
  const classes = withoutEmpty(await listClasses(name, 1));
  if (classes.size === 0) throw new InputError(`Cannot use ${name}: its class folders are empty.`);
  return { name, classNames: [...classes.keys()], pictures: entriesOf(classes) };
}

/**
 * Lists the pictures of a data set. Beside `train/`, what is for validation is the test part where there is no other. Classes
 * without a picture are left out.
 *
 * @param onProgress Told which those are.
 * @throws {InputError} naming the folder, and what was expected in it.
 */
export async function listCatalogue(
  folder: string,
  onProgress?: (message: string) => void,
): Promise<Catalogue> {
  const { train, test, validation } = await findParts(folder);
  const judged = test ?? validation;
  if (train !== undefined && judged !== undefined) {
    const classes = await trainedClasses(train, onProgress);
    const classNames = [...classes.keys()];
    const entriesAlike = async (other: string) => {
      const theirs = await listClasses(other);
      const known = new Map([...theirs].filter(([name, paths]) => paths.length > 0 || classes.has(name)));
      checkSameClasses(folder, [train, classNames], [other, [...known.keys()]]);
      return entriesOf(new Map(classNames.map((name) => [name, known.get(name)!])));
    };
    return {
      classNames,
      train: entriesOf(classes),
      test: await entriesAlike(judged),
      ...(test === undefined || validation === undefined
        ? {}
        : { validation: await entriesAlike(validation) }),
    };
  }
  for (const [part, other] of [[train, "test"], [test, "train"]] as const) {
    if (part === undefined) continue;
    const name = nameOf(part);
    throw new InputError(
      `Cannot use ${folder}: ${name}/ holds folders, but there is no ${other}/ beside it.`,
      `Add ${folder}/${other} with the same class folders, or move those of ${name}/ up to have a fifth set aside.`,
    );
  }
  return splitClasses(folder, await trainedClasses(folder, onProgress));
}

/** The classes to learn: two or more that have pictures. */
async function trainedClasses(folder: string, onProgress?: (message: string) => void): Promise<Classes> {
  const listed = await listClasses(folder);
  const classes = withoutEmpty(listed);
  const empty = [...listed.keys()].filter((name) => !classes.has(name));
  if (classes.size < 2) {
    throw new InputError(
      `Cannot use ${folder}: expected pictures in two class folders or more; found none in ${
        namesOf(empty)
      }.`,
      "A network tells classes apart: it needs pictures of each.",
    );
  }
  if (empty.length > 0) {
    onProgress?.(`warning: ${folder}: no pictures in ${namesOf(empty)}; left out of the classes`);
  }
  return classes;
}

/** Whether a folder is called as a part of a data set is. */
export function isPartName(folder: string): boolean {
  return Object.values(PART_NAMES).flat().includes(folder.toLowerCase());
}

/** The folders of the parts that are there with folders in them. */
async function findParts(folder: string): Promise<Partial<Record<Part, string>>> {
  const { folders } = await listFolder(folder);
  const found: Partial<Record<Part, string>> = {};
  for (const [part, names] of Object.entries(PART_NAMES) as [Part, readonly string[]][]) {
    const path = names.flatMap((name) => folders.filter((found) => found.toLowerCase() === name))
      .map((name) => `${folder}/${name}`)[0];
    if (path !== undefined && (await listFolder(path)).folders.length > 0) found[part] = path;
  }
  return found;
}

async function listClasses(folder: string, fewest = 2): Promise<Classes> {
  const { folders } = await listFolder(folder);
  if (folders.length < fewest || folders.length > MAX_CLASSES) {
    const only = folders.length === 1 ? `, "${folders[0]}"` : "";
    throw new InputError(
      `Cannot use ${folder}: expected ${fewest} to ${MAX_CLASSES.toLocaleString("en")} class folders; ` +
        `found ${folders.length}${only}.`,
      folders.length > 1
        ? undefined
        : "A network tells classes apart: give it a second folder, with pictures of something else.",
    );
  }
  const classes = new Map<string, string[]>();
  for (const name of folders) {
    const path = `${folder}/${name}`;
    const { files, folders: deeper } = await listFolder(path);
    if (deeper[0] !== undefined) {
      throw new InputError(`Cannot use ${path}: expected pictures; found the folder ${deeper[0]}.`);
    }
    classes.set(name, files.map((file) => `${path}/${file}`));
  }
  return classes;
}

function withoutEmpty(classes: Classes): Classes {
  return new Map([...classes].filter(([, paths]) => paths.length > 0));
}

function namesOf(folders: readonly string[]): string {
  const named = folders.slice(0, MOST_NAMED).map((name) => `${name}/`).join(", ");
  return folders.length > MOST_NAMED ? `${named} and ${folders.length - MOST_NAMED} more` : named;
}

/** Sets aside a fifth of each class, at least one picture, by a shuffle that depends on the class's name alone. */
function splitClasses(folder: string, classes: Classes): Catalogue {
  const train = new Map<string, string[]>();
  const test = new Map<string, string[]>();
  const single = [...classes].filter(([, paths]) => paths.length < 2).map(([name]) => name);
  if (single.length > 0) {
    throw new InputError(
      single.length === 1
        ? `Cannot split ${folder}/${single[0]}: expected at least 2 pictures, to train and to test; found 1.`
        : `Cannot split ${folder}: expected at least 2 pictures of a class, to train and to test; found 1 in ${
          namesOf(single)
        }.`,
      "Add a picture to each, or take those folders away.",
    );
  }
  for (const [name, paths] of classes) {
    const testCount = Math.max(1, Math.round(paths.length * TEST_PART));
    const order = epochOrder(paths.length, Random.from(SPLIT_SEED, "split", name));
    const choose = (indices: Uint32Array) => Array.from(indices.sort(), (index) => paths[index]!);
    test.set(name, choose(order.subarray(0, testCount)));
    train.set(name, choose(order.subarray(testCount)));
  }
  return { classNames: [...classes.keys()], train: entriesOf(train), test: entriesOf(test) };
}

function entriesOf(classes: Classes): LabelledPicture[] {
  return [...classes.values()].flatMap((paths, label) => paths.map((path) => ({ path, label })));
}

function checkSameClasses(
  folder: string,
  [train, ours]: readonly [string, readonly string[]],
  [other, theirs]: readonly [string, readonly string[]],
): void {
  const odd = [...ours, ...theirs].find((name) => !ours.includes(name) || !theirs.includes(name));
  if (odd === undefined) return;
  const [here, there] = ours.includes(odd) ? [train, other] : [other, train];
  throw new InputError(
    `Cannot use ${folder}: the class "${odd}" is in ${nameOf(here)}/, but not in ${nameOf(there)}/.`,
  );
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf("/") + 1);
}
