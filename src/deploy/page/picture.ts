/// <reference lib="dom" />
/**
 * From what lies on a canvas to what the network gets: the bytes that `predict` would see.
 *
 * @module
 */
import { networkPixels } from "../../data/network_pixels.ts";

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
  return networkPixels(context.getImageData(0, 0, canvas.width, canvas.height), { height, width, channels });
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
