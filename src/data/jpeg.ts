/**
 * JPEG files (ITU-T T.81) as 8-bit RGB, by mozjpeg compiled to WebAssembly (@jsquash/jpeg). The module
 * is read from the installed package, never fetched.
 *
 * @module
 */
import createMozjpeg from "@jsquash/jpeg/codec/dec/mozjpeg_dec.js";
import { InputError } from "../errors.ts";
import { hexOf } from "../files/hash.ts";
import { readBytes } from "../files/read.ts";
import { checkPixelCount, damagedImage, type RgbImage } from "./rgb_image.ts";

const START_OF_IMAGE = 0xd8;
const START_OF_SCAN = 0xda;
/** Start-of-frame markers carry the size of the picture; DHT, JPG and DAC lie among their numbers (table B.1). */
const START_OF_FRAME = { first: 0xc0, last: 0xcf, except: [0xc4, 0xc8, 0xcc] } as const;
const RGBA = 4;
const RGB = 3;

/** The part of the Emscripten module that is used. */
interface Mozjpeg {
  /** Throws when there is no picture in the file; what is wrong goes to `printErr`. */
  decode(file: ArrayBuffer, applyOrientation: boolean): ImageData | null;
}

/** A decoder, and what it said about the file at hand: it goes on where it can. */
interface Decoder {
  readonly mozjpeg: Mozjpeg;
  readonly complaints: string[];
}

/** The one for the next picture; none after a picture that it failed on. */
let decoder: Promise<Decoder> | undefined;
let compiled: Promise<WebAssembly.Module> | undefined;

/** Whether bytes begin as a JPEG file does. */
export function isJpeg(file: Uint8Array): boolean {
  return file[0] === 0xff && file[1] === START_OF_IMAGE && file[2] === 0xff;
}

/**
 * The picture in a JPEG file, turned as its EXIF orientation says. Grey becomes RGB.
 *
 * A file that ends too early is refused, though decoders show grey in its place. Other small damage is decoded as
 * viewers do it.
 *
 * @param file The bytes.
 * @param path Names the file in errors.
 * @throws {InputError} when the file is cut, damaged beyond decoding, or claims too many pixels.
 */
export async function decodeJpeg(file: Uint8Array<ArrayBuffer>, path: string): Promise<RgbImage> {
  checkFrame(file, path);
  const { mozjpeg, complaints } = await (decoder ??= startDecoder());
  complaints.length = 0;
  const image = decodeOrNull(mozjpeg, file);
  if (image === null) {
    // What the decoder had allocated for this picture is lost, and some hundred damaged ones would fill its memory.
    decoder = undefined;
    throw new InputError(`Cannot read ${path} as JPEG: ${complaints.join("; ") || "it is damaged"}.`);
  }
  if (complaints.some((complaint) => complaint.startsWith("Premature end"))) {
    throw damagedImage(path, "JPEG", file.length, "more data and the marker FF D9", "the end of the file");
  }
  const pixels = new Uint8Array(image.width * image.height * RGB);
  for (let from = 0, to = 0; to < pixels.length; from += RGBA, to += RGB) {
    pixels.set(image.data.subarray(from, from + RGB), to);
  }
  return { width: image.width, height: image.height, pixels };
}

/** Walks the segments to the frame header, to refuse a gigantic picture before anything is allocated for it. */
function checkFrame(file: Uint8Array, path: string): void {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const noSegment = (offset: number) => {
    const found = hexOf(file.subarray(offset, offset + 2));
    return damagedImage(path, "JPEG", offset, "a marker segment before the frame header", `bytes ${found}`);
  };
  let stray: number | undefined;
  for (let offset = 2;;) {
    if (offset + 9 > file.length) {
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
      checkPixelCount(path, offset + 5, view.getUint16(offset + 7), view.getUint16(offset + 5));
      return;
    }
    offset += 2 + view.getUint16(offset + 2);
  }
}

function decodeOrNull(mozjpeg: Mozjpeg, file: Uint8Array<ArrayBuffer>): ImageData | null {
  try {
    return mozjpeg.decode(file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength), true);
  } catch { // mozjpeg's exit status, which says nothing: what is wrong is in the complaints
    return null;
  }
}

async function compileDecoder(): Promise<WebAssembly.Module> {
  const url = import.meta.resolve("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm");
  const path = decodeURIComponent(new URL(url).pathname);
  return await WebAssembly.compile(await readBytes(path, "the JPEG decoder of @jsquash/jpeg"));
}

async function startDecoder(): Promise<Decoder> {
  const module = await (compiled ??= compileDecoder());
  const complaints: string[] = [];
  // The package declares its factory by a global namespace that is not in scope, hence the narrow type here.
  const create = createMozjpeg as (options: object) => Promise<Mozjpeg>;
  const mozjpeg = await create({
    noInitialRun: true,
    printErr: (line: string) => complaints.push(line),
    instantiateWasm: (imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) => {
      const instance = new WebAssembly.Instance(module, imports);
      done(instance);
      return instance.exports;
    },
  });
  return { mozjpeg, complaints };
}
