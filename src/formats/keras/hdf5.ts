/**
 * HDF5 files out of memory, through the HDF5 library compiled to WebAssembly (h5wasm): groups, texts and arrays of floats. The
 * library sees no file system but one of its own, in memory.
 *
 * @module
 */
import type { Dataset, Group } from "h5wasm";
import { InputError } from "../../errors.ts";

/** The name of the one file in the library's file system. */
const NAME = "/read.h5";

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** HDF5's class of floating-point numbers. */
const FLOAT_CLASS = 1;

/** An array of a file. */
export interface Hdf5Array {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A group of a file. Names may be paths. */
export interface Hdf5Group {
  /** The groups and arrays in it. */
  names(): readonly string[];
  /** The group of a name; nothing where there is none. */
  group(name: string): Hdf5Group | undefined;
  /**
   * The array of a name; nothing where there is none.
   *
   * @throws {InputError} when it is not one of floats, or claims more bytes than the file has.
   */
  array(name: string): Hdf5Array | undefined;
  /** The texts of an attribute; nothing where there is none. */
  texts(attribute: string): readonly string[] | undefined;
}

/** Whether bytes begin as an HDF5 file does. */
export function isHdf5(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/**
 * Reads a file.
 *
 * @param path Names it in errors.
 * @param read Takes what it needs; the groups end with it.
 * @throws {InputError} when it is no HDF5 file, or a damaged one.
 */
export async function readHdf5<T>(
  bytes: Uint8Array,
  path: string,
  read: (root: Hdf5Group) => T,
): Promise<T> {
  if (!isHdf5(bytes)) throw damaged(path, "it does not begin as one");
  const { Dataset, File, Group, ready } = await import("h5wasm");
  const { FS, activate_throwing_error_handler } = await ready;
  // Or the library prints its errors.
  activate_throwing_error_handler();

  const groupOf = (group: Group): Hdf5Group => ({
    names: () => group.keys(),
    group: (name) => {
      const found = within(group, name);
      return found instanceof Group ? groupOf(found) : undefined;
    },
    array: (name) => {
      const found = within(group, name);
      return found instanceof Dataset ? arrayOf(found, name) : undefined;
    },
    texts: (attribute) => {
      if (!(attribute in group.attrs)) return undefined;
      const value = group.attrs[attribute]!.value;
      return (Array.isArray(value) ? value : [value]).filter((text) => typeof text === "string");
    },
  });

  function arrayOf(dataset: Dataset, name: string): Hdf5Array {
    const { type, size, total_size, shape } = dataset.metadata;
    if (shape === null || size * total_size > bytes.length) {
      throw damaged(
        path,
        `"${name}" claims ${total_size} numbers of ${size} bytes, and the file has ${bytes.length}`,
      );
    }
    if (type !== FLOAT_CLASS) {
      throw new InputError(
        `Cannot read ${path}: its array "${name}" is of the type ${
          JSON.stringify(dataset.dtype)
        }, expected floats.`,
        "Save the model with float32 weights.",
      );
    }
    const { value } = dataset;
    const numbers = typeof value === "number" ? [value] : value;
    if (!ArrayBuffer.isView(numbers) && !Array.isArray(numbers)) {
      throw damaged(path, `"${name}" holds no numbers`);
    }
    return { shape: [...shape], values: Float32Array.from(numbers as ArrayLike<number>) };
  }

  try {
    FS.writeFile(NAME, bytes);
    const file = new File(NAME, "r");
    try {
      return read(groupOf(file));
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    const [line] = (error instanceof Error ? error.message : String(error)).split("\n");
    throw damaged(path, `the HDF5 library says "${line}"`);
  } finally {
    if (FS.analyzePath(NAME, false).exists) FS.unlink(NAME);
  }
}

/** What a path leads to, one group after the other: the library fails on a path through what is not there. */
function within(group: Group, path: string): unknown {
  return path.split("/").reduce<unknown>((found, name) => {
    const holder = found as Group | null;
    return typeof holder?.keys === "function" && holder.keys().includes(name) ? holder.get(name) : null;
  }, group);
}

function damaged(path: string, what: string): InputError {
  return new InputError(`Cannot read ${path} as an HDF5 file: ${what}.`, "Save or download it again.");
}
