/** Random affine maps and images for property tests. */
import fc from "fast-check";
import { type Affine, convolution } from "../../src/fuse/affine.ts";
import { type Axis, extent } from "../../src/graph/axis.ts";
import { Random } from "../../src/random.ts";
import type { Image } from "./reference.ts";

/** Large enough that no generated map runs out of pixels, small enough to be quick. */
export const IMAGE_SIZE = 9;

/** An image of normal values. */
export function randomImage(channels: number, seed: number): Image {
  const data = normals(IMAGE_SIZE * IMAGE_SIZE * channels, seed, "image");
  return { height: IMAGE_SIZE, width: IMAGE_SIZE, channels, data };
}

/** A dense or grouped map with normal weights. */
export function randomMap(
  shape: Pick<Affine, "inChannels" | "outChannels" | "groups" | "axes" | "hasBias">,
  seed: number,
): Affine {
  const [vertical, horizontal] = shape.axes;
  const length = vertical.size * horizontal.size * (shape.inChannels / shape.groups) * shape.outChannels;
  return convolution(shape, () => ({
    kernel: normals(length, seed, "kernel"),
    bias: shape.hasBias ? normals(shape.outChannels, seed, "bias") : undefined,
  }));
}

/** Normal values from a seed. */
export function normals(length: number, seed: number, key: string): Float64Array {
  const random = Random.from(seed, key);
  return Float64Array.from({ length }, () => random.normal());
}

/** Any axis on an image of that length, padded on both sides. */
export function axisOn(input: number): fc.Arbitrary<Axis> {
  return fc.record({
    size: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    stride: fc.integer({ min: 1, max: 2 }),
    before: fc.constantFrom(0, 0, 0, 1, 2, 3),
    after: fc.constantFrom(0, 0, 0, 1, 2, 3),
  }).filter((axis) => input + axis.before + axis.after >= extent(axis)).map((axis) => {
    const unread = (input + axis.before + axis.after - extent(axis)) % axis.stride;
    return { ...axis, after: axis.after - unread };
  });
}

/** An axis whose output has the length that the given one's has. */
export function axisOfEqualOutput(axis: Axis): fc.Arbitrary<Axis> {
  const free = fc.record({
    size: fc.integer({ min: 1, max: 4 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    before: fc.integer({ min: 0, max: 4 }),
  });
  return free.map(({ size, dilation, before }) => {
    const taps = { size, dilation, stride: axis.stride, before, after: 0 };
    const growth = axis.before + axis.after - extent(axis);
    return { ...taps, after: growth + extent(taps) - before };
  });
}

/** Input channels, output channels and groups that divide both. */
export const anyChannels: fc.Arbitrary<{ inChannels: number; outChannels: number; groups: number }> = fc
  .record({
    rows: fc.constantFrom(1, 2, 3),
    columns: fc.constantFrom(1, 2),
    groups: fc.constantFrom(1, 2, 4),
  })
  .map(({ rows, columns, groups }) => ({ inChannels: rows * groups, outChannels: columns * groups, groups }));

/** A divisor of the number. */
export function divisorOf(...numbers: number[]): fc.Arbitrary<number> {
  const all = Array.from({ length: Math.min(...numbers) }, (_, i) => i + 1);
  return fc.constantFrom(...all.filter((divisor) => numbers.every((number) => number % divisor === 0)));
}
