/**
 * PNG and JPEG files of every kind that the decoders must know, made by other means than the code under test.
 *
 * @module
 */
import createEncoder from "@jsquash/jpeg/codec/enc/mozjpeg_enc.js";
import { defaultOptions } from "@jsquash/jpeg/meta.js";
import { compress } from "./support.ts";

/** What a PNG file holds. */
export interface PngContent {
  readonly width: number;
  readonly height: number;
  readonly depth: 1 | 2 | 4 | 8 | 16;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha. */
  readonly colourType: 0 | 2 | 3 | 4 | 6;
  /** Bytes of each row, packed. */
  readonly rows: readonly (readonly number[])[];
  /** Chunks between IHDR and IDAT. */
  readonly chunks?: readonly (readonly [type: string, data: readonly number[]])[];
}

/** A PNG file, unfiltered and not interlaced. */
export async function pngFile(content: PngContent): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height, depth, colourType, rows, chunks = [] } = content;
  const header = [...uint32(width), ...uint32(height), depth, colourType, 0, 0, 0];
  const scanLines = Uint8Array.from(rows.flatMap((row) => [0, ...row]));
  return Uint8Array.from([
    0x89,
    ...new TextEncoder().encode("PNG\r\n\x1a\n"),
    ...chunk("IHDR", header),
    ...chunks.flatMap(([type, data]) => chunk(type, data)),
    ...chunk("IDAT", await compress(scanLines, "deflate")),
    ...chunk("IEND", []),
  ]);
}

/** An RGB picture of one colour as a PNG file. */
export async function plainPng(
  width: number,
  height: number,
  colour: readonly number[],
): Promise<Uint8Array> {
  const rows = Array.from({ length: height }, () => Array.from({ length: width }, () => colour).flat());
  return await pngFile({ width, height, depth: 8, colourType: 2, rows });
}

/** RGB pixels [height, width, 3] as a JPEG file of high quality, baseline unless `progressive`. */
export async function jpegFile(
  width: number,
  height: number,
  pixels: Uint8Array,
  progressive = false,
): Promise<Uint8Array<ArrayBuffer>> {
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) data.set(pixels.subarray(3 * i, 3 * i + 3), 4 * i);
  const wasm = new URL(import.meta.resolve("@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm"));
  const module = await WebAssembly.compile(await Deno.readFile(wasm));
  const create = createEncoder as (options: object) => Promise<{
    encode(data: Uint8Array, width: number, height: number, options: object): Uint8Array;
  }>;
  const encoder = await create({
    noInitialRun: true,
    instantiateWasm: (imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) => {
      const instance = new WebAssembly.Instance(module, imports);
      done(instance);
      return instance.exports;
    },
  });
  const options = { ...defaultOptions, quality: 100, auto_subsample: false, chroma_subsample: 1 };
  const kind = { baseline: !progressive, progressive };
  return new Uint8Array(encoder.encode(data, width, height, { ...options, ...kind }));
}

/** A JPEG file with an EXIF segment that states an orientation (1 to 8) put behind its first marker. */
export function withOrientation(jpeg: Uint8Array, orientation: number): Uint8Array<ArrayBuffer> {
  const tiff = [
    0x4d,
    0x4d,
    0,
    42,
    0,
    0,
    0,
    8,
    0,
    1,
    0x01,
    0x12,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    orientation,
    0,
    0,
    0,
    0,
    0,
    0,
  ];
  const exif = [...new TextEncoder().encode("Exif\0\0"), ...tiff];
  const length = exif.length + 2;
  return Uint8Array.from([0xff, 0xd8, 0xff, 0xe1, length >> 8, length & 255, ...exif, ...jpeg.subarray(2)]);
}

function chunk(type: string, data: ArrayLike<number>): number[] {
  const body = [...new TextEncoder().encode(type), ...Array.from(data)];
  return [...uint32(data.length), ...body, ...uint32(crc32(body))];
}

function uint32(value: number): number[] {
  return [value >>> 24, value >>> 16 & 255, value >>> 8 & 255, value & 255];
}

/** CRC-32 of ISO 3309, bit by bit. */
function crc32(bytes: readonly number[]): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
