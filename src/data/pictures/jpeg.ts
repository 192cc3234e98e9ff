/**
 * JPEG files (ITU-T T.81) of every colour space as 8-bit RGB, by mozjpeg compiled to WebAssembly (@jsquash/jpeg), and those of
 * four inks (CMYK, YCCK), which that does not take, by jpeg-js.
 *
 * @module
 */
import createMozjpeg from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import { decode as decodeInks } from "jpeg-js";
import { InputError } from "../../errors.ts";
import { hexOf } from "../../files/hash.ts";
import { checkPixelCount, damagedImage, type PictureSize, type RgbImage } from "./rgb_image.ts";
import { orientationOf, turned } from "./turn.ts";
import { WasmDecoder } from "./wasm_decoder.ts";

const START_OF_IMAGE = 0xd8;
const START_OF_SCAN = 0xda;
/** Start-of-frame markers carry the size of the picture; DHT, JPG and DAC lie among their numbers (table B.1). */
const START_OF_FRAME = { first: 0xc0, last: 0xcf, except: [0xc4, 0xc8, 0xcc] } as const;
const PROGRESSIVE = 0xc2;
const APP1 = 0xe1;
const INKS = 4;
/** A progressive picture has its coefficients in memory as well; one of inks all in JavaScript. */
const BYTES_PER_PIXEL = { baseline: 10, progressive: 12, inks: 24 } as const;

/** What stands before the pixels. */
interface Frame extends PictureSize {
  readonly components: number;
  /** The first segment APP1: EXIF, mostly. */
  readonly exif: Uint8Array | undefined;
}

const decoder = new WasmDecoder({
  format: "JPEG",
  create: createMozjpeg,
  url: import.meta.resolve("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm"),
  options: [false], // not turned: that takes it as much memory again
});

/** Whether bytes begin as a JPEG file does. */
export function isJpeg(file: Uint8Array): boolean {
  return file[0] === 0xff && file[1] === START_OF_IMAGE && file[2] === 0xff;
}

/**
 * The picture in a JPEG file, turned as its EXIF orientation says. Grey and CMYK become RGB.
 *
 * A file that ends too early is refused, though decoders show grey in its place. Other small damage is decoded as
 * viewers do it.
 *
 * @param file The bytes.
 * @param path Names the file in errors.
 * @throws {InputError} when the file is cut, damaged beyond decoding, or claims too many pixels.
 */
export async function decodeJpeg(file: Uint8Array<ArrayBuffer>, path: string): Promise<RgbImage> {
  const { components, exif } = readFrame(file, path);
  const orientation = exif === undefined ? 1 : orientationOf(exif);
  if (components === INKS) return turned(ofInks(file, path), orientation);
  const { image, complaints } = await decoder.decode(file, path);
  if (complaints.some((complaint) => complaint.startsWith("Premature end"))) {
    throw damagedImage(path, "JPEG", file.length, "more data and the marker FF D9", "the end of the file");
  }
  return turned(image, orientation);
}

/** The size of the picture as it is stored. */
export function measureJpeg(file: Uint8Array, path: string): PictureSize {
  return readFrame(file, path);
}

function ofInks(file: Uint8Array, path: string): RgbImage {
  try {
    const { width, height, data } = decodeInks(file, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
    });
    return { width, height, pixels: data };
  } catch (error) {
    throw new InputError(
      `Cannot read ${path} as JPEG of four inks: ${error instanceof Error ? error.message : error}.`,
      "Save it as RGB.",
    );
  }
}

/**
 * Walks the segments to the frame header, to refuse a gigantic picture before anything is allocated for it.
 *
 * @throws {InputError} when there is no frame header, or it claims too many pixels.
 */
function readFrame(file: Uint8Array, path: string): Frame {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const noSegment = (offset: number) => {
    const found = hexOf(file.subarray(offset, offset + 2));
    return damagedImage(path, "JPEG", offset, "a marker segment before the frame header", `bytes ${found}`);
  };
  let stray: number | undefined;
  let exif: Uint8Array | undefined;
  for (let offset = 2;;) {
    if (offset + 10 > file.length) {
      if (stray !== undefined) throw noSegment(stray);
      throw damagedImage(path, "JPEG", file.length, "a frame header before the end", "the end of the file");
    }
    const marker = view.getUint8(offset + 1);
    if (view.getUint8(offset) !== 0xff) { // a stray byte, which libjpeg passes over
      stray ??= offset;
      offset++;
      continue;
    }
    if (marker === START_OF_SCAN) throw noSegment(offset);
    if (marker === 0xff || marker === 0) { // a fill byte, or a stray one
      offset++;
      continue;
    }
    const { first, last, except } = START_OF_FRAME;
    if (marker >= first && marker <= last && !except.some((other) => other === marker)) {
      const size = { width: view.getUint16(offset + 7), height: view.getUint16(offset + 5) };
      const components = view.getUint8(offset + 9);
      const kind = components === INKS ? "inks" : marker === PROGRESSIVE ? "progressive" : "baseline";
      checkPixelCount(path, offset + 5, size, BYTES_PER_PIXEL[kind]);
      return { ...size, components, exif };
    }
    if (marker === APP1) exif ??= file.subarray(offset + 4, offset + 2 + view.getUint16(offset + 2));
    offset += 2 + view.getUint16(offset + 2);
  }
}
