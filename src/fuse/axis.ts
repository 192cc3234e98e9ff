/**
 * How the taps of two windows combine when maps are added (the union of the tap positions) or composed (their Minkowski
 * sum), axis by axis. Everything is an integer, so that alignment is by padding offset and never by the centre of a kernel.
 *
 * @module
 */
import { type Axis, extent, growth } from "../graph/axis.ts";

/** Where the taps of two axes land on the axis that they become: tap `i` at `offset + i·step`. */
export interface Placement {
  readonly offset: number;
  readonly step: number;
}

/** An axis made of two, and where the taps of each went. */
export interface Combined {
  readonly axis: Axis;
  readonly first: Placement;
  readonly second: Placement;
}

/**
 * Whether `b` after `a` pads only where the taps of `a`, moved on beyond its output, read nothing but padding: there the
 * zeros are what a map without bias gives. True whenever `a` has one tap.
 *
 * @param isOpen Whether the length is not fixed: the stride of `a` may then leave pixels unread at the end.
 */
export function padsLikeTaps(a: Axis, b: Axis, isOpen = false): boolean {
  const needed = extent(a) - a.stride;
  const after = isOpen ? a.after - (a.stride - 1) : a.after;
  return (b.before <= 0 || a.before >= needed) && (b.after <= 0 || after >= needed);
}

/**
 * The axis whose taps are the union of both: the sum of two maps of one input and one output. Strides must be equal.
 *
 * @returns nothing when the outputs differ in length.
 */
export function union(a: Axis, b: Axis): Combined | undefined {
  if (a.stride !== b.stride || growth(a) !== growth(b)) return undefined;
  const before = Math.max(a.before, b.before);
  const offsetA = before - a.before;
  const offsetB = before - b.before;
  const length = Math.max(offsetA + extent(a), offsetB + extent(b));
  const dilation = gcd(spacing(a), spacing(b), Math.abs(offsetA - offsetB)) || 1;
  return {
    axis: {
      size: (length - 1) / dilation + 1,
      dilation,
      stride: a.stride,
      before,
      after: growth(a) + length - before,
    },
    first: { offset: offsetA / dilation, step: a.dilation / dilation },
    second: { offset: offsetB / dilation, step: b.dilation / dilation },
  };
}

/** The axis of `b` after `a`: tap `i` of `a` under tap `j` of `b` lands at the sum of both placements. */
export function sequence(a: Axis, b: Axis): Combined {
  const spread = b.dilation * a.stride;
  const dilation = gcd(spacing(a), b.size > 1 ? spread : 0) || 1;
  const length = extent(a) + (b.size - 1) * spread;
  const before = a.before + a.stride * b.before;
  return {
    axis: {
      size: (length - 1) / dilation + 1,
      dilation,
      stride: a.stride * b.stride,
      before,
      after: growth(a) + a.stride * (growth(b) + 1) + length - before,
    },
    first: { offset: 0, step: a.dilation / dilation },
    second: { offset: 0, step: spread / dilation },
  };
}

/** The same taps with the gaps between them filled: dilation 1. Tap `i` goes to `i·dilation`. */
export function dense(axis: Axis): Axis {
  return { ...axis, size: extent(axis), dilation: 1 };
}

/** The greatest common divisor, where 0 stands for "anything divides it". */
export function gcd(...values: number[]): number {
  return values.reduce((a, b) => {
    while (b !== 0) [a, b] = [b, a % b];
    return a;
  }, 0);
}

/** The spacing that a coarser lattice must keep; one tap fits every lattice. */
function spacing(axis: Axis): number {
  return axis.size > 1 ? axis.dilation : 0;
}
