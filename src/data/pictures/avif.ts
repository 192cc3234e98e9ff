/**
 * AVIF files (AV1 in HEIF, ISO/IEC 23008-12) as 8-bit RGB, by libavif compiled to WebAssembly (@jsquash/avif).
 *
 * @module
 */
import createLibavif from "@jsquash/avif/codec/dec/avif_dec.js";
import { checkPixelCount, damagedImage, type PictureSize, type RgbImage } from "./rgb_image.ts";
import { type Orientation, turned } from "./turn.ts";
import { WasmDecoder } from "./wasm_decoder.ts";

const BYTES_PER_PIXEL = 20;
const BOX_HEADER = 8;
/** Boxes on the way to the properties, and the bytes of version and flags before their children. */
const PATH = [["meta", 4], ["iprp", 0], ["ipco", 0]] as const;

/** EXIF's names for anticlockwise quarter turns (`irot`), alone and behind a mirror (`imir`) of rows and of columns. */
const TURNS: Readonly<Record<"none" | "rows" | "columns", readonly Orientation[]>> = {
  none: [1, 8, 3, 6],
  rows: [4, 5, 2, 7],
  columns: [2, 7, 4, 5],
};

const decoder = new WasmDecoder({
  format: "AVIF",
  create: createLibavif,
  url: import.meta.resolve("@jsquash/avif/codec/dec/avif_dec.wasm"),
  options: [8], // bits
});

/** A box: its type, and its content. */
interface Box {
  readonly type: string;
  readonly data: Uint8Array;
  readonly offset: number;
}

/** Whether bytes begin as an AVIF file does: some brand of its first box says so. */
export function isAvif(file: Uint8Array): boolean {
  return brandsOf(file).some((brand) => brand === "avif" || brand === "avis");
}

/** The brands in the first box of a file of the ISO family, its own first. */
export function brandsOf(file: Uint8Array): string[] {
  const [first] = boxesOf(file, 0);
  if (first?.type !== "ftyp") return [];
  return Array.from({ length: Math.floor(first.data.length / 4) }, (_, i) => latin1(first.data, 4 * i))
    .filter((_, i) => i !== 1); // its version
}

/**
 * The picture in an AVIF file, turned as it says; what is transparent is laid on white.
 *
 * @throws {InputError} when the file is cut, damaged, or claims too many pixels.
 */
export async function decodeAvif(file: Uint8Array<ArrayBuffer>, path: string): Promise<RgbImage> {
  measureAvif(file, path);
  const { image } = await decoder.decode(file, path);
  return turned(image, orientationIn(propertiesOf(file)));
}

/** The size of the picture as it is stored: the largest of those that it is put together from. */
export function measureAvif(file: Uint8Array, path: string): PictureSize {
  const sizes = propertiesOf(file).filter(({ type, data }) => type === "ispe" && data.length >= 12)
    .map(({ data, offset }) => ({ width: uint32(data, 4), height: uint32(data, 8), offset: offset + 4 }));
  const largest = sizes.sort((a, b) => b.width * b.height - a.width * a.height)[0];
  if (largest === undefined) {
    throw damagedImage(path, "AVIF", 0, "a box that says the picture's size (ispe)", "none");
  }
  checkPixelCount(path, largest.offset, largest, BYTES_PER_PIXEL);
  return { width: largest.width, height: largest.height };
}

function orientationIn(properties: readonly Box[]): Orientation {
  const quarters = properties.find(({ type }) => type === "irot")?.data[0] ?? 0;
  const axis = properties.find(({ type }) => type === "imir")?.data[0];
  const mirror = axis === undefined ? "none" : (axis & 1) === 0 ? "rows" : "columns";
  return TURNS[mirror][quarters & 3]!;
}

function propertiesOf(file: Uint8Array): Box[] {
  let [data, base] = [file, 0];
  for (const [type, skipped] of PATH) {
    const box = boxesOf(data, base).find((box) => box.type === type);
    if (box === undefined) return [];
    [data, base] = [box.data.subarray(skipped), box.offset + skipped];
  }
  return boxesOf(data, base);
}

/** The boxes that begin in some bytes; the last may be cut. */
function boxesOf(bytes: Uint8Array, base: number): Box[] {
  const boxes: Box[] = [];
  for (let offset = 0; offset + BOX_HEADER <= bytes.length;) {
    const length = uint32(bytes, offset) || bytes.length - offset; // 0: to the end
    if (length < BOX_HEADER) break;
    const start = offset + BOX_HEADER;
    boxes.push({
      type: latin1(bytes, offset + 4),
      data: bytes.subarray(start, offset + length),
      offset: base + start,
    });
    offset += length;
  }
  return boxes;
}

function uint32(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 24 | bytes[offset + 1]! << 16 | bytes[offset + 2]! << 8 | bytes[offset + 3]!) >>>
    0;
}

function latin1(bytes: Uint8Array, start: number): string {
  return String.fromCharCode(...bytes.subarray(start, start + 4));
}
