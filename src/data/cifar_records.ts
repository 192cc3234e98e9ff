/**
 * The records of CIFAR's binary versions (https://www.cs.toronto.edu/~kriz/cifar.html): label bytes, of which the last counts,
 * and 3,072 pixel bytes, which are planes (red, green, blue), each [32, 32].
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { checkLabels, readClassNames } from "./assemble.ts";
import type { Split } from "./dataset.ts";

/** What tells the two sets apart. */
export interface CifarKind {
  readonly name: string;
  /** Label bytes of a record. */
  readonly labelBytes: number;
  readonly classCount: number;
  /** The file that names the classes, where it is there. */
  readonly namesFile: string;
}

/** Of every image. */
export const CIFAR_SHAPE = { height: 32, width: 32, channels: 3 } as const;

const CHANNELS = CIFAR_SHAPE.channels;
const PLANE_LENGTH = CIFAR_SHAPE.height * CIFAR_SHAPE.width;
const IMAGE_LENGTH = PLANE_LENGTH * CHANNELS;

/**
 * The images and labels of one file.
 *
 * @param file Its bytes.
 * @param path Names it in errors.
 * @returns Images [count, 32, 32, 3]: the planes are interleaved.
 * @throws {InputError} when the file is empty, cut, or has a label that is no class, with the byte offset.
 */
export function decodeCifar(
  file: Uint8Array,
  path: string,
  { name, labelBytes, classCount }: CifarKind,
): Split {
  const recordLength = labelBytes + IMAGE_LENGTH;
  const count = Math.floor(file.length / recordLength);
  const rest = file.length - count * recordLength;
  if (count === 0 || rest !== 0) {
    throw new InputError(
      `Cannot read ${path} as ${name}: at byte ${
        count * recordLength
      }, expected a record of ${recordLength} bytes; ` +
        `found the end of the file after ${rest}.`,
    );
  }
  const labels = new Uint8Array(count);
  const images = new Uint8Array(count * IMAGE_LENGTH);
  for (let i = 0; i < count; i++) {
    const record = i * recordLength;
    labels[i] = file[record + labelBytes - 1]!;
    for (let pixel = 0, to = i * IMAGE_LENGTH; pixel < PLANE_LENGTH; pixel++) {
      for (let channel = 0; channel < CHANNELS; channel++, to++) {
        images[to] = file[record + labelBytes + channel * PLANE_LENGTH + pixel]!;
      }
    }
  }
  checkLabels(labels, classCount, path, (index) => index * recordLength + labelBytes - 1);
  return { images, labels, count };
}

/**
 * The names of the classes: those in the file beside the records, or the numbers.
 *
 * @param entries The names in the folder.
 * @throws {InputError} when there are more or fewer than there are classes.
 */
export async function cifarClassNames(
  folder: string,
  entries: readonly string[],
  { namesFile, classCount }: CifarKind,
): Promise<readonly string[]> {
  if (!entries.includes(namesFile)) return Array.from({ length: classCount }, (_, i) => String(i));
  const names = await readClassNames(`${folder}/${namesFile}`);
  if (names.length === classCount) return names;
  throw new InputError(
    `Cannot use ${folder}/${namesFile}: expected ${classCount} class names; found ${names.length}.`,
  );
}
