/**
 * Bytes that are read where they are asked for: of a file of any size, of which no more than that is in memory, or of a file
 * that lies in memory already.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { InputError } from "../errors.ts";
import { describeFileError } from "./file_errors.ts";
import { readBytes } from "./read.ts";

/** A run of bytes. */
export interface ByteSource {
  /** In bytes. */
  readonly length: number;
  /**
   * The bytes from one place to another, both within the length; not to be written into. Of an open file, they stand until
   * the next read.
   */
  read(begin: number, end: number): Uint8Array<ArrayBufferLike>;
}

/** An open file. */
export interface FileSource extends ByteSource {
  /** Nothing can be read afterwards. */
  close(): void;
}

/** Bytes as a source: views of them are given, no copies. A source is one already. */
export function byteSource(bytes: Uint8Array | ByteSource): ByteSource {
  if (!(bytes instanceof Uint8Array)) return bytes;
  return { length: bytes.length, read: (begin, end) => bytes.subarray(begin, end) };
}

/** Part of a source, as one of its own. */
export function sliceSource(source: ByteSource, begin: number, end: number): ByteSource {
  return { length: end - begin, read: (from, to) => source.read(begin + from, begin + to) };
}

/** Up to so many bytes are read with those around them, which are often asked for next. */
const PAGE_BYTES = 4096;

/**
 * Opens a file, for its receiver to close. What is no plain file (a pipe) is read whole.
 *
 * @param path The file.
 * @param expected What the file should have been, for the message.
 * @throws {InputError} when it is missing, a folder, or may not be read; on reading, when it has become shorter.
 */
export async function openFileSource(path: string, expected: string): Promise<FileSource> {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const stat = fstatSync(file);
    if (stat.isFile()) return new OpenFile(path, file, stat.size);
    closeSync(file);
  } catch (error) {
    if (file !== undefined) closeSync(file);
    throw new InputError(`Cannot read ${path} (expected ${expected}): ${describeFileError(error, "file")}.`);
  }
  return { ...byteSource(await readBytes(path, expected)), close() {} };
}

class OpenFile implements FileSource {
  readonly #page = new Uint8Array(2 * PAGE_BYTES);
  #pageBegin = 0;
  #pageEnd = 0;
  #large = new Uint8Array(0);

  constructor(readonly path: string, private readonly file: number, readonly length: number) {}

  read(begin: number, end: number): Uint8Array<ArrayBuffer> {
    if (end - begin > PAGE_BYTES) {
      if (this.#large.length < end - begin) this.#large = new Uint8Array(end - begin);
      return this.#fill(this.#large.subarray(0, end - begin), begin);
    }
    if (begin < this.#pageBegin || end > this.#pageEnd) {
      // The page begins a little earlier, for who looks backwards.
      const first = Math.max(0, begin - PAGE_BYTES / 4);
      const last = Math.min(this.length, first + this.#page.length);
      this.#pageEnd = 0;
      this.#fill(this.#page.subarray(0, last - first), first);
      this.#pageBegin = first;
      this.#pageEnd = last;
    }
    return this.#page.subarray(begin - this.#pageBegin, end - this.#pageBegin);
  }

  close(): void {
    closeSync(this.file);
  }

  #fill(bytes: Uint8Array<ArrayBuffer>, begin: number): Uint8Array<ArrayBuffer> {
    let done = 0;
    while (done < bytes.length) {
      const count = readSync(this.file, bytes, done, bytes.length - done, begin + done);
      if (count === 0) {
        throw new InputError(
          `Cannot read ${this.path}: it ended at byte ${
            begin + done
          }, and had ${this.length} bytes when it was opened.`,
          "Another program changes it. Wait until it is whole.",
        );
      }
      done += count;
    }
    return bytes;
  }
}

/** What is hashed at once. */
const HASH_BYTES = 2 ** 16;

/** The SHA-256 of a source, as `sha256` gives that of bytes. */
export function hashSource(source: ByteSource): string {
  const hash = createHash("sha256");
  for (let at = 0; at < source.length; at += HASH_BYTES) {
    hash.update(source.read(at, Math.min(source.length, at + HASH_BYTES)));
  }
  return hash.digest("hex");
}
