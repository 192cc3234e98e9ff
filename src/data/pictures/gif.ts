/**
 * The first frame of a GIF file (GIF89a specification, 1990) as 8-bit RGB. What it leaves free or transparent is white. Of its
 * own, as the libraries for it speak on stdout about a cut file, or bring megabytes for the other frames.
 *
 * @module
 */
import { checkPixelCount, damagedImage, type PictureSize, type RgbImage } from "./rgb_image.ts";

const SCREEN_LENGTH = 13;
const IMAGE_DESCRIPTOR = 0x2c;
const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;
const BYTES_PER_PIXEL = 4;
const WHITE = 255;
const MOST_CODES = 4096;
/** First row and distance of the four passes of an interlaced frame. */
const INTERLACED = [[0, 8], [4, 8], [2, 4], [1, 2]] as const;
const IN_ORDER = [[0, 1]] as const;

/** Where the first frame's data begin, and how they are to be read. */
interface Frame extends PictureSize {
  readonly left: number;
  readonly top: number;
  readonly isInterlaced: boolean;
  /** RGB by index. */
  readonly palette: Uint8Array;
  /** The index that is transparent; −1 for none. */
  readonly transparent: number;
  readonly dataOffset: number;
}

/** Whether bytes begin as a GIF file does. */
export function isGif(file: Uint8Array): boolean {
  return /^GIF8[79]a/.test(String.fromCharCode(...file.subarray(0, 6)));
}

/**
 * The first frame of a GIF file.
 *
 * @throws {InputError} when it is cut or damaged, or claims too many pixels.
 */
export function decodeGif(file: Uint8Array, path: string): RgbImage {
  const screen = measureGif(file, path);
  const frame = findFrame(file, path);
  checkPixelCount(path, frame.dataOffset - 9, frame, BYTES_PER_PIXEL);
  const indices = unpack(file, frame, path);
  const { width, height } = screen;
  const pixels = new Uint8Array(width * height * 3).fill(WHITE);
  let from = 0;
  for (const [first, distance] of frame.isInterlaced ? INTERLACED : IN_ORDER) {
    for (let row = first; row < frame.height; row += distance) {
      const y = frame.top + row;
      for (let column = 0; column < frame.width; column++, from++) {
        const [x, index] = [frame.left + column, indices[from]!];
        if (x >= width || y >= height || index === frame.transparent) continue;
        const to = 3 * (y * width + x);
        for (let channel = 0; channel < 3; channel++) {
          pixels[to + channel] = frame.palette[3 * index + channel] ?? 0;
        }
      }
    }
  }
  return { width, height, pixels };
}

/** The size of the screen that the frames are drawn on. */
export function measureGif(file: Uint8Array, path: string): PictureSize {
  if (file.length < SCREEN_LENGTH) throw cut(path, file, "the size of the screen");
  const size = { width: uint16(file, 6), height: uint16(file, 8) };
  checkPixelCount(path, 6, size, BYTES_PER_PIXEL);
  return size;
}

function findFrame(file: Uint8Array, path: string): Frame {
  let offset = SCREEN_LENGTH;
  const palette = paletteAt(file, offset, file[10]!);
  offset += palette.length;
  let transparent = -1;
  while (offset < file.length) {
    const kind = file[offset];
    if (kind === EXTENSION) {
      if (file[offset + 1] === GRAPHIC_CONTROL && (file[offset + 3]! & 1) === 1) {
        transparent = file[offset + 6]!;
      }
      offset += 2;
      while (offset < file.length && file[offset] !== 0) offset += 1 + file[offset]!;
      offset++;
      continue;
    }
    if (kind !== IMAGE_DESCRIPTOR) {
      throw damagedImage(path, "GIF", offset, "a frame or an extension", `byte ${kind!.toString(16)}`);
    }
    if (offset + 11 > file.length) break;
    const flags = file[offset + 9]!;
    const own = paletteAt(file, offset + 10, flags);
    return {
      left: uint16(file, offset + 1),
      top: uint16(file, offset + 3),
      width: uint16(file, offset + 5),
      height: uint16(file, offset + 7),
      isInterlaced: (flags & 0x40) !== 0,
      palette: own.length > 0 ? own : palette,
      transparent,
      dataOffset: offset + 10 + own.length,
    };
  }
  throw cut(path, file, "a frame");
}

/** A palette of RGB where the flags say that one follows. */
function paletteAt(file: Uint8Array, offset: number, flags: number): Uint8Array {
  if ((flags & 0x80) === 0) return new Uint8Array(0);
  return file.subarray(offset, offset + 3 * 2 ** ((flags & 7) + 1));
}

/** Undoes LZW with codes of growing width (appendix F). Returns the index of every pixel of the frame. */
function unpack(file: Uint8Array, { width, height, dataOffset }: Frame, path: string): Uint8Array {
  const least = file[dataOffset]!;
  if (!(least >= 1 && least <= 11)) {
    throw damagedImage(path, "GIF", dataOffset, "a code size of 1 to 11", `${least}`);
  }
  const clear = 2 ** least;
  const end = clear + 1;
  const prefix = new Uint16Array(MOST_CODES);
  const suffix = Uint8Array.from({ length: MOST_CODES }, (_, code) => code);
  const lengths = new Uint16Array(MOST_CODES).fill(1);
  const indices = new Uint8Array(width * height);
  let [filled, bits, bitCount, codeBits, next, previous] = [0, 0, 0, least + 1, clear + 2, -1];
  let offset = dataOffset + 1;
  let blockEnd = offset;
  while (filled < indices.length) {
    while (bitCount < codeBits) {
      if (offset === blockEnd) {
        const length = file[offset];
        if (length === undefined) throw cut(path, file, "more of the frame");
        if (length === 0) throw damagedImage(path, "GIF", offset, "more of the frame", "its end");
        blockEnd = ++offset + length;
      }
      if (offset >= file.length) throw cut(path, file, "more of the frame");
      bits |= file[offset++]! << bitCount;
      bitCount += 8;
    }
    const code = bits & (1 << codeBits) - 1;
    bits >>>= codeBits;
    bitCount -= codeBits;
    if (code === clear) {
      [codeBits, next, previous] = [least + 1, clear + 2, -1];
      continue;
    }
    if (code === end || code > next || (code === next && previous < 0)) {
      throw damagedImage(path, "GIF", offset, "a code of the frame", code === end ? "its end" : `${code}`);
    }
    const known = code === next ? previous : code;
    const length = lengths[known]!;
    const start = filled;
    filled += length;
    let walk = known;
    for (let i = filled - 1; i >= start; i--, walk = prefix[walk]!) indices[i] = suffix[walk]!;
    const first = indices[start]!;
    if (code === next) indices[filled++] = first;
    if (previous >= 0 && next < MOST_CODES) {
      prefix[next] = previous;
      suffix[next] = first;
      lengths[next] = lengths[previous]! + 1;
      next++;
      if (next === 1 << codeBits && codeBits < 12) codeBits++;
    }
    previous = code;
  }
  return indices;
}

function uint16(bytes: Uint8Array, offset: number): number {
  return bytes[offset]! | bytes[offset + 1]! << 8;
}

function cut(path: string, file: Uint8Array, expected: string) {
  return damagedImage(path, "GIF", file.length, expected, "the end of the file");
}
