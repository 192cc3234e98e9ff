/**
 * Operations that are linear in their inputs, by what affine maps can do around them: the maps of the inputs become one,
 * a map per channel goes from behind into each input, a map of every pixel goes from the only input to behind.
 *
 * | operation         | one map of all inputs   | from behind, at each input     | from before, behind it        |
 * | ----------------- | ----------------------- | ------------------------------ | ----------------------------- |
 * | add               | their sum               | the same, its shift at one     |                               |
 * | average           | their sum times 1 / n   | the same                       |                               |
 * | concatenate       | each at its channels    | its channels of it             |                               |
 * | globalAveragePool |                         | the same                       | the same, of every pixel      |
 * | reshape           |                         | the same, of one pixel         | repeated for every pixel      |
 *
 * @module
 */
import type { Affine, Outcome } from "./affine.ts";
import { isPerChannel, isPointwise, repeat, slice, withoutShift } from "./channels.ts";
import type { Laws } from "./laws.ts";

/** What can be done around an operation. */
export interface Join {
  /** Which inputs may become one where others stay. */
  readonly groups: "any" | "neighbours" | "none";
  /**
   * What an input adds to the result, given the map that makes it.
   *
   * @param channels Of each of the inputs that become one.
   * @param i Which of them.
   */
  readonly part?: (map: Affine, channels: readonly number[], i: number, laws: Laws) => Outcome;
  /** What a map per channel that stands behind is at an input; nothing where it cannot go there. */
  readonly before: (map: Affine, channels: readonly number[], i: number) => Affine | undefined;
  /** What the map of the only input is behind; nothing where it cannot go there. */
  readonly behind?: (map: Affine) => Affine | undefined;
}

/** All inputs added up. */
export const SUM: Join = {
  groups: "any",
  part: (map) => map,
  before: (map, _, i) => i === 0 ? map : withoutShift(map),
};

/** The mean of the inputs. */
export const MEAN: Join = {
  groups: "none",
  part: (map, channels, _, laws) =>
    laws.compose(map, laws.scale(new Float64Array(map.outChannels).fill(1 / channels.length))),
  before: (map) => map,
};

/** The channels of the inputs one after the other. */
export const CONCATENATION: Join = {
  groups: "neighbours",
  part: (map, channels, i, laws) => laws.place(map, sum(channels.slice(0, i)), sum(channels)),
  before: (map, channels, i) => slice(map, sum(channels.slice(0, i)), channels[i]!),
};

/** The mean of all pixels. */
export const GLOBAL_MEAN: Join = {
  groups: "none",
  before: (map) => map,
  behind: (map) => isPointwise(map) ? map : undefined,
};

/** The numbers of so many pixels as channels, or of one pixel as a vector, and back. */
export function flattening(pixels: number): Join {
  return {
    groups: "none",
    before: (map) => pixels === 1 ? map : undefined,
    behind: (map) =>
      pixels === 1 ? isPointwise(map) ? map : undefined : isPerChannel(map) ? repeat(map, pixels) : undefined,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
