/**
 * BMP files (Windows' device-independent bitmaps, versions 2 to 5) as 8-bit RGB: 1, 2, 4, 8, 16, 24 and 32 bits, packed by run
 * lengths or not. An alpha channel counts where a mask names it, and is laid on white.
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import { checkPixelCount, composed, damagedImage, type PictureSize, type RgbImage } from "./rgb_image.ts";

const FILE_HEADER = 14;
/** OS/2's, whose sizes have 16 bits. */
const CORE_HEADER = 12;
const INFO_HEADER = 40;
const BYTES_PER_PIXEL = 4;
const DEPTHS: readonly number[] = [1, 2, 4, 8, 16, 24, 32];
const COMPRESSION = { none: 0, rle8: 1, rle4: 2, masks: 3, masksAndAlpha: 6 } as const;
/** Red, green, blue, alpha where no masks are written. */
const MASKS_16 = [0x7c00, 0x03e0, 0x001f, 0] as const;
const MASKS_32 = [0xff0000, 0x00ff00, 0x0000ff, 0] as const;

interface Header extends PictureSize {
  readonly headerLength: number;
  readonly isTopDown: boolean;
  readonly depth: number;
  readonly compression: number;
  readonly colours: number;
  readonly dataOffset: number;
}

/** Whether bytes begin as a BMP file does. */
export function isBmp(file: Uint8Array): boolean {
  return file[0] === 0x42 && file[1] === 0x4d && file.length > FILE_HEADER + CORE_HEADER &&
    [12, 40, 52, 56, 64, 108, 124].includes(viewOf(file).getUint32(FILE_HEADER, true));
}

/**
 * The picture in a BMP file.
 *
 * @throws {InputError} when it is cut or damaged, holds another format, or claims too many pixels.
 */
export function decodeBmp(file: Uint8Array, path: string): RgbImage {
  const header = readHeader(file, path);
  const { width, height, isTopDown, depth, compression } = header;
  const rowOf = (line: number) => 3 * width * (isTopDown ? line : height - 1 - line);
  const pixels = new Uint8Array(width * height * 3);
  if (depth <= 8) {
    const palette = paletteOf(file, header);
    const isPacked = compression === COMPRESSION.rle8 || compression === COMPRESSION.rle4;
    const indices = isPacked ? unpackRuns(file, header, path) : unpackBits(file, header, path);
    for (let line = 0, from = 0; line < height; line++) {
      for (let x = 0, to = rowOf(line); x < width; x++, from++) {
        for (let channel = 0; channel < 3; channel++, to++) {
          pixels[to] = palette[3 * indices[from]! + channel] ?? 0;
        }
      }
    }
    return { width, height, pixels };
  }
  const stride = strideOf(header);
  needBytes(file, header.dataOffset + stride * height, path);
  const view = viewOf(file);
  const channels = masksOf(file, header).map(channelOf);
  const read = depth === 24
    ? (at: number) => view.getUint16(at, true) | view.getUint8(at + 2) << 16
    : depth === 16
    ? (at: number) => view.getUint16(at, true)
    : (at: number) => view.getUint32(at, true);
  const alphaOf = channels[3]!;
  for (let line = 0; line < height; line++) {
    let at = header.dataOffset + line * stride;
    for (let x = 0, to = rowOf(line); x < width; x++, at += depth / 8) {
      const value = read(at);
      const alpha = alphaOf(value, 255);
      for (let channel = 0; channel < 3; channel++, to++) {
        pixels[to] = composed(channels[channel]!(value, 0), alpha);
      }
    }
  }
  return { width, height, pixels };
}

/** The size of the picture. */
export function measureBmp(file: Uint8Array, path: string): PictureSize {
  return readHeader(file, path);
}

function readHeader(file: Uint8Array, path: string): Header {
  const view = viewOf(file);
  const headerLength = view.getUint32(FILE_HEADER, true);
  const isCore = headerLength === CORE_HEADER;
  needBytes(file, FILE_HEADER + headerLength, path);
  const sizeOffset = FILE_HEADER + 4;
  const rows = isCore ? view.getInt16(sizeOffset + 2, true) : view.getInt32(sizeOffset + 4, true);
  const header = {
    headerLength,
    width: isCore ? view.getUint16(sizeOffset, true) : view.getInt32(sizeOffset, true),
    height: Math.abs(rows),
    isTopDown: rows < 0,
    depth: view.getUint16(FILE_HEADER + (isCore ? 10 : 14), true),
    compression: isCore ? COMPRESSION.none : view.getUint32(FILE_HEADER + 16, true),
    colours: isCore ? 0 : view.getUint32(FILE_HEADER + 32, true),
    dataOffset: view.getUint32(10, true),
  };
  checkPixelCount(path, sizeOffset, header, BYTES_PER_PIXEL);
  const { depth, compression } = header;
  const fits = compression === COMPRESSION.none ||
    (compression === COMPRESSION.rle8 && depth === 8) ||
    (compression === COMPRESSION.rle4 && depth === 4) ||
    ((compression === COMPRESSION.masks || compression === COMPRESSION.masksAndAlpha) &&
      (depth === 16 || depth === 32));
  if (!DEPTHS.includes(depth) || !fits) {
    throw new InputError(
      `Cannot use ${path}: it is a BMP of ${depth} bits and compression ${compression}; expected 1, 2, 4, 8, 16, 24 or ` +
        "32 bits, run lengths of 4 and 8 bits, or masks of 16 and 32.",
      "Save it as PNG or JPEG.",
    );
  }
  return header;
}

function strideOf({ width, depth }: Header): number {
  return 4 * Math.ceil(width * depth / 32);
}

/** RGB by index: the file has blue first, and a fourth byte but for OS/2's. */
function paletteOf(file: Uint8Array, { headerLength, depth, colours, dataOffset }: Header): Uint8Array {
  const entry = headerLength === CORE_HEADER ? 3 : 4;
  const start = FILE_HEADER + headerLength;
  const room = Math.max(0, Math.floor((Math.min(dataOffset, file.length) - start) / entry));
  const count = Math.min(colours === 0 ? 2 ** depth : colours, 2 ** depth, room);
  return Uint8Array.from(
    { length: 3 * count },
    (_, i) => file[start + entry * Math.floor(i / 3) + 2 - i % 3]!,
  );
}

function unpackBits(file: Uint8Array, header: Header, path: string): Uint8Array {
  const { width, height, depth, dataOffset } = header;
  const stride = strideOf(header);
  needBytes(file, dataOffset + stride * height, path);
  const indices = new Uint8Array(width * height);
  const most = 2 ** depth - 1;
  for (let line = 0, to = 0; line < height; line++) {
    for (let x = 0, bit = 0; x < width; x++, to++, bit += depth) {
      indices[to] = file[dataOffset + line * stride + (bit >> 3)]! >> (8 - depth - (bit & 7)) & most;
    }
  }
  return indices;
}

/** Run lengths: a count and a value; 0 and 0 ends a row, 0 and 1 the picture, 0 and 2 moves on, 0 and more copies so many. */
function unpackRuns(
  file: Uint8Array,
  { width, height, depth, dataOffset }: Header,
  path: string,
): Uint8Array {
  const indices = new Uint8Array(width * height);
  let [x, y, at] = [0, 0, dataOffset];
  const put = (index: number) => {
    if (x < width && y < height) indices[y * width + x] = index;
    x++;
  };
  const nibble = (byte: number, i: number) => depth === 8 ? byte : i % 2 === 0 ? byte >> 4 : byte & 15;
  while (y < height) {
    needBytes(file, at + 2, path);
    const [count, value] = [file[at]!, file[at + 1]!];
    at += 2;
    if (count > 0) {
      for (let i = 0; i < count; i++) put(nibble(value, i));
    } else if (value === 0) {
      [x, y] = [0, y + 1];
    } else if (value === 1) {
      break;
    } else if (value === 2) {
      needBytes(file, at + 2, path);
      x += file[at]!;
      y += file[at + 1]!;
      at += 2;
    } else {
      const bytes = Math.ceil(value * depth / 8);
      needBytes(file, at + bytes, path);
      for (let i = 0; i < value; i++) put(nibble(file[at + (depth === 8 ? i : i >> 1)]!, i));
      at += bytes + bytes % 2;
    }
  }
  return indices;
}

/** The masks of red, green, blue and alpha. */
function masksOf(file: Uint8Array, { depth, compression, headerLength }: Header): readonly number[] {
  const view = viewOf(file);
  const start = FILE_HEADER + INFO_HEADER;
  if (compression === COMPRESSION.none) return depth === 16 ? MASKS_16 : MASKS_32;
  const hasAlpha = headerLength >= 56 || compression === COMPRESSION.masksAndAlpha;
  return [0, 4, 8, 12].map((at) =>
    at === 12 && !hasAlpha || start + at + 4 > file.length ? 0 : view.getUint32(start + at, true)
  );
}

/** Cuts a channel out of a pixel and scales it to 8 bits; where no mask is, it is what is given. */
function channelOf(mask: number): (value: number, without: number) => number {
  if (mask === 0) return (_, without) => without;
  const shift = 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  return (value) => Math.round(((value & mask) >>> shift) * 255 / most);
}

function needBytes(file: Uint8Array, length: number, path: string): void {
  if (length <= file.length) return;
  throw damagedImage(path, "BMP", file.length, `${length} bytes or more`, "the end of the file");
}

function viewOf(file: Uint8Array): DataView {
  return new DataView(file.buffer, file.byteOffset, file.byteLength);
}
