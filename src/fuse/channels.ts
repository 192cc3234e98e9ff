/**
 * Maps on some of the channels: what joins of tensors make of the maps before and behind them.
 *
 * @module
 */
import type { Affine } from "./affine.ts";
import { regroup } from "./groups.ts";

/** Whether each pixel of the output is made of the same pixel of the input alone, with nothing beside it. */
export function isPointwise({ axes, spread }: Affine): boolean {
  return spread === undefined &&
    axes.every(({ size, stride, before, after }) =>
      size === 1 && stride === 1 && before === 0 && after === 0
    );
}

/** Whether the map multiplies and shifts each channel by itself. */
export function isPerChannel(map: Affine): boolean {
  return isPointwise(map) && map.groups === map.inChannels && map.outChannels === map.inChannels;
}

/** The map with its outputs as the channels from `offset` on, of `total`; the others are zeros. */
export function place(map: Affine, offset: number, total: number): Affine {
  if (total === map.outChannels) return map;
  return {
    ...map,
    outChannels: total,
    groups: 1,
    copies: false,
    weights() {
      const { kernel, bias } = map.weights();
      const taps = map.axes[0].size * map.axes[1].size;
      const columns = map.outChannels;
      const narrow = regroup({ ...map, kernel, taps }, 1);
      const rows = narrow.length / columns;
      const wide = { kernel: new Float64Array(rows * total), bias: new Float64Array(total) };
      for (let row = 0; row < rows; row++) {
        wide.kernel.set(narrow.subarray(row * columns, (row + 1) * columns), row * total + offset);
      }
      wide.bias.set(bias, offset);
      return wide;
    },
  };
}

/** A map per channel on `count` of its channels, from `offset` on. */
export function slice(map: Affine, offset: number, count: number): Affine {
  return {
    ...map,
    inChannels: count,
    outChannels: count,
    groups: count,
    weights() {
      const { kernel, bias } = map.weights();
      return { kernel: kernel.slice(offset, offset + count), bias: bias.slice(offset, offset + count) };
    },
  };
}

/** A map per channel on `times` as many channels, one copy behind the other. */
export function repeat(map: Affine, times: number): Affine {
  const channels = map.inChannels * times;
  return {
    ...map,
    inChannels: channels,
    outChannels: channels,
    groups: channels,
    weights() {
      const { kernel, bias } = map.weights();
      const all = (numbers: Float64Array) =>
        Float64Array.from({ length: channels }, (_, c) => numbers[c % numbers.length]!);
      return { kernel: all(kernel), bias: all(bias) };
    },
  };
}

/** The map without what it adds. */
export function withoutShift(map: Affine): Affine {
  return {
    ...map,
    hasBias: false,
    weights: () => ({ kernel: map.weights().kernel, bias: new Float64Array(map.outChannels) }),
  };
}
