/**
 * What a proof feeds a network: noise and pictures in the range that the network takes. A Rescaling that divides by 255 makes
 * of noise in -1..1 next to nothing, and an input of whole numbers makes zeros of it; nothing shows a fault then.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { costOf } from "../graph/cost.ts";
import { type Graph, type GraphInput, sizeOf } from "../graph/graph.ts";
import { boundsOf, shownPixelRange } from "../graph/pixel_range.ts";
import { Random } from "../random.ts";

/** Side of an image, and length of any other axis, that a network leaves open. */
export const OPEN_SIDE = 64;

/** Where the random inputs of proofs begin. */
const SEED = 20_190_510;

/** Images at most and at least: as many as a network of these MACs takes in some seconds. */
const [MOST, LEAST, MACS] = [200, 8, 1e10] as const;

/** Images at once at most, at least where their number is open (so that a fault that mixes them shows), and bytes of theirs. */
const [MOST_AT_ONCE, LEAST_AT_ONCE, BYTES_AT_ONCE] = [100, 2, 64e6] as const;

/** One input of a network. */
export interface ProofInput {
  /** Without the batch. */
  readonly shape: readonly number[];
  readonly low: number;
  readonly high: number;
  /** Whether it takes whole numbers alone. */
  readonly isWhole: boolean;
}

/** What a network takes. */
export interface ProofInputs {
  readonly inputs: readonly ProofInput[];
  /** Images at once. */
  readonly batch: number;
  /** Images in all. */
  readonly count: number;
}

/**
 * What a network is fed with.
 *
 * @param side Length of every axis that is open but for the batch.
 * @throws {InputError} when the number of axes of an input is not known.
 */
export function proofInputsOf(graph: Graph, side = OPEN_SIDE): ProofInputs {
  const shapes = graph.inputs.map(({ name, value }) => {
    const { shape } = graph.values[value]!;
    if (shape !== undefined) return shape;
    throw new InputError(
      `Cannot prove anything of ${graph.name}: its input ${name} has no known number of axes.`,
    );
  });
  const fixed = shapes.map(([batch]) => batch).find((batch) => batch != null);
  const macs = costOf(graph).macs;
  const count = macs === null ? LEAST : Math.min(MOST, Math.max(LEAST, Math.round(MACS / macs)));
  const atOnce = Math.min(MOST_AT_ONCE, count, Math.floor(BYTES_AT_ONCE / bytesPerImage(graph, side)));
  return {
    inputs: graph.inputs.map((input, i) => ({
      shape: shapes[i]!.slice(1).map((length) => length ?? side),
      ...rangeOf(graph, input),
    })),
    batch: fixed ?? Math.max(LEAST_AT_ONCE, atOnce),
    count,
  };
}

/** What goes into one input. */
export interface ProofArray {
  /** Row by row. */
  readonly data: Float32Array<ArrayBuffer>;
  /** With the batch first; images are NHWC. */
  readonly shape: readonly number[];
}

/** Noise and pictures in turn; one array for each input, batch by batch. */
export function* proofBatches({ inputs, batch, count }: ProofInputs): Generator<readonly ProofArray[]> {
  const random = Random.from(SEED, "proof");
  for (let done = 0; done < count; done += batch) {
    yield inputs.map((input) => {
      const size = sizeOf(input.shape);
      const data = new Float32Array(batch * size);
      for (let i = 0; i < batch; i++) {
        // In turn in a batch and from batch to batch, so that the first of a batch is now this and now that.
        const isPicture = (done / batch + i) % 2 === 1;
        draw(data.subarray(i * size, (i + 1) * size), input, isPicture, random);
      }
      return { data, shape: [batch, ...input.shape] };
    });
  }
}

/** All values at once, as float32: what a training form may hold at most. */
function bytesPerImage({ values }: Graph, side: number): number {
  const sizes = values.map(({ shape }) => sizeOf((shape ?? []).slice(1).map((length) => length ?? side)));
  return sizes.reduce((sum, size) => sum + size * Float32Array.BYTES_PER_ELEMENT, 1);
}

type Values = Pick<ProofInput, "low" | "high" | "isWhole">;

const BYTES: Values = { low: 0, high: 255, isWhole: true };

/** What the numbers of an input are where they are no fractions. */
const WHOLE: Readonly<Record<string, Values>> = {
  bool: { low: 0, high: 1, isWhole: true },
  int8: { low: -128, high: 127, isWhole: true },
  int32: BYTES,
  int64: BYTES,
  uint8: BYTES,
};

function rangeOf(graph: Graph, input: GraphInput): Values {
  const whole = WHOLE[graph.values[input.value]!.dtype];
  if (whole !== undefined) return whole;
  const [low, high] = boundsOf(shownPixelRange(graph, input) ?? "-1..1");
  return { low, high, isWhole: false };
}

function draw(
  values: Float32Array,
  { shape, low, high, isWhole }: ProofInput,
  isPicture: boolean,
  random: Random,
): void {
  if (shape.length === 3 && isPicture) paint(values, shape as [number, number, number], random);
  else for (let i = 0; i < values.length; i++) values[i] = random.uniform();
  for (let i = 0; i < values.length; i++) {
    values[i] = isWhole
      ? low + Math.min(high - low, Math.floor(values[i]! * (high - low + 1)))
      : low + (high - low) * values[i]!;
  }
}

/** Rectangles on one picture. */
const RECTANGLES = 6;

/** Rectangles of one colour each, one over another, [height, width, channels] in 0..1. */
function paint(
  picture: Float32Array,
  [height, width, channels]: readonly [number, number, number],
  random: Random,
): void {
  for (let rectangle = 0; rectangle < RECTANGLES; rectangle++) {
    const [top, bottom] = rectangle === 0 ? [0, height] : span(height, random);
    const [left, right] = rectangle === 0 ? [0, width] : span(width, random);
    const colour = Array.from({ length: channels }, () => random.uniform());
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        picture.set(colour, (row * width + column) * channels);
      }
    }
  }
}

/** A stretch of an axis. */
function span(length: number, random: Random): readonly [number, number] {
  const ends = [random.integer(length + 1), random.integer(length + 1)];
  return [Math.min(...ends), Math.max(...ends)];
}
