/**
 * What lies among pictures and is none that can be read: called what it is, with the way round.
 *
 * @module
 */
import { brandsOf } from "./avif.ts";

/** What a file is, and what to do. */
export interface ForeignFile {
  readonly what: string;
  readonly hint: string;
}

const AS_JPEG = "Save it as JPEG, PNG or WebP.";

/** Recognized by the first bytes, as latin1; the first that fits counts. */
const BEGINNINGS: readonly (ForeignFile & { readonly begins: RegExp })[] = [
  {
    begins: /^(?:II\*\0.{4}CR|FUJIFILMCCD-RAW|IIRO|IIRS|IIU\0|\0MRM|FOVb)/s,
    what: "a camera's raw file",
    hint: "Develop it to JPEG first: darktable-cli photo.cr2 photo.jpg, or the camera's own program.",
  },
  {
    begins: /^(?:II\*\0|MM\0\*|II\+\0|MM\0\+)/,
    what: "a TIFF file, or a camera's raw file (DNG, NEF, ARW)",
    hint:
      "Convert it to PNG or JPEG: magick photo.tif photo.png, or sips -s format jpeg photo.tif --out photo.jpg",
  },
  {
    begins: /^(?:\xff\n|\0\0\0\fJXL )/,
    what: "a JPEG XL file",
    hint: "Convert it: djxl photo.jxl photo.png",
  },
  { begins: /^(?:\0\0\0\fjP {2}|\xffO\xffQ)/, what: "a JPEG 2000 file", hint: AS_JPEG },
  { begins: /^8BPS/, what: "a Photoshop file", hint: AS_JPEG },
  { begins: /^%PDF/, what: "a PDF file", hint: "Convert its pages to pictures: pdftoppm -png file.pdf page" },
  { begins: /^(?:PK[^]{2}|[^ -~]\x8b|7z\xbc\xaf|Rar!)/, what: "an archive", hint: "Unpack it first." },
  {
    begins: /^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^]*?|<!--[^]*?|<!DOCTYPE svg[^]*?)?<svg/i,
    what: "an SVG drawing, which has no pixels",
    hint: "Draw it to PNG: rsvg-convert -w 512 drawing.svg -o drawing.png",
  },
  {
    begins: /^(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head)/i,
    what: "a web page",
    hint: "A download went wrong: get the picture itself.",
  },
  {
    begins: /^version https:\/\/git-lfs/,
    what: "a pointer of Git LFS, and not the file itself",
    hint: "Fetch the files: git lfs pull",
  },
];

/** The brands of HEIF, with HEVC inside or unsaid (ISO/IEC 23008-12, annex B). */
const HEIC = /^(?:hei[cxms]|hev[cxms]|mif[12]|msf1)$/;

/** Files of the ISO family, by a brand of theirs. */
const BRANDS: readonly (ForeignFile & { readonly brand: RegExp })[] = [
  {
    brand: HEIC,
    what: "a HEIC photo, as iPhones take them",
    hint: "Convert the folder: on a Mac, sips -s format jpeg *.heic --out jpeg/; elsewhere, " +
      "for f in *.heic; do heif-convert $f ${f%.heic}.jpg; done. " +
      'For new photos, choose Settings, Camera, Formats, "Most Compatible".',
  },
  {
    brand: /^crx /,
    what: "a camera's raw file (CR3)",
    hint: "Develop it to JPEG first, by the camera's program.",
  },
  { brand: /./, what: "a film", hint: "Cut pictures out of it: ffmpeg -i film.mp4 -r 1 frame%04d.jpg" },
];

/** How many first bytes are looked at. */
const HEAD = 1024;

/** What a file is that is no picture of ours; nothing when nobody knows it. */
export function recognizeForeign(file: Uint8Array): ForeignFile | undefined {
  const head = String.fromCharCode(...file.subarray(0, HEAD));
  const brands = brandsOf(file);
  return BEGINNINGS.find(({ begins }) => begins.test(head)) ??
    BRANDS.find(({ brand }) => brands.some((found) => brand.test(found)));
}
