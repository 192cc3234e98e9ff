/**
 * CIFAR-10's binary version (https://www.cs.toronto.edu/~kriz/cifar.html). `data_batch_1.bin` and so on hold the training images,
 * `test_batch.bin` the test images, `batches.meta.txt` the names of the classes.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { readBytes } from "../files/read.ts";
import { assembleDataset, type LoadOptions } from "./assemble.ts";
import { CIFAR_SHAPE, cifarClassNames, type CifarKind, decodeCifar } from "./cifar_records.ts";
import type { Dataset, Split } from "./dataset.ts";

const CIFAR10: CifarKind = {
  name: "CIFAR-10",
  labelBytes: 1,
  classCount: 10,
  namesFile: "batches.meta.txt",
};
const TRAIN_FILE = /^data_batch_([1-9]\d?)\.bin$/;
const TEST_FILE = "test_batch.bin";

/** Whether a folder with these entries holds CIFAR-10's binary batches by name. */
export function looksLikeCifar10(entries: readonly string[]): boolean {
  return entries.some((entry) => entry === TEST_FILE || TRAIN_FILE.test(entry));
}

/** {@link decodeCifar} of one of CIFAR-10's batches. */
export function decodeCifar10(file: Uint8Array, path: string): Split {
  return decodeCifar(file, path, CIFAR10);
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
  const classNames = await cifarClassNames(folder, entries, CIFAR10);
  const read = async (file: string) => {
    const path = `${folder}/${file}`;
    return decodeCifar10(await readBytes(path, "a CIFAR-10 batch"), path);
  };
  const train = concatenate(await Promise.all(trainFiles.map(read)));
  const test = await read(TEST_FILE);
  return await assembleDataset(folder, { name, ...CIFAR_SHAPE, classNames, train, test }, options);
}

function concatenate(splits: readonly Split[]): Split {
  const count = splits.reduce((sum, split) => sum + split.count, 0);
  const images = new Uint8Array(splits.reduce((sum, { images }) => sum + images.length, 0));
  const labels = new Uint8Array(count);
  let at = 0;
  for (const split of splits) {
    images.set(split.images, at * (split.images.length / split.count));
    labels.set(split.labels, at);
    at += split.count;
  }
  return { images, labels, count };
}
