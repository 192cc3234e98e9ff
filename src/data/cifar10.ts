/**
 * CIFAR-10's binary version (https://www.cs.toronto.edu/~kriz/cifar.html): records of one label byte and 3,072 pixel
 * bytes, which are planes (red, green, blue), each [32, 32]. `data_batch_1.bin` and so on hold the training images,
 * `test_batch.bin` the test images, `batches.meta.txt` the names of the classes.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { readBytes } from "../files/read.ts";
import { assembleDataset, checkLabels, type LoadOptions, readClassNames } from "./assemble.ts";
import type { Dataset, Split } from "./dataset.ts";

const SIZE = 32;
const CHANNELS = 3;
const PLANE_LENGTH = SIZE * SIZE;
const IMAGE_LENGTH = PLANE_LENGTH * CHANNELS;
const RECORD_LENGTH = 1 + IMAGE_LENGTH;
const CLASS_COUNT = 10;
const TRAIN_FILE = /^data_batch_([1-9]\d?)\.bin$/;
const TEST_FILE = "test_batch.bin";
const NAMES_FILE = "batches.meta.txt";

/** Whether a folder with these entries holds CIFAR-10's binary batches by name. */
export function looksLikeCifar10(entries: readonly string[]): boolean {
  return entries.some((entry) => entry === TEST_FILE || TRAIN_FILE.test(entry));
}

/**
 * The images and labels of one batch file.
 *
 * @param file Its bytes.
 * @param path Names it in errors.
 * @returns Images [count, 32, 32, 3]: the planes are interleaved.
 * @throws {InputError} when the file is empty, cut, or has a label above 9, with the byte offset.
 */
export function decodeCifar10(file: Uint8Array, path: string): Split {
  const count = Math.floor(file.length / RECORD_LENGTH);
  const rest = file.length - count * RECORD_LENGTH;
  if (count === 0 || rest !== 0) {
    throw new InputError(
      `Cannot read ${path} as CIFAR-10: at byte ${
        count * RECORD_LENGTH
      }, expected a record of ${RECORD_LENGTH} bytes; ` +
        `found the end of the file after ${rest}.`,
    );
  }
  const labels = new Uint8Array(count);
  const images = new Uint8Array(count * IMAGE_LENGTH);
  for (let i = 0; i < count; i++) {
    const record = i * RECORD_LENGTH;
    labels[i] = file[record]!;
    for (let pixel = 0, to = i * IMAGE_LENGTH; pixel < PLANE_LENGTH; pixel++) {
      for (let channel = 0; channel < CHANNELS; channel++, to++) {
        images[to] = file[record + 1 + channel * PLANE_LENGTH + pixel]!;
      }
    }
  }
  checkLabels(labels, CLASS_COUNT, path, (index) => index * RECORD_LENGTH);
  return { images, labels, count };
}

/**
 * Reads a folder of CIFAR-10's binary batches: as many training batches as there are, from the first without a gap.
 *
 * @param entries The names in it.
 * @param name What the data set is called.
 * @throws {InputError} when a batch is missing or damaged, or there are not ten class names.
 */
export async function loadCifar10Folder(
  folder: string,
  entries: readonly string[],
  name: string,
  options: LoadOptions = {},
): Promise<Dataset> {
  const trainCount = Math.max(1, ...entries.map((entry) => Number(TRAIN_FILE.exec(entry)?.[1] ?? 0)));
  const trainFiles = Array.from({ length: trainCount }, (_, i) => `data_batch_${i + 1}.bin`);
  for (const file of [...trainFiles, TEST_FILE]) {
    if (!entries.includes(file)) {
      throw new InputError(
        `Cannot use ${folder} as CIFAR-10: ${file} is missing. ` +
          `Expected data_batch_1.bin to data_batch_${
            Math.max(5, trainCount)
          }.bin without a gap, and ${TEST_FILE}.`,
      );
    }
  }
  const classNames = entries.includes(NAMES_FILE)
    ? await readClassNames(`${folder}/${NAMES_FILE}`)
    : Array.from({ length: CLASS_COUNT }, (_, i) => String(i));
  if (classNames.length !== CLASS_COUNT) {
    throw new InputError(
      `Cannot use ${folder}/${NAMES_FILE}: expected ${CLASS_COUNT} class names; found ${classNames.length}.`,
    );
  }
  const read = async (file: string) => {
    const path = `${folder}/${file}`;
    return decodeCifar10(await readBytes(path, "a CIFAR-10 batch"), path);
  };
  const train = concatenate(await Promise.all(trainFiles.map(read)));
  const test = await read(TEST_FILE);
  const shape = { height: SIZE, width: SIZE, channels: CHANNELS };
  return await assembleDataset(folder, { name, ...shape, classNames, train, test }, options);
}

function concatenate(splits: readonly Split[]): Split {
  const count = splits.reduce((sum, split) => sum + split.count, 0);
  const images = new Uint8Array(count * IMAGE_LENGTH);
  const labels = new Uint8Array(count);
  let at = 0;
  for (const split of splits) {
    images.set(split.images, at * IMAGE_LENGTH);
    labels.set(split.labels, at);
    at += split.count;
  }
  return { images, labels, count };
}
