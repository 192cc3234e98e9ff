/**
 * The range in which a network takes its pixels: the three that are used in the field, and the clues in a network to which of
 * them it is: integers at its input, and the first factors and offsets that it puts its pixels through.
 *
 * @module
 */
import type { Normalization } from "../data/normalization.ts";
import type { Graph, Operation, Scale, ValueId } from "../graph/graph.ts";

/** As they are typed, and what a byte of 0 and one of 255 become. */
const RANGES = { "0..255": [0, 255], "0..1": [0, 1], "-1..1": [-1, 1] } as const;

/** A range of pixels. */
export type PixelRange = keyof typeof RANGES;

/** All of them; the first that a clue allows is taken. */
export const PIXEL_RANGES = Object.keys(RANGES) as readonly PixelRange[];

/** Types of which an image holds bytes as they are. */
const INTEGERS: ReadonlySet<string> = new Set(["uint8", "int32", "int64", "int16", "uint16"]);

/** How far from 0 pixels may lie once a network has normalized them, but for those of which it took a mean alone. */
const LARGEST_NORMALIZED = 3.5;
/** How large the brightest must be. */
const SMALLEST_NORMALIZED = 0.4;
/** How lopsided around 0 they may be. */
const LARGEST_LOPSIDEDNESS = 3;

/** The lowest and the highest value of a range. */
export function boundsOf(range: PixelRange): readonly [low: number, high: number] {
  return RANGES[range];
}

/**
 * How bytes become pixels of a range, less a mean and divided by a standard deviation: y = (pixel − mean) / std.
 *
 * @param mean One value per channel, of pixels in that range.
 * @param std One value per channel.
 */
export function normalizationOf(
  range: PixelRange,
  mean: readonly number[],
  std: readonly number[],
): Normalization {
  const [low, high] = RANGES[range];
  const bytes = 255 / (high - low); // of one unit
  return { mean: mean.map((value) => (value - low) * bytes), scale: std.map((value) => value * bytes) };
}

/** The range that a network of one input shows that it takes, or nothing where it shows none. */
export function shownPixelRange({ inputs: [input], values, operations }: Graph): PixelRange | undefined {
  if (input === undefined) return undefined;
  if (INTEGERS.has(values[input.value]!.dtype)) return "0..255";
  let factors: readonly number[] = [1];
  let offsets: readonly number[] = [0];
  for (const { factors: more, offsets: further } of firstScales(operations, input.value)) {
    const channels = Math.max(factors.length, more.length, further.length, offsets.length);
    const at = (values: readonly number[], i: number) => values[i % values.length]!;
    const channel = Array.from({ length: channels }, (_, i) => i);
    [factors, offsets] = [
      channel.map((i) => at(factors, i) * at(more, i)),
      channel.map((i) => at(offsets, i) * at(more, i) + at(further, i)),
    ];
    const range = rangeMadeNormal(factors, offsets);
    if (range !== undefined) return range;
  }
  return undefined;
}

/** Those that stand between the input and everything else. */
function firstScales(operations: readonly Operation[], input: ValueId): Scale[] {
  const scales: Scale[] = [];
  let value = input;
  for (;;) {
    const readers = operations.filter(({ inputs }) => inputs.includes(value));
    const [reader] = readers;
    if (reader === undefined || readers.length > 1 || reader.inputs.length !== 1) return scales;
    if (reader.op === "scale") scales.push(reader);
    else if (reader.op !== "identity" && reader.op !== "pad") return scales;
    value = reader.outputs[0]!;
  }
}

/** The first range that becomes something which networks are trained on: from 0 to about 1, or around 0. */
function rangeMadeNormal(factors: readonly number[], offsets: readonly number[]): PixelRange | undefined {
  if (factors.every((factor) => factor === 1) && offsets.every((offset) => offset === 0)) return undefined;
  return PIXEL_RANGES.find((range) => {
    const [from, to] = RANGES[range];
    return factors.every((factor, i) => {
      const [low, high] = [from * factor + offsets[i]!, to * factor + offsets[i]!];
      if (Math.abs(low) < 1e-6) return high >= SMALLEST_NORMALIZED && high <= LARGEST_NORMALIZED;
      const isAroundZero = low < 0 && high > 0 &&
        Math.max(high / -low, -low / high) <= LARGEST_LOPSIDEDNESS;
      const isSmall = Math.max(high, -low) <= LARGEST_NORMALIZED;
      const isLessAMean = range === "0..255" && factor === 1;
      return isAroundZero && high >= SMALLEST_NORMALIZED && (isSmall || isLessAMean);
    });
  });
}
