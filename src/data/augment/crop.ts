/**
 * A random part of an image, blown up to the image's own size: the random resized crop of "Going deeper with convolutions"
 * (Szegedy et al., CVPR 2015, section 6), with bilinear interpolation.
 *
 * @module
 */
import type { Random } from "../../random.ts";
import type { ImageShape } from "../image_shape.ts";

/** A part of an image, in pixels. */
export interface Crop {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** How much longer one side of a part may be than the other, beyond the image's own proportions. */
const MOST_STRETCH = 4 / 3;

/**
 * Draws a part: its share of the area and its proportions first, then its place.
 *
 * @param minArea The smallest share of the area, in (0, 1].
 */
export function drawCrop(random: Random, shape: ImageShape, minArea: number): Crop {
  const area = random.uniform(minArea, 1);
  const stretch = Math.exp(random.uniform(-1, 1) * Math.log(MOST_STRETCH));
  const height = Math.min(1, Math.sqrt(area / stretch)) * shape.height;
  const width = Math.min(1, Math.sqrt(area * stretch)) * shape.width;
  return {
    top: random.uniform(0, shape.height - height),
    left: random.uniform(0, shape.width - width),
    height,
    width,
  };
}

/**
 * Blows a part of an image up.
 *
 * @param source Pixels, [height, width, channels].
 * @param target Where the result goes, of the same shape; not the source.
 */
export function cropImage(source: Uint8Array, shape: ImageShape, crop: Crop, target: Uint8Array): void {
  const { height, width, channels } = shape;
  const rows = samples(crop.top, crop.height, height);
  const columns = samples(crop.left, crop.width, width);
  let to = 0;
  for (const row of rows) {
    const upper = row.first * width;
    const lower = row.second * width;
    for (const column of columns) {
      const left = column.first * channels;
      const right = column.second * channels;
      for (let channel = 0; channel < channels; channel++) {
        const at = (pixels: number, offset: number) => source[pixels * channels + offset + channel]!;
        const above = at(upper, left) + (at(upper, right) - at(upper, left)) * column.share;
        const below = at(lower, left) + (at(lower, right) - at(lower, left)) * column.share;
        target[to++] = Math.round(above + (below - above) * row.share);
      }
    }
  }
}

/** Between which two pixels each target pixel lies, and how near the second; the edge is repeated. */
function samples(start: number, length: number, size: number) {
  return Array.from({ length: size }, (_, i) => {
    const place = Math.min(size - 1, Math.max(0, start + (i + 0.5) * length / size - 0.5));
    const first = Math.floor(place);
    return { first, second: Math.min(size - 1, first + 1), share: place - first };
  });
}
