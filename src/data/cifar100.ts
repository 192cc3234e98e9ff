/**
 * CIFAR-100's binary version (https://www.cs.toronto.edu/~kriz/cifar.html): `train.bin` and `test.bin`, whose records have a
 * label of 20 and then one of 100 classes, of which the second is taken. `fine_label_names.txt` has their names.
 *
 * @module
 */
import { readBytes } from "../files/read.ts";
import { assembleDataset, type LoadOptions } from "./assemble.ts";
import { CIFAR_SHAPE, cifarClassNames, type CifarKind, decodeCifar } from "./cifar_records.ts";
import type { Dataset, Split } from "./dataset.ts";

const CIFAR100: CifarKind = {
  name: "CIFAR-100",
  labelBytes: 2,
  classCount: 100,
  namesFile: "fine_label_names.txt",
};
const TRAIN_FILE = "train.bin";
const TEST_FILE = "test.bin";

/** Whether a folder with these entries holds CIFAR-100 by name. */
export function looksLikeCifar100(entries: readonly string[]): boolean {
  return entries.includes(TRAIN_FILE) &&
    (entries.includes(TEST_FILE) || entries.includes(CIFAR100.namesFile));
}

/**
 * Reads a folder of CIFAR-100.
 *
 * @param entries The names in it.
 * @param name What the data set is called.
 * @throws {InputError} when a file is missing or damaged, or there are not a hundred class names.
 */
export async function loadCifar100Folder(
  folder: string,
  entries: readonly string[],
  name: string,
  options: LoadOptions = {},
): Promise<Dataset> {
  const read = async (file: string): Promise<Split> => {
    const path = `${folder}/${file}`;
    return decodeCifar(await readBytes(path, "a file of CIFAR-100"), path, CIFAR100);
  };
  const classNames = await cifarClassNames(folder, entries, CIFAR100);
  const [train, test] = [await read(TRAIN_FILE), await read(TEST_FILE)];
  return await assembleDataset(folder, { name, ...CIFAR_SHAPE, classNames, train, test }, options);
}
