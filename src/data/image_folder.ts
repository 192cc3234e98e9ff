/**
 * A data set as class folders of PNG and JPEG files: `cat/1.png`, `dog/2.jpg`, either below `train/` and `test/`
 * (or `val/`, which other tools write), or
 * at the top, where a fifth of each class is set aside for testing. The folders' names, sorted, are the classes.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { Random } from "../random.ts";
import { assembleDataset, labelsOf, type LoadOptions, MAX_CLASSES } from "./assemble.ts";
import { epochOrder } from "./batches.ts";
import type { Dataset, Split } from "./dataset.ts";
import { listFolder } from "./listing.ts";
import { readPicture } from "./read_picture.ts";
import { resizeToSquare } from "./resize.ts";
import type { RgbImage } from "./rgb_image.ts";

/** The part of each class that is set aside when there is no `test` folder. */
const TEST_PART = 1 / 5;
/** What the other part is called beside `train`; the first of them counts. */
const TEST_FOLDERS = ["test", "val", "valid", "validation"] as const;
/** Most damaged pictures that an error names. */
const MOST_NAMED = 20;
/** The seed of that choice: it is always the same one. */
const SPLIT_SEED = 0;
/** Most bytes of pixels that a part may have. */
const MAX_SPLIT_BYTES = 2 ** 32;
const CHANNELS = 3;
const PROGRESS_EVERY = 1000;

/** One picture to read. */
export interface LabelledPicture {
  readonly path: string;
  /** Class index. */
  readonly label: number;
}

/** The pictures of a data set, not yet read. */
interface Catalogue {
  readonly classNames: readonly string[];
  readonly train: readonly LabelledPicture[];
  readonly test: readonly LabelledPicture[];
}

/**
 * Reads class folders. Grey pictures become RGB, transparency is laid on white, see {@link readPicture}. With `imageSize`, the middle square of every picture is resampled to that size; without it, all
 * must have the size of the first. Hidden files and files beside the class folders are skipped; any other file that
 * is no picture is an error.
 *
 * @param name What the data set is called.
 * @throws {InputError} naming the file or folder, and what was expected.
 */
export async function loadImageFolder(
  folder: string,
  name: string,
  options: LoadOptions = {},
): Promise<Dataset> {
  const { classNames, train: trainEntries, test: testEntries } = await catalogue(folder);
  const damaged: InputError[] = [];
  const read = async (path: string): Promise<RgbImage | undefined> => {
    try {
      return await readPicture(path);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      damaged.push(error);
      return undefined;
    }
  };
  let first: { readonly path: string; readonly picture: RgbImage } | undefined;
  for (const { path } of trainEntries) {
    const picture = await read(path);
    if (picture !== undefined) {
      first = { path, picture };
      break;
    }
  }
  if (first === undefined) throw allOf(damaged, folder);
  const { path: firstPath, picture: { height: firstHeight, width: firstWidth } } = first;
  damaged.length = 0; // Those are met again.
  const height = options.imageSize ?? firstHeight;
  const width = options.imageSize ?? firstWidth;
  const readSplit = async (part: string, entries: readonly LabelledPicture[]): Promise<Split> => {
    const imageLength = height * width * CHANNELS;
    checkMemory(folder, part, entries.length, imageLength);
    const images = new Uint8Array(entries.length * imageLength);
    for (const [i, { path }] of entries.entries()) {
      const picture = await read(path);
      if (picture !== undefined) {
        images.set(fit(picture, path, height, width, options, firstPath), i * imageLength);
      }
      const done = i + 1;
      if (done % PROGRESS_EVERY === 0) {
        options.onProgress?.(`Read ${done} of ${entries.length} ${part} images`);
      }
    }
    return {
      images,
      labels: labelsOf(classNames.length, entries.map(({ label }) => label)),
      count: entries.length,
    };
  };
  const train = await readSplit("train", trainEntries);
  const test = await readSplit("test", testEntries);
  if (damaged.length > 0) throw allOf(damaged, folder);
  return await assembleDataset(
    folder,
    { name, height, width, channels: CHANNELS, classNames, train, test },
    options,
  );
}

/** One error for all pictures that cannot be used. */
export function allOf(errors: readonly InputError[], folder: string): InputError {
  if (errors.length === 1) return errors[0]!;
  const named = errors.slice(0, MOST_NAMED).map(({ message }) => `  ${message}`);
  const more = errors.length > MOST_NAMED ? [`  and ${errors.length - MOST_NAMED} more`] : [];
  return new InputError(
    [`Cannot use ${folder}: ${errors.length} pictures cannot be read.`, ...named, ...more].join("\n"),
    "Remove them, or save them again.",
  );
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

/**
 * Lists the pictures of class folders: all of them, or where the folder is parted those below its `test/` or `val/`.
 *
 * @throws {InputError} when it holds no class folders, or one of them no pictures.
 */
export async function listPictures(folder: string): Promise<PictureListing> {
  const { folders } = await listFolder(folder);
  const part = TEST_FOLDERS.find((name) => folders.includes(name));
  const isParted = part !== undefined && (await listFolder(`${folder}/${part}`)).folders.length > 0;
  const name = isParted ? `${folder}/${part}` : folder;
  const classes = await listClasses(name, 1);
  return { name, classNames: [...classes.keys()], pictures: entriesOf(classes) };
}

async function catalogue(folder: string): Promise<Catalogue> {
  const { folders } = await listFolder(folder);
  const testFolder = TEST_FOLDERS.find((name) => folders.includes(name));
  if (folders.includes("train") && testFolder !== undefined) {
    const train = await listClasses(`${folder}/train`);
    const test = await listClasses(`${folder}/${testFolder}`);
    const classNames = [...train.keys()];
    checkSameClasses(folder, classNames, [...test.keys()], testFolder);
    return { classNames, train: entriesOf(train), test: entriesOf(test) };
  }
  for (const [part, other] of [["train", "test"], ["test", "train"]] as const) {
    if (folders.includes(part) && (await listFolder(`${folder}/${part}`)).folders.length > 0) {
      throw new InputError(
        `Cannot use ${folder}: ${part}/ holds folders, but there is no ${other}/ beside it.`,
        `Add ${folder}/${other} with the same class folders, or move those of ${part}/ up to have a fifth set aside.`,
      );
    }
  }
  return splitClasses(folder, await listClasses(folder));
}

/** The paths of the pictures of each class, by the class's name; both in sorted order. */
async function listClasses(folder: string, fewest = 2): Promise<Map<string, string[]>> {
  const { folders } = await listFolder(folder);
  if (folders.length < fewest || folders.length > MAX_CLASSES) {
    throw new InputError(
      `Cannot use ${folder}: expected ${fewest} to ${
        MAX_CLASSES.toLocaleString("en")
      } class folders; found ${folders.length}.`,
    );
  }
  const classes = new Map<string, string[]>();
  for (const name of folders) {
    const path = `${folder}/${name}`;
    const { files, folders: deeper } = await listFolder(path);
    if (deeper[0] !== undefined) {
      throw new InputError(`Cannot use ${path}: expected PNG and JPEG files; found the folder ${deeper[0]}.`);
    }
    if (files.length === 0) {
      throw new InputError(`Cannot use ${path}: expected PNG and JPEG files; found none.`);
    }
    classes.set(name, files.map((file) => `${path}/${file}`));
  }
  return classes;
}

/** Sets aside a fifth of each class, at least one picture, by a shuffle that depends on the class's name alone. */
function splitClasses(folder: string, classes: Map<string, string[]>): Catalogue {
  const train = new Map<string, string[]>();
  const test = new Map<string, string[]>();
  for (const [name, paths] of classes) {
    if (paths.length < 2) {
      throw new InputError(
        `Cannot split ${folder}/${name}: expected at least 2 pictures, to train and to test; found 1.`,
      );
    }
    const testCount = Math.max(1, Math.round(paths.length * TEST_PART));
    const order = epochOrder(paths.length, Random.from(SPLIT_SEED, "split", name));
    const choose = (indices: Uint32Array) => Array.from(indices.sort(), (index) => paths[index]!);
    test.set(name, choose(order.subarray(0, testCount)));
    train.set(name, choose(order.subarray(testCount)));
  }
  return { classNames: [...classes.keys()], train: entriesOf(train), test: entriesOf(test) };
}

function entriesOf(classes: Map<string, string[]>): LabelledPicture[] {
  return [...classes.values()].flatMap((paths, label) => paths.map((path) => ({ path, label })));
}

function checkSameClasses(
  folder: string,
  train: readonly string[],
  test: readonly string[],
  testFolder: string,
): void {
  const odd = [...train, ...test].find((name) => !train.includes(name) || !test.includes(name));
  if (odd === undefined) return;
  const [here, there] = train.includes(odd) ? ["train", testFolder] : [testFolder, "train"];
  throw new InputError(`Cannot use ${folder}: the class "${odd}" is in ${here}/, but not in ${there}/.`);
}

function fit(
  { width, height, pixels }: RgbImage,
  path: string,
  toHeight: number,
  toWidth: number,
  { imageSize }: LoadOptions,
  firstPath: string,
): Uint8Array {
  if (width === toWidth && height === toHeight) return pixels;
  if (imageSize !== undefined) {
    return resizeToSquare(pixels, { height, width, channels: CHANNELS }, imageSize);
  }
  throw new InputError(
    `Cannot use ${path}: it is ${width} x ${height} pixels, but ${firstPath} is ${toWidth} x ${toHeight}.`,
    "Give an image size, and every picture is brought to it.",
  );
}

function checkMemory(folder: string, part: string, count: number, imageLength: number): void {
  if (count * imageLength <= MAX_SPLIT_BYTES) return;
  throw new InputError(
    `Cannot hold the ${part} images of ${folder} in memory: ${count} images of ${imageLength} bytes are more than ` +
      `${MAX_SPLIT_BYTES} bytes.`,
    "Choose a smaller image size.",
  );
}
