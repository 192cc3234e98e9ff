/** The plain reference: an affine image map applied pixel by pixel, in float64. */
import type { Affine } from "../../src/fuse/affine.ts";
import { outputLength } from "../../src/graph/axis.ts";

/** One image, HWC. */
export interface Image {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly data: Float64Array;
}

/** `kernel * pad(x) + bias` by the definition. */
export function applyMap(map: Affine, image: Image): Image {
  const { kernel, bias } = map.weights();
  const [vertical, horizontal] = map.axes;
  const height = outputLength(vertical, image.height);
  const width = outputLength(horizontal, image.width);
  const rows = map.inChannels / map.groups;
  const columns = map.outChannels / map.groups;
  const data = new Float64Array(height * width * map.outChannels);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let o = 0; o < map.outChannels; o++) {
        const group = Math.floor(o / columns);
        let sum = bias[o]!;
        for (let i = 0; i < vertical.size; i++) {
          for (let j = 0; j < horizontal.size; j++) {
            const row = y * vertical.stride - vertical.before + i * vertical.dilation;
            const column = x * horizontal.stride - horizontal.before + j * horizontal.dilation;
            if (row < 0 || column < 0 || row >= image.height || column >= image.width) continue;
            for (let c = 0; c < rows; c++) {
              const value = image.data[(row * image.width + column) * image.channels + group * rows + c]!;
              sum += value * kernel[((i * horizontal.size + j) * rows + c) * map.outChannels + o]!;
            }
          }
        }
        data[(y * width + x) * map.outChannels + o] = sum;
      }
    }
  }
  return { height, width, channels: map.outChannels, data };
}

/** The sum of two images of one size. */
export function addImages(a: Image, b: Image): Image {
  return { ...a, data: a.data.map((value, i) => value + b.data[i]!) };
}

/** The largest difference over the largest value; infinite when the sizes differ. */
export function imageDifference(actual: Image, expected: Image): number {
  if (actual.height !== expected.height || actual.width !== expected.width) return Infinity;
  if (actual.data.length !== expected.data.length) return Infinity;
  let scale = 1;
  let difference = 0;
  expected.data.forEach((value, i) => {
    scale = Math.max(scale, Math.abs(value));
    difference = Math.max(difference, Math.abs(value - actual.data[i]!));
  });
  return difference / scale;
}
