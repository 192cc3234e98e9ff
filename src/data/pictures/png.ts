/**
 * PNG files (ISO/IEC 15948) of every colour type and depth as 8-bit RGB. What is transparent is laid on white. The libraries
 * that were tried take 700 MB or more for 48 million pixels, or end the process; zlib is the runtime's own, and the rest is here
 * and in `png_rows.ts`.
 *
 * @module
 */
import { crc32, inflateSync } from "node:zlib";
import { InputError } from "../../errors.ts";
import { joinBytes } from "../../files/join_bytes.ts";
import { type PngHeader, rawLength, rgbRows, SAMPLES } from "./png_rows.ts";
import { checkPixelCount, damagedImage, type PictureSize, type RgbImage } from "./rgb_image.ts";
import { orientationOf, turned } from "./turn.ts";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Length and type before a chunk's data, CRC after them. */
const CHUNK_OVERHEAD = 12;
const IHDR_LENGTH = 13;
/** The depths that a colour type may have (table 11.1). */
const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
/** What does without these is no picture; others may be damaged. */
const CRITICAL: ReadonlySet<string> = new Set(["IHDR", "PLTE", "IDAT"]);
/** Deflate makes no byte into more than so many. */
const MOST_INFLATION = 1032;
/** Some encoders leave as many bytes behind the last row. */
const MOST_SURPLUS = 2 ** 16;
const RGB = 3;

/** A chunk: its type, and its place in the file. */
interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

/** Whether bytes begin as a PNG file does. */
export function isPng(file: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => file[i] === byte);
}

/**
 * The picture in a PNG file, turned as its EXIF orientation says. Grey becomes RGB, 16 bits become 8, an alpha channel or a
 * transparent colour is composed on white; gamma and colour profiles are ignored.
 *
 * @param file The bytes.
 * @param path Names the file in errors.
 * @throws {InputError} when the file is cut or damaged, or claims too many pixels.
 */
export function decodePng(file: Uint8Array, path: string): RgbImage {
  const header = readHeader(file, path);
  const chunks = readChunks(file, path);
  const bytesOf = (type: string) => chunks.find((chunk) => chunk.type === type)?.data;
  const packed = joinBytes(chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data));
  const image = rgbRows(header, inflated(packed, rawLength(header), path), {
    palette: bytesOf("PLTE"),
    transparency: bytesOf("tRNS"),
  });
  if (image === undefined) {
    throw new InputError(
      `Cannot read ${path} as PNG: its palette is missing, or a row has an unknown filter.`,
    );
  }
  const exif = bytesOf("eXIf");
  return turned(image, exif === undefined ? 1 : orientationOf(exif));
}

/** The size of the picture as it is stored. */
export function measurePng(file: Uint8Array, path: string): PictureSize {
  return readHeader(file, path);
}

function readHeader(file: Uint8Array, path: string): PngHeader {
  const start = SIGNATURE.length;
  if (file.length < start + CHUNK_OVERHEAD + IHDR_LENGTH) {
    throw damagedImage(path, "PNG", file.length, "chunk IHDR at byte 8", "the end of the file");
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [length, type] = [view.getUint32(start), typeAt(file, start)];
  if (type !== "IHDR" || length !== IHDR_LENGTH) {
    throw damagedImage(path, "PNG", start, `chunk IHDR of ${IHDR_LENGTH} bytes`, `${type} of ${length}`);
  }
  const [depth, colourType, compression, filter, interlacing] = file.subarray(start + 16, start + 21);
  const header = {
    width: view.getUint32(start + 8),
    height: view.getUint32(start + 12),
    depth: depth!,
    colourType: colourType!,
    isInterlaced: interlacing === 1,
  };
  if (!DEPTHS[header.colourType]?.includes(header.depth) || compression || filter || interlacing! > 1) {
    const found = [depth, colourType, compression, filter, interlacing].join(", ");
    throw damagedImage(
      path,
      "PNG",
      start + 16,
      "a depth, colour type, compression, filter and interlacing",
      found,
    );
  }
  checkPixelCount(path, start + 8, header, SAMPLES[header.colourType]! * header.depth / 8 + RGB);
  return header;
}

/** The chunks up to the end of the picture. A cut file is told by its offset; notes that are damaged are left out. */
function readChunks(file: Uint8Array, path: string): Chunk[] {
  const chunks: Chunk[] = [];
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let offset = SIGNATURE.length;;) {
    if (offset + CHUNK_OVERHEAD > file.length) {
      throw damagedImage(path, "PNG", file.length, `a chunk at byte ${offset}`, "the end of the file");
    }
    const length = view.getUint32(offset);
    const type = typeAt(file, offset);
    const end = offset + 8 + length;
    if (end + 4 > file.length) {
      const expected = `${length} bytes of chunk ${type}, which begins at byte ${offset}`;
      throw damagedImage(path, "PNG", file.length, expected, "the end of the file");
    }
    const isWhole = crc32(file.subarray(offset + 4, end)) === view.getUint32(end);
    if (!isWhole && (CRITICAL.has(type) || type === "IEND")) {
      throw damagedImage(path, "PNG", end, `the checksum of chunk ${type}`, "another");
    }
    if (isWhole) chunks.push({ type, data: file.subarray(offset + 8, end) });
    if (type === "IEND") return chunks;
    if (!isWhole && !/^[a-z]/.test(type)) {
      throw damagedImage(path, "PNG", offset + 4, "the type of a chunk", JSON.stringify(type));
    }
    offset = end + 4;
  }
}

function inflated(packed: Uint8Array, length: number, path: string): Uint8Array {
  const cut = (found: number) =>
    new InputError(`Cannot read ${path} as PNG: its pixels are ${found} bytes, expected ${length}.`);
  if (packed.length * MOST_INFLATION < length) throw cut(packed.length * MOST_INFLATION);
  let raw: Uint8Array;
  try {
    raw = inflateSync(packed, {
      maxOutputLength: length + MOST_SURPLUS,
      chunkSize: Math.max(64, length + 1),
    });
  } catch (error) {
    throw new InputError(
      `Cannot read ${path} as PNG: its pixels cannot be unpacked (${
        error instanceof Error ? error.message : error
      }).`,
    );
  }
  if (raw.length < length) throw cut(raw.length);
  return raw;
}

function typeAt(file: Uint8Array, offset: number): string {
  return String.fromCharCode(...file.subarray(offset + 4, offset + 8));
}
