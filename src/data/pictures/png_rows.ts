/**
 * From the unpacked rows of a PNG file to RGB: filters undone (ISO/IEC 15948, section 9), interlacing put in order (section 8.2),
 * samples of any depth scaled to 8 bits, what is transparent laid on white.
 *
 * @module
 */
import { composed, type PictureSize, type RgbImage } from "./rgb_image.ts";

/** The fields of IHDR. */
export interface PngHeader extends PictureSize {
  /** Bits of a sample. */
  readonly depth: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha. */
  readonly colourType: number;
  readonly isInterlaced: boolean;
}

/** What stands beside the rows. */
export interface PngColours {
  /** RGB by index. */
  readonly palette: Uint8Array | undefined;
  /** Alpha by index, or the one colour that is transparent, as 16-bit samples. */
  readonly transparency: Uint8Array | undefined;
}

/** Samples of a pixel, by colour type. */
export const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** First column and row, and the distances: of every pixel, and of the seven passes of Adam7. */
type Pass = readonly [x: number, y: number, dx: number, dy: number];
const WHOLE: readonly Pass[] = [[0, 0, 1, 1]];
const ADAM7: readonly Pass[] = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

const WHITE = 255;

/** Bytes of all rows, with the filter before each. */
export function rawLength(header: PngHeader): number {
  return passesOf(header).reduce((sum, { columns, rows }) => sum + rows * (1 + rowBytes(header, columns)), 0);
}

/**
 * The picture.
 *
 * @param raw {@link rawLength} bytes or more; they are overwritten.
 * @returns Nothing when a row has a filter that there is not, or a palette is missing.
 */
export function rgbRows(header: PngHeader, raw: Uint8Array, colours: PngColours): RgbImage | undefined {
  const { width, height, depth, colourType } = header;
  if (colourType === 3 && colours.palette === undefined) return undefined;
  const pixels = new Uint8Array(width * height * 3);
  const put = pixelWriter(header, colours, pixels);
  const pixelBytes = Math.max(1, SAMPLES[colourType]! * depth / 8);
  const isPlain = colourType === 2 && depth === 8 && colours.transparency === undefined &&
    !header.isInterlaced;
  let at = 0;
  for (const { pass: [x, y, dx, dy], columns, rows } of passesOf(header)) {
    const length = rowBytes(header, columns);
    let above: Uint8Array = new Uint8Array(length);
    for (let row = 0; row < rows; row++) {
      const line = raw.subarray(at + 1, at + 1 + length);
      if (!unfilter(raw[at]!, line, above, pixelBytes)) return undefined;
      const to = (y + row * dy) * width;
      if (isPlain) pixels.set(line, 3 * to);
      else for (let column = 0; column < columns; column++) put(line, column, 3 * (to + x + column * dx));
      above = line;
      at += 1 + length;
    }
  }
  return { width, height, pixels };
}

function passesOf({ width, height, isInterlaced }: PngHeader) {
  return (isInterlaced ? ADAM7 : WHOLE).map((pass) => {
    const [x, y, dx, dy] = pass;
    const columns = Math.max(0, Math.ceil((width - x) / dx));
    return { pass, columns, rows: columns === 0 ? 0 : Math.max(0, Math.ceil((height - y) / dy)) };
  });
}

function rowBytes({ depth, colourType }: PngHeader, columns: number): number {
  return Math.ceil(columns * SAMPLES[colourType]! * depth / 8);
}

/** Undoes a row's filter in place; false where there is no such filter. */
function unfilter(filter: number, line: Uint8Array, above: Uint8Array, distance: number): boolean {
  const length = line.length;
  switch (filter) {
    case 0:
      return true;
    case 1:
      for (let i = distance; i < length; i++) line[i]! += line[i - distance]!;
      return true;
    case 2:
      for (let i = 0; i < length; i++) line[i]! += above[i]!;
      return true;
    case 3:
      for (let i = 0; i < length; i++) {
        line[i]! += (i < distance ? 0 : line[i - distance]!) + above[i]! >> 1;
      }
      return true;
    case 4:
      for (let i = 0; i < length; i++) {
        const left = i < distance ? 0 : line[i - distance]!;
        const up = above[i]!;
        const corner = i < distance ? 0 : above[i - distance]!;
        const a = Math.abs(up - corner);
        const b = Math.abs(left - corner);
        const c = Math.abs(left + up - 2 * corner);
        line[i]! += a <= b && a <= c ? left : b <= c ? up : corner; // Paeth's
      }
      return true;
    default:
      return false;
  }
}

/** Writes one pixel of a line as RGB. */
function pixelWriter(
  { depth, colourType }: PngHeader,
  { palette, transparency }: PngColours,
  pixels: Uint8Array,
): (line: Uint8Array, column: number, to: number) => void {
  const samples = SAMPLES[colourType]!;
  const most = 2 ** depth - 1;
  const sample = depth === 8
    ? (line: Uint8Array, i: number) => line[i]!
    : depth === 16
    ? (line: Uint8Array, i: number) => line[2 * i]! << 8 | line[2 * i + 1]!
    : (line: Uint8Array, i: number) => line[i * depth >> 3]! >> (8 - depth - (i * depth & 7)) & most;
  const scaled = depth === 8 ? (value: number) => value : (value: number) => Math.round(value * WHITE / most);
  if (colourType === 3) {
    const rgb = paletteOnWhite(palette!, transparency);
    return (line, column, to) => {
      const from = 3 * sample(line, column); // beyond the palette, black
      for (let channel = 0; channel < 3; channel++) pixels[to + channel] = rgb[from + channel] ?? 0;
    };
  }
  const hidden = transparentColour(transparency, samples);
  const colour = samples < 3 ? [0, 0, 0] : [0, 1, 2];
  const hasAlpha = samples === 2 || samples === 4;
  return (line, column, to) => {
    const first = column * samples;
    let alpha = hasAlpha ? scaled(sample(line, first + samples - 1)) : WHITE;
    if (hidden !== undefined && hidden.every((value, i) => sample(line, first + i) === value)) alpha = 0;
    for (let channel = 0; channel < 3; channel++) {
      pixels[to + channel] = composed(scaled(sample(line, first + colour[channel]!)), alpha);
    }
  };
}

function paletteOnWhite(palette: Uint8Array, alphas: Uint8Array = new Uint8Array(0)): Uint8Array {
  return palette.map((value, i) => composed(value, alphas[Math.floor(i / 3)] ?? WHITE));
}

function transparentColour(transparency: Uint8Array | undefined, samples: number): number[] | undefined {
  if (transparency === undefined || samples % 2 === 0 || transparency.length < 2 * samples) return undefined;
  return Array.from({ length: samples }, (_, i) => transparency[2 * i]! << 8 | transparency[2 * i + 1]!);
}
