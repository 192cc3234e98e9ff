/**
 * WebP files (RFC 9649), lossy and lossless, as 8-bit RGB, by libwebp compiled to WebAssembly (@jsquash/webp).
 *
 * @module
 */
import createLibwebp from "@jsquash/webp/codec/dec/webp_dec.js";
import { InputError } from "../../errors.ts";
import { checkPixelCount, damagedImage, type PictureSize, type RgbImage } from "./rgb_image.ts";
import { orientationOf, turned } from "./turn.ts";
import { WasmDecoder } from "./wasm_decoder.ts";

/** "RIFF", the length, "WEBP". */
const HEADER_LENGTH = 12;
const CHUNK_HEADER = 8;
const BYTES_PER_PIXEL = 9;
/** Flag of VP8X. */
const ANIMATED = 0x02;

const decoder = new WasmDecoder({
  format: "WebP",
  create: createLibwebp,
  url: import.meta.resolve("@jsquash/webp/codec/dec/webp_dec.wasm"),
});

/** A chunk, and where its data begin in the file. */
interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  readonly offset: number;
}

/** Whether bytes begin as a WebP file does. */
export function isWebp(file: Uint8Array): boolean {
  return latin1(file, 0, 4) === "RIFF" && latin1(file, 8, 12) === "WEBP";
}

/**
 * The picture in a WebP file, turned as its EXIF orientation says; what is transparent is laid on white.
 *
 * @throws {InputError} when the file is cut, damaged, animated, or claims too many pixels.
 */
export async function decodeWebp(file: Uint8Array<ArrayBuffer>, path: string): Promise<RgbImage> {
  measureWebp(file, path);
  const chunks = chunksOf(file);
  const { image } = await decoder.decode(file, path);
  const exif = chunks.find(({ type }) => type === "EXIF");
  return turned(image, exif === undefined ? 1 : orientationOf(exif.data));
}

/** The size of the picture as it is stored. */
export function measureWebp(file: Uint8Array, path: string): PictureSize {
  const claimed = uint32(file, 4) + CHUNK_HEADER;
  if (claimed > file.length + 1) { // some leave out the last byte of padding
    throw damagedImage(
      path,
      "WebP",
      file.length,
      `${claimed} bytes, as its header says`,
      "the end of the file",
    );
  }
  const [first] = chunksOf(file);
  const size = first && sizeIn(first);
  if (first === undefined || size === undefined) {
    throw damagedImage(path, "WebP", HEADER_LENGTH, "a chunk VP8, VP8L or VP8X", "none");
  }
  checkPixelCount(path, first.offset, size, BYTES_PER_PIXEL);
  if (first.type === "VP8X" && (first.data[0]! & ANIMATED) !== 0) {
    throw new InputError(
      `Cannot use ${path}: it is an animated WebP.`,
      "Save one of its frames as a picture.",
    );
  }
  return size;
}

function sizeIn({ type, data }: Chunk): PictureSize | undefined {
  if (data.length < 10) return undefined;
  switch (type) {
    case "VP8 ": // 14 bits each, behind a tag and a start code (RFC 6386, section 9.1)
      return { width: uint32(data, 6) & 0x3fff, height: uint32(data, 6) >>> 16 & 0x3fff };
    case "VP8L": { // 14 bits each less 1, behind a signature byte
      const bits = uint32(data, 1);
      return { width: (bits & 0x3fff) + 1, height: (bits >>> 14 & 0x3fff) + 1 };
    }
    case "VP8X": // 24 bits each less 1
      return { width: (uint32(data, 4) & 0xffffff) + 1, height: (uint32(data, 6) >>> 8) + 1 };
    default:
      return undefined;
  }
}

/** The chunks that lie whole in the file. */
function chunksOf(file: Uint8Array): Chunk[] {
  const chunks: Chunk[] = [];
  for (let offset = HEADER_LENGTH; offset + CHUNK_HEADER <= file.length;) {
    const length = uint32(file, offset + 4);
    const start = offset + CHUNK_HEADER;
    if (start + length > file.length) break;
    chunks.push({
      type: latin1(file, offset, offset + 4),
      data: file.subarray(start, start + length),
      offset: start,
    });
    offset = start + length + length % 2;
  }
  return chunks;
}

function uint32(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! | bytes[offset + 1]! << 8 | bytes[offset + 2]! << 16 | bytes[offset + 3]! << 24) >>>
    0;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}
