/// <reference lib="dom" />
/**
 * From what lies on a canvas to what the network gets: the middle square, resampled as `predict` does, as bytes.
 *
 * @module
 */
import { resizeToSquare } from "../../data/resize.ts";

/** Bytes of a pixel on a canvas. */
const RGBA = 4;

/** Height, width and channels. */
export type ImageShape = readonly [height: number, width: number, channels: number];

/**
 * The pixels of a canvas at the network's size.
 *
 * @returns [height, width, channels], bytes.
 */
export function pixelsOf(canvas: HTMLCanvasElement, [height, width, channels]: ImageShape): Uint8Array {
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const pixels = new Uint8Array(canvas.width * canvas.height * channels);
  for (let from = 0, to = 0; from < data.length; from += RGBA, to += channels) {
    if (channels === 1) pixels[to] = luminance(data[from]!, data[from + 1]!, data[from + 2]!);
    else pixels.set(data.subarray(from, from + channels), to);
  }
  const shape = { height: canvas.height, width: canvas.width, channels };
  const square = resizeToSquare(pixels, shape, Math.max(height, width));
  return height === width ? square : middleOf(square, height, width, channels);
}

/** Draws bytes [height, width, channels] onto a canvas of that size. */
export function showPixels(
  canvas: HTMLCanvasElement,
  pixels: Uint8Array,
  [height, width, channels]: ImageShape,
): void {
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let c = 0; c < 3; c++) {
      image.data[pixel * RGBA + c] = pixels[pixel * channels + Math.min(c, channels - 1)]!;
    }
    image.data[pixel * RGBA + 3] = 255;
  }
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}

/** (byte − mean) / scale. */
export function normalizePixels(
  pixels: Uint8Array,
  { mean, scale }: { readonly mean: readonly number[]; readonly scale: readonly number[] },
): Float32Array {
  const channels = mean.length;
  return Float32Array.from(pixels, (value, i) => (value - mean[i % channels]!) / scale[i % channels]!);
}

/** Rec. 601. */
function luminance(red: number, green: number, blue: number): number {
  return Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
}

/** The middle of a square, for networks whose images are not square. */
function middleOf(square: Uint8Array, height: number, width: number, channels: number): Uint8Array {
  const side = Math.max(height, width);
  const [top, left] = [Math.floor((side - height) / 2), Math.floor((side - width) / 2)];
  const pixels = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    const from = ((y + top) * side + left) * channels;
    pixels.set(square.subarray(from, from + width * channels), y * width * channels);
  }
  return pixels;
}
