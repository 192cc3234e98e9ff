/**
 * The range in which a network takes its pixels: the three that are used in the field, and the clues in a network to which of
 * them it is: integers at its input, and the first factors and offsets that it puts its pixels through.
 *
 * @module
 */
import type { BatchNorm, Graph, GraphInput, Scale, ValueId, WeightRef } from "./graph.ts";

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

/** The range that a network shows that one of its inputs takes, or nothing where it shows none. */
export function shownPixelRange(
  graph: Graph,
  input: GraphInput | undefined = graph.inputs[0],
): PixelRange | undefined {
  if (input === undefined) return undefined;
  if (INTEGERS.has(graph.values[input.value]!.dtype)) return "0..255";
  let factors: readonly number[] = [1];
  let offsets: readonly number[] = [0];
  for (const { factors: more, offsets: further } of firstScales(graph, input.value)) {
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

/** y = x · factor + offset, for all channels or for each. */
type Factors = Pick<Scale, "factors" | "offsets">;

/** Those that stand between the input and everything else. */
function firstScales({ operations, weights }: Graph, input: ValueId): Factors[] {
  const scales: Factors[] = [];
  let value = input;
  for (;;) {
    const readers = operations.filter(({ inputs }) => inputs.includes(value));
    const [reader] = readers;
    if (reader === undefined || readers.length > 1 || reader.inputs.length !== 1) return scales;
    if (reader.op === "scale") scales.push(reader);
    else if (reader.op === "batchNorm") scales.push(normalizing(reader, weights));
    else if (reader.op !== "identity" && reader.op !== "pad") return scales;
    value = reader.outputs[0]!;
  }
}

/** What a BatchNorm takes off pixels and divides them by; what it has learned beside is no clue. */
function normalizing({ mean, variance, epsilon }: BatchNorm, weights: Graph["weights"]): Factors {
  const read = ({ name }: WeightRef) => [...weights.get(name)!.read()];
  const factors = read(variance).map((square) => 1 / Math.sqrt(square + epsilon));
  return { factors, offsets: read(mean).map((number, channel) => -number * factors[channel]!) };
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
