/**
 * PNG files (ISO/IEC 15948) of every colour type and depth as 8-bit RGB. What is transparent is laid on white.
 *
 * @module
 */
import { convertIndexedToRgb, decode, type DecodedPng, hasPngSignature } from "fast-png";
import { InputError } from "../errors.ts";
import { type Chunk, crc32, pictureAlone, transparentColour } from "./png_chunks.ts";
import { checkPixelCount, damagedImage, type RgbImage } from "./rgb_image.ts";

const SIGNATURE_LENGTH = 8;
/** Length and type before a chunk's data, CRC after them. */
const CHUNK_OVERHEAD = 12;
const IHDR_LENGTH = 13;

/** Whether bytes begin as a PNG file does. */
export function isPng(file: Uint8Array): boolean {
  return file.length >= SIGNATURE_LENGTH && hasPngSignature(file.subarray(0, SIGNATURE_LENGTH));
}

/**
 * The picture in a PNG file. Grey becomes RGB, 16 bits become 8, an alpha channel or a transparent colour is composed
 * on white; gamma and colour profiles are ignored.
 *
 * @param file The bytes.
 * @param path Names the file in errors.
 * @throws {InputError} when the file is cut or damaged, or claims too many pixels.
 */
export function decodePng(file: Uint8Array, path: string): RgbImage {
  const chunks = readChunks(file, path);
  let png: DecodedPng;
  try {
    png = decode(pictureAlone(chunks), { checkCrc: true });
    const samples = png.palette === undefined || png.channels > 1
      ? unpackSamples({ ...png, transparency: transparentColour(chunks) })
      : paletteSamples(png);
    return { width: png.width, height: png.height, pixels: composeOnWhite(samples) };
  } catch (error) {
    throw new InputError(`Cannot read ${path} as PNG: ${error instanceof Error ? error.message : error}.`);
  }
}

/** The chunks up to the end of the picture: a cut file is told by its offset, a gigantic one is refused. */
function readChunks(file: Uint8Array, path: string): Chunk[] {
  const chunks: Chunk[] = [];
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let offset = SIGNATURE_LENGTH;;) {
    if (offset + CHUNK_OVERHEAD > file.length) {
      throw damagedImage(path, "PNG", file.length, `a chunk at byte ${offset}`, "the end of the file");
    }
    const length = view.getUint32(offset);
    const type = new TextDecoder("latin1").decode(file.subarray(offset + 4, offset + 8));
    if (offset + CHUNK_OVERHEAD + length > file.length) {
      const expected = `${length} bytes of chunk ${type}, which begins at byte ${offset}`;
      throw damagedImage(path, "PNG", file.length, expected, "the end of the file");
    }
    if (offset === SIGNATURE_LENGTH) {
      if (type !== "IHDR" || length !== IHDR_LENGTH) {
        throw damagedImage(path, "PNG", offset, `chunk IHDR of ${IHDR_LENGTH} bytes`, `${type} of ${length}`);
      }
      checkPixelCount(path, offset + 8, view.getUint32(offset + 8), view.getUint32(offset + 12));
    }
    const [start, end] = [offset + 8, offset + 8 + length];
    const isWhole = crc32(file.subarray(offset + 4, end)) === view.getUint32(end);
    chunks.push({ type, data: file.subarray(start, end), isWhole });
    if (type === "IEND") return chunks;
    offset += CHUNK_OVERHEAD + length;
  }
}

/** Samples of 8 bits, [pixels, channels]: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha. */
interface Samples {
  readonly values: Uint8Array;
  readonly channels: number;
}

function paletteSamples(png: DecodedPng): Samples {
  return { values: convertIndexedToRgb(png), channels: png.palette![0]!.length };
}

/** Unpacks 1, 2 and 4 bits, scales every depth to 8 bits, and turns a transparent colour into an alpha channel. */
function unpackSamples(
  { data, width, height, channels, depth, transparency }: Omit<DecodedPng, "transparency"> & {
    readonly transparency: Uint16Array | undefined;
  },
): Samples {
  const rowLength = width * channels;
  const packedRowLength = Math.ceil(rowLength * depth / 8);
  const most = 2 ** depth - 1;
  const raw = new Uint16Array(rowLength * height);
  for (let i = 0; i < raw.length; i++) {
    if (depth >= 8) {
      raw[i] = data[i]!;
    } else {
      const bit = (i % rowLength) * depth;
      const byte = data[Math.floor(i / rowLength) * packedRowLength + (bit >> 3)]!;
      raw[i] = byte >> (8 - depth - (bit & 7)) & most;
    }
  }
  const scaled = Uint8Array.from(raw, (value) => Math.round(value * 255 / most));
  if (transparency === undefined) return { values: scaled, channels };

  const withAlpha = new Uint8Array(width * height * (channels + 1));
  for (let pixel = 0; pixel < width * height; pixel++) {
    const from = pixel * channels;
    const matches = transparency.every((value, channel) => raw[from + channel] === value);
    withAlpha.set(scaled.subarray(from, from + channels), pixel * (channels + 1));
    withAlpha[pixel * (channels + 1) + channels] = matches ? 0 : 255;
  }
  return { values: withAlpha, channels: channels + 1 };
}

/** c·α + 255·(1 - α), rounded; grey is repeated. [pixels, 3] */
function composeOnWhite({ values, channels }: Samples): Uint8Array {
  const colours = channels < 3 ? 1 : 3;
  const pixels = new Uint8Array(values.length / channels * 3);
  for (let from = 0, to = 0; from < values.length; from += channels) {
    const alpha = channels > colours ? values[from + colours]! : 255;
    for (let channel = 0; channel < 3; channel++, to++) {
      const value = values[from + (colours === 1 ? 0 : channel)]!;
      pixels[to] = Math.round((value * alpha + 255 * (255 - alpha)) / 255);
    }
  }
  return pixels;
}
