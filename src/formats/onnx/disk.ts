/**
 * ONNX files on disk, with the files beside them that large weights may lie in.
 *
 * @module
 */
import { closeSync, fstatSync, openSync, readSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { InputError } from "../../errors.ts";
import { readBytes } from "../../files/read.ts";
import type { Graph } from "../../graph/graph.ts";
import type { ReadExternal } from "./constant.ts";
import { readOnnx } from "./read.ts";

/**
 * Reads an ONNX file.
 *
 * @param path Of the file.
 * @returns The network in it. Its weights are decoded when they are read.
 * @throws {InputError} when it is missing, is not an ONNX file, or names weights outside its folder.
 * @example
 * ```ts ignore
 * import { readOnnxFile, writeOnnx } from "repfuse/formats";
 * const graph = await readOnnxFile("model.onnx");
 * ```
 */
export async function readOnnxFile(path: string): Promise<Graph> {
  return readOnnx(await readBytes(path, "an ONNX model"), path, externalIn(dirname(path), path));
}

/** Reads parts of the files in a folder, and of no others, whatever links lie there. */
function externalIn(folder: string, model: string): ReadExternal {
  return (location, offset, length) => {
    const refuse = (what: string) =>
      new InputError(`Cannot read ${model}: its weights lie in "${location.slice(0, 120)}", ${what}.`);
    if (isAbsolute(location) || isOutside(relative(folder, resolve(folder, location)))) {
      throw refuse("expected a file in the model's folder");
    }
    let file: number;
    try {
      const real = realpathSync(resolve(folder, location));
      if (isOutside(relative(realpathSync(folder), real))) {
        throw refuse("a link that leads out of the model's folder");
      }
      file = openSync(real, "r");
    } catch (error) {
      if (error instanceof InputError) throw error;
      throw refuse("which is not there");
    }
    try {
      const { size } = fstatSync(file);
      if (offset + length > size) {
        throw refuse(`which has ${size} bytes, expected ${length} from ${offset} on`);
      }
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length;) {
        const read = readSync(file, bytes, done, length - done, offset + done);
        if (read === 0) throw refuse("which was cut while it was read");
        done += read;
      }
      return bytes;
    } finally {
      closeSync(file);
    }
  };
}

function isOutside(path: string): boolean {
  return path === ".." || path.startsWith(`..${sep}`) || isAbsolute(path);
}
