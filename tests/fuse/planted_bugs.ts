/**
 * Faults that fusion code has, each planted in one law of the algebra. The proof has to catch every one of them on a
 * network that shows it.
 */
import type {
  Affine,
  BatchNormNumbers,
  ConvolutionNumbers,
  Outcome,
  Weights,
} from "../../src/fuse/affine.ts";
import { type Axes, type Axis, extent, growth } from "../../src/graph/axis.ts";
import { gcd } from "../../src/fuse/axis.ts";
import { isChannelwise } from "../../src/fuse/compose.ts";
import { regroup } from "../../src/fuse/groups.ts";
import { LAWS, type Laws } from "../../src/fuse/laws.ts";

/** Laws with one fault each, by the name of the fault. */
export const PLANTED_BUGS: Readonly<Record<string, Laws>> = {
  // BatchNorm
  "the running mean is added": inBatchNorm((bn) => ({ ...bn, mean: negated(bn.mean) })),
  "the running mean is dropped": inBatchNorm((bn) => ({ ...bn, mean: filled(bn.mean, 0) })),
  "epsilon is dropped": inBatchNorm((bn) => ({ ...bn, epsilon: 0 })),
  "epsilon is another layer's": inBatchNorm((bn) => ({ ...bn, epsilon: bn.epsilon > 1e-4 ? 1e-5 : 1e-3 })),
  "epsilon is added after the root": inBatchNorm((bn) => ({
    ...bn,
    variance: Array.from(bn.variance, (v) => (Math.sqrt(v) + bn.epsilon) ** 2 - bn.epsilon),
  })),
  "the variance is not rooted": inBatchNorm((bn) => ({
    ...bn,
    variance: Array.from(bn.variance, (v) => (v + bn.epsilon) ** 2 - bn.epsilon),
  })),
  "gamma is dropped": inBatchNorm((bn) => ({ ...bn, gamma: undefined })),
  "gamma is positive": inBatchNorm((bn) => ({ ...bn, gamma: bn.gamma && Array.from(bn.gamma, Math.abs) })),
  "beta is dropped": inBatchNorm((bn) => ({ ...bn, beta: undefined })),
  "beta is scaled by gamma": inBatchNorm((bn) => ({
    ...bn,
    beta: bn.beta && Array.from(bn.beta, (beta, c) => beta * (bn.gamma?.[c] ?? 1)),
  })),
  "statistics are those of the next channel": inBatchNorm((bn) => ({ ...bn, mean: rotated(bn.mean) })),

  // Convolution
  "the conv bias is dropped": {
    ...LAWS,
    convolution: (shape, read) => LAWS.convolution({ ...shape, hasBias: false }, read),
  },
  "the conv bias is zero": inConvolution(({ kernel }) => ({ kernel, bias: undefined })),
  "the kernel is transposed": inConvolution((numbers, map) => ({
    ...numbers,
    kernel: moved(numbers.kernel, map, ([i, j], [rows, columns]) => rows === columns ? [j, i] : [i, j]),
  })),
  "the kernel is flipped": inConvolution((numbers, map) => ({
    ...numbers,
    kernel: moved(numbers.kernel, map, ([i, j], [rows, columns]) => [rows - 1 - i, columns - 1 - j]),
  })),
  "the kernel's channels are transposed": inConvolution((numbers, map) => {
    const channels = map.outChannels;
    if (map.groups !== 1 || map.inChannels !== channels) return numbers;
    const kernel = Array.from(numbers.kernel, (_, at) => {
      const [tap, input, output] = [
        Math.floor(at / channels ** 2),
        Math.floor(at / channels) % channels,
        at % channels,
      ];
      return numbers.kernel[tap * channels ** 2 + output * channels + input]!;
    });
    return { ...numbers, kernel };
  }),
  "a depthwise kernel is read as [M, C]": inConvolution((numbers, map) => {
    const multiplier = map.outChannels / map.inChannels;
    if (map.groups !== map.inChannels || multiplier === 1) return numbers;
    const kernel = Array.from(numbers.kernel, (_, at) => {
      const [tap, output] = [Math.floor(at / map.outChannels), at % map.outChannels];
      const from = (output % multiplier) * map.inChannels + Math.floor(output / multiplier);
      return numbers.kernel[tap * map.outChannels + from]!;
    });
    return { ...numbers, kernel };
  }),

  // Parallel branches
  "a branch is dropped": { ...LAWS, add: (a, b) => onWeights(LAWS.add(a, b), () => LAWS.add(a, silent(b))) },
  "a branch counts twice": {
    ...LAWS,
    add: (a, b) => onWeights(LAWS.add(a, b), () => LAWS.add(a, doubled(b))),
  },
  "a branch's bias is dropped": { ...LAWS, add: (a, b) => LAWS.add(a, withoutBias(b)) },
  "branches are aligned by their centres": { ...LAWS, add: (a, b) => LAWS.add(a, centred(b, a)) },
  "a small kernel lands in the corner": { ...LAWS, add: (a, b) => LAWS.add(a, inCorner(b, a)) },
  "a branch is one pixel off": { ...LAWS, add: (a, b) => LAWS.add(a, shifted(b)) },
  "rows and columns are mixed up": { ...LAWS, add: (a, b) => LAWS.add(a, turned(b)) },
  "a grouped kernel lands in the wrong block": { ...LAWS, add: (a, b) => LAWS.add(a, misplaced(b, a)) },
  "the identity is off by one channel": {
    ...LAWS,
    identity: (channels) => onWeights(LAWS.identity(channels), () => crossed(channels)) as Affine,
  },
  "the identity is twice itself": { ...LAWS, identity: (channels) => doubled(LAWS.identity(channels)) },

  // One after the other
  "gamma is on the input axis": {
    ...LAWS,
    compose: (a, b) => isChannelwise(b) ? LAWS.compose(scaledInputs(a, b), b) : LAWS.compose(a, b),
  },
  "the bias is not scaled": { ...LAWS, compose: (a, b) => withBias(a, b, (bias, factor) => bias / factor) },
  "the bias is scaled twice": { ...LAWS, compose: (a, b) => withBias(a, b, (bias, factor) => bias * factor) },
  "the second bias is dropped": { ...LAWS, compose: (a, b) => LAWS.compose(a, withoutBias(b)) },
  "the first bias is dropped": { ...LAWS, compose: (a, b) => LAWS.compose(withoutBias(a), b) },
  "zeros may be padded after a bias": {
    ...LAWS,
    compose: (a, b) => {
      const outcome = LAWS.compose({ ...a, hasBias: false }, b);
      return outcome.kind === "refusal" ? outcome : { ...outcome, hasBias: a.hasBias || b.hasBias };
    },
  },
  "padding is swapped": {
    ...LAWS,
    zeroPadding: (channels, axes) => LAWS.zeroPadding(channels, swapped(axes)),
  },
  "padding is dropped": {
    ...LAWS,
    compose: (a, b) =>
      a.copies ? LAWS.compose(LAWS.zeroPadding(a.inChannels, moveUp(a.axes)), b) : LAWS.compose(a, b),
  },

  // Pooling and scaling
  "an average is a sum": {
    ...LAWS,
    averagePool: (channels, axes) => {
      const area = axes[0].size * axes[1].size;
      return onWeights(LAWS.averagePool(channels, axes), (map) => scaledBy(map, area));
    },
  },
  "a padded average is a convolution": {
    ...LAWS,
    averagePool: (channels, axes) => {
      const inside = axes.map((axis) => ({ ...axis, before: 0, after: 0 })) as unknown as Axes;
      const outcome = LAWS.averagePool(channels, inside);
      return outcome.kind === "refusal" ? outcome : { ...outcome, axes };
    },
  },
  "an offset is dropped": { ...LAWS, scale: (factors) => LAWS.scale(factors) },
};

function inBatchNorm(change: (numbers: BatchNormNumbers) => BatchNormNumbers): Laws {
  return { ...LAWS, batchNorm: (numbers) => LAWS.batchNorm(change(numbers)) };
}

type Shape = Pick<Affine, "inChannels" | "outChannels" | "groups" | "axes">;

function inConvolution(change: (numbers: ConvolutionNumbers, map: Shape) => ConvolutionNumbers): Laws {
  return { ...LAWS, convolution: (shape, read) => LAWS.convolution(shape, () => change(read(), shape)) };
}

/** The outcome with the numbers of another map, if it is one. */
function onWeights(outcome: Outcome, other: (map: Affine) => Outcome): Outcome {
  if (outcome.kind === "refusal") return outcome;
  return {
    ...outcome,
    weights: () => {
      const changed = other(outcome);
      return changed.kind === "refusal" ? outcome.weights() : changed.weights();
    },
  };
}

function mapped(map: Affine, change: (weights: Weights) => Weights): Affine {
  return { ...map, weights: () => change(map.weights()) };
}

function scaledBy(map: Affine, factor: number): Affine {
  return mapped(map, ({ kernel, bias }) => ({
    kernel: kernel.map((value) => value * factor),
    bias: bias.map((value) => value * factor),
  }));
}

const silent = (map: Affine) => scaledBy(map, 0);
const doubled = (map: Affine) => scaledBy({ ...map, copies: false }, 2);

function withoutBias(map: Affine): Affine {
  return mapped(map, ({ kernel, bias }) => ({ kernel, bias: bias.fill(0) }));
}

/** `compose(a, b)` where a channelwise `b` meets a changed bias of `a`. */
function withBias(a: Affine, b: Affine, change: (bias: number, factor: number) => number): Outcome {
  if (!isChannelwise(b)) return LAWS.compose(a, b);
  const factors = b.weights().kernel;
  return LAWS.compose(
    mapped(a, ({ kernel, bias }) => ({ kernel, bias: bias.map((v, c) => change(v, factors[c]!)) })),
    b,
  );
}

/** `a` such that scaling by `b` scales its inputs instead of its outputs. */
function scaledInputs(a: Affine, b: Affine): Affine {
  if (a.groups !== 1 || a.inChannels !== a.outChannels) return a;
  const factors = b.weights().kernel;
  return mapped(a, ({ kernel, bias }) => ({
    kernel: kernel.map((value, at) => {
      const [input, output] = [Math.floor(at / a.outChannels) % a.inChannels, at % a.outChannels];
      return value * factors[input]! / factors[output]!;
    }),
    bias,
  }));
}

function crossed(channels: number): Affine {
  const map = LAWS.identity(channels);
  if (channels === 1) return map;
  return mapped(map, ({ kernel, bias }) => ({ kernel: kernel.map((_, c) => c === 0 ? 0 : 1), bias }));
}

function withOffset(map: Affine, offset: (axis: Axis, i: 0 | 1) => number): Affine {
  const move = (i: 0 | 1): Axis => {
    const axis = map.axes[i];
    const before = offset(axis, i);
    return { ...axis, before, after: growth(axis) + extent(axis) - before };
  };
  return { ...map, axes: [move(0), move(1)] };
}

function centred(map: Affine, other: Affine): Affine {
  return withOffset(map, (axis, i) => {
    return other.axes[i].before - Math.floor((extent(other.axes[i]) - extent(axis)) / 2);
  });
}

function inCorner(map: Affine, other: Affine): Affine {
  return withOffset(map, (_, i) => other.axes[i].before);
}

function shifted(map: Affine): Affine {
  return withOffset(map, (axis) => axis.before + 1);
}

function turned(map: Affine): Affine {
  return growth(map.axes[0]) === growth(map.axes[1]) ? { ...map, axes: [map.axes[1], map.axes[0]] } : map;
}

function swapped(axes: Axes): Axes {
  const swap = (axis: Axis): Axis => ({ ...axis, before: axis.after, after: axis.before });
  return [swap(axes[0]), swap(axes[1])];
}

function moveUp(axes: Axes): Axes {
  const move = (axis: Axis): Axis => ({ ...axis, before: 0, after: axis.before + axis.after });
  return [move(axes[0]), move(axes[1])];
}

/** `map` in the groups that it shares with the other, its rows one channel too low. */
function misplaced(map: Affine, other: Affine): Affine {
  const groups = gcd(map.groups, other.groups);
  if (groups === map.groups) return map;
  const taps = map.axes[0].size * map.axes[1].size;
  return mapped({ ...map, groups }, ({ kernel, bias }) => {
    const wide = regroup({ ...map, kernel, taps }, groups);
    const tapLength = wide.length / taps;
    const shifted = wide.map((_, at) => {
      const [tap, inTap] = [Math.floor(at / tapLength), at % tapLength];
      return wide[tap * tapLength + (inTap + map.outChannels) % tapLength]!;
    });
    return { kernel: shifted, bias };
  });
}

function moved(
  kernel: ArrayLike<number>,
  map: Shape,
  from: (tap: readonly [number, number], size: readonly [number, number]) => readonly [number, number],
): number[] {
  const size = [map.axes[0].size, map.axes[1].size] as const;
  const length = kernel.length / (size[0] * size[1]);
  return Array.from(kernel, (_, at) => {
    const tap = Math.floor(at / length);
    const [i, j] = from([Math.floor(tap / size[1]), tap % size[1]], size);
    return kernel[(i * size[1] + j) * length + at % length]!;
  });
}

function negated(values: ArrayLike<number>): number[] {
  return Array.from(values, (value) => -value);
}

function filled(values: ArrayLike<number>, value: number): number[] {
  return Array.from(values, () => value);
}

function rotated(values: ArrayLike<number>): number[] {
  return Array.from(values, (_, i) => values[(i + 1) % values.length]!);
}
