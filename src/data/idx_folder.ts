/**
 * A data set as a folder of four IDX files under MNIST's own names, gzipped or not: images of rank 3 (grey) or 4 (NHWC),
 * labels of rank 1. The names of the classes are in `classes.txt`, or else they are the digits.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { assembleDataset, checkLabels, type LoadOptions, readClassNames } from "./assemble.ts";
import type { ImageShape } from "./image_shape.ts";
import type { Dataset, Labels, Split } from "./dataset.ts";
import { type EmnistSet, emnistSetOf, transposed } from "./emnist.ts";
import { encodeIdx, readIdx } from "./idx.ts";

/** The name of the file with the class names, one on a line. */
const CLASS_NAMES_FILE = "classes.txt";

/** `train-images-idx3-ubyte.gz`; some copies have a dot before `idx`. MNIST calls its test part `t10k`, and EMNIST has its own name before it all. */
const FILE_NAME = /^(?:emnist-[a-z]+-)?(?:(train)|t10k|test)-(images|labels)[-.]idx[134]-ubyte(?:\.gz)?$/;
const PARTS = ["train", "test"] as const;
const EXAMPLES = {
  "train images": "train-images-idx3-ubyte",
  "train labels": "train-labels-idx1-ubyte",
  "test images": "t10k-images-idx3-ubyte",
  "test labels": "t10k-labels-idx1-ubyte",
} as const;

/** Bytes before the first label: the magic number and one dimension. */
const LABELS_HEADER = 8;
/** Where the dimensions of images are written. */
const HEIGHT_OFFSET = 8;
const WIDTH_OFFSET = 12;
const CHANNELS_OFFSET = 16;
const MAX_CHANNELS = 4;

type Role = keyof typeof EXAMPLES;

/** Whether a folder with these entries holds IDX files by name. */
export function looksLikeIdx(entries: readonly string[]): boolean {
  return entries.some((entry) => FILE_NAME.test(entry));
}

/** The files of a data set, by name: what {@link loadIdxFolder} reads. */
export function encodeIdxFolder(dataset: Omit<Dataset, "name" | "checksum">): Map<string, Uint8Array> {
  const { height, width, channels } = dataset;
  const files = new Map<string, Uint8Array>();
  for (const part of PARTS) {
    const { images, labels, count } = dataset[part];
    files.set(
      `${part}-images-idx4-ubyte`,
      encodeIdx({ shape: [count, height, width, channels], data: images }),
    );
    files.set(`${part}-labels-idx1-ubyte`, encodeIdx({ shape: [count], data: asBytes(labels) }));
  }
  files.set(CLASS_NAMES_FILE, new TextEncoder().encode(dataset.classNames.join("\n") + "\n"));
  return files;
}

/**
 * Reads a folder of IDX files.
 *
 * @param entries The names in it.
 * @param name What the data set is called.
 * @throws {InputError} when a file is missing or damaged, or two disagree: it names the file and the byte offset.
 */
export async function loadIdxFolder(
  folder: string,
  entries: readonly string[],
  name: string,
  options: LoadOptions = {},
): Promise<Dataset> {
  const emnist = emnistSetOf(folder, entries);
  const read = async (part: typeof PARTS[number]) => {
    const found = await readPart(folder, entries, part);
    return emnist === undefined ? found : upright(found, emnist);
  };
  const [train, test] = [await read("train"), await read("test")];
  for (const axis of ["height", "width", "channels"] as const) {
    const [inTrain, inTest] = [train.shape[axis], test.shape[axis]];
    if (inTrain !== inTest) {
      throw new InputError(
        `Cannot use ${folder}: ${train.imagesPath} has ${axis} ${inTrain}, ${test.imagesPath} has ${inTest}. ` +
          `Both parts must have images of one size.`,
      );
    }
  }
  const classNames = entries.includes(CLASS_NAMES_FILE)
    ? await readClassNames(`${folder}/${CLASS_NAMES_FILE}`)
    : emnist?.classNames ?? digits(train.split.labels);
  for (const { split, labelsPath } of [train, test]) {
    checkLabels(split.labels, classNames.length, labelsPath, (index) => LABELS_HEADER + index);
  }
  const dataset = { name, ...train.shape, classNames, train: train.split, test: test.split };
  return await assembleDataset(folder, dataset, options);
}

interface Part {
  readonly split: Split;
  readonly shape: ImageShape;
  readonly imagesPath: string;
  readonly labelsPath: string;
}

async function readPart(
  folder: string,
  entries: readonly string[],
  part: typeof PARTS[number],
): Promise<Part> {
  const imagesPath = `${folder}/${chooseFile(folder, entries, `${part} images`)}`;
  const labelsPath = `${folder}/${chooseFile(folder, entries, `${part} labels`)}`;
  const images = await readIdx(imagesPath);
  const labels = await readIdx(labelsPath);
  const [count = 0, height = 0, width = 0, channels = 1] = images.shape;
  const rank = images.shape.length;
  if (rank !== 3 && rank !== 4) throw wrongRank(imagesPath, "3 or 4 (images)", rank);
  if (labels.shape.length !== 1) throw wrongRank(labelsPath, "1 (labels)", labels.shape.length);
  checkDimension(imagesPath, "height", HEIGHT_OFFSET, height);
  checkDimension(imagesPath, "width", WIDTH_OFFSET, width);
  checkDimension(imagesPath, "channels", CHANNELS_OFFSET, channels, MAX_CHANNELS);
  if (labels.shape[0] !== count) {
    throw new InputError(
      `Cannot use ${labelsPath}: at byte 4, expected ${count} labels, one for each image in ${imagesPath}; ` +
        `found ${labels.shape[0]}.`,
    );
  }
  const shape = { height, width, channels };
  return { split: { images: images.data, labels: labels.data, count }, shape, imagesPath, labelsPath };
}

/** EMNIST's images as one reads them, and labels that begin at 0. */
function upright(part: Part, { firstLabel }: EmnistSet): Part {
  const { shape: { height, width, channels }, imagesPath, labelsPath, split: { images, labels } } = part;
  if (height !== width || channels !== 1) {
    throw new InputError(
      `Cannot use ${imagesPath} as EMNIST: expected square grey images; found ${height} x ${width} x ${channels}.`,
    );
  }
  const below = labels.findIndex((label) => label < firstLabel);
  if (below >= 0) {
    throw new InputError(
      `Cannot use ${labelsPath}: at byte ${
        LABELS_HEADER + below
      }, expected a label of ${firstLabel} or more; ` +
        `found ${labels[below]}.`,
    );
  }
  return {
    ...part,
    split: {
      ...part.split,
      images: transposed(images, height),
      labels: labels.map((label) => label - firstLabel),
    },
  };
}

function checkDimension(path: string, axis: string, offset: number, found: number, most = Infinity): void {
  if (found >= 1 && found <= most) return;
  const range = most === Infinity ? "at least 1" : `1 to ${most}`;
  throw new InputError(
    `Cannot use ${path}: at byte ${offset}, expected ${axis} of ${range}; found ${found}. ` +
      `The dimensions must be [count, height, width] or [count, height, width, channels].`,
  );
}

/** The file for a role. A decompressed file is taken before the gzipped one that it came from. */
function chooseFile(folder: string, entries: readonly string[], role: Role): string {
  const found = entries.filter((entry) => {
    const match = FILE_NAME.exec(entry);
    return match !== null && `${match[1] ?? "test"} ${match[2]}` === role;
  });
  const plain = found.filter((entry) => !entry.endsWith(".gz"));
  const [file, another] = plain.length > 0 ? plain.sort() : found.sort();
  if (file === undefined) {
    throw new InputError(
      `Cannot use ${folder}: the ${role} are missing. Expected a file called ${
        EXAMPLES[role]
      } or so, or that with .gz.`,
    );
  }
  if (another !== undefined) {
    throw new InputError(
      `Cannot use ${folder}: ${file} and ${another} both claim to be the ${role}. Keep one.`,
    );
  }
  return file;
}

function wrongRank(path: string, expected: string, found: number): InputError {
  return new InputError(`Cannot use ${path}: at byte 3, expected rank ${expected}; found rank ${found}.`);
}

function asBytes(labels: Labels): Uint8Array {
  if (labels instanceof Uint8Array) return labels;
  throw new RangeError("Cannot write labels of more than 256 classes: in these files a label is one byte.");
}

function digits(labels: Labels): string[] {
  const count = Array.from(labels).reduce((most, label) => Math.max(most, label), -1) + 1;
  return Array.from({ length: count }, (_, i) => String(i));
}
