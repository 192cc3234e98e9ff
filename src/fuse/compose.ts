/**
 * The law of one map after another: a convolution of a convolution is a convolution, `W = W_b ∗ W_a` and
 * `bias = bias_b + Σ W_b · bias_a`, wherever the second reads nothing that the first did not compute.
 *
 * Zero padding between the two is what breaks it: the padded zeros are not what the first map would have given there,
 * unless it has no bias and would have read nothing but padding (a 1x1 convolution, for one).
 *
 * @module
 */
import { readsInsideOnly } from "../graph/axis.ts";
import { type Refusal, refuse } from "../graph/refusal.ts";
import { type Affine, kernelLength, type Outcome, type Weights } from "./affine.ts";
import { gcd, padsLikeTaps, sequence } from "./axis.ts";
import { isPointwise } from "./channels.ts";
import { regroup } from "./groups.ts";

/**
 * `x ↦ b(a(x))`, exact for every pair that is not refused.
 *
 * @param a The map that comes first.
 * @param b The map that reads its output.
 * @param isOpen Whether the size of the image is not fixed, so that nobody knows what a stride leaves unread at its end.
 */
export function compose(a: Affine, b: Affine, isOpen = false): Outcome {
  const refusal = spreadBetween(a, b) ?? paddingBetween(a, b, isOpen);
  if (refusal !== undefined) return refusal;
  const vertical = sequence(a.axes[0], b.axes[0]);
  const horizontal = sequence(a.axes[1], b.axes[1]);
  const shape = {
    inChannels: a.inChannels,
    outChannels: b.outChannels,
    groups: gcd(a.groups, b.groups),
    axes: [vertical.axis, horizontal.axis] as const,
    ...spreadOf(a.spread ?? b.spread),
  };
  return {
    kind: "affine",
    ...shape,
    hasBias: a.hasBias || b.hasBias,
    copies: a.copies && b.copies,
    weights() {
      if (isChannelwise(b)) return scaleOutputs(a, b);
      return isChannelwise(a) && shape.groups === b.groups ? scaleInputs(a, b) : composeWeights(a, b, shape);
    },
  };
}

/** Whether the map multiplies and shifts each channel by itself, at each pixel by itself. */
export function isChannelwise(map: Affine): boolean {
  const single = map.axes.every((axis) => axis.size === 1);
  return single && map.groups === map.inChannels && map.outChannels === map.inChannels;
}

function paddingBetween(a: Affine, b: Affine, isOpen: boolean): Refusal | undefined {
  if (b.axes.every(readsInsideOnly)) return undefined;
  if (a.hasBias) {
    return refuse(
      "compose",
      "zeros are padded after a bias was added, so the border differs from the inside",
      'Pad with ZeroPadding2D before the first of the two, and give the second padding "valid".',
    );
  }
  if (!a.axes.every((axis, i) => padsLikeTaps(axis, b.axes[i]!, isOpen))) {
    const size = a.axes.map((axis) => axis.size).join("x");
    const stride = a.axes.map((axis) => axis.stride).join("x");
    return refuse(
      "compose",
      `zeros are padded after a ${size} map of stride ${stride}, which would not give zeros there`,
      'Pad with ZeroPadding2D before the first of the two and give both padding "valid", or put a 1x1 first.',
    );
  }
  return undefined;
}

/** A transposed convolution reads zeros between the pixels, which are not what a map with a bias gives there. */
function spreadBetween(a: Affine, b: Affine): Refusal | undefined {
  if (b.spread !== undefined && !(isPointwise(a) && !a.hasBias)) {
    return refuse(
      "compose",
      "a transposed convolution reads zeros between the pixels, which what stands before it does not give",
      "Put it behind the transposed convolution.",
    );
  }
  return a.spread === undefined || isPointwise(b) ? undefined : refuse(
    "compose",
    "a window over a transposed convolution is neither a convolution nor a transposed one that layers can say",
    "Let a 1x1, a BatchNorm or an activation follow the transposed convolution.",
  );
}

function spreadOf(spread: Affine["spread"]): Pick<Affine, "spread"> {
  return spread === undefined ? {} : { spread };
}

/** The fast path for BatchNorm and scale: `w' = w·s`, `bias' = bias·s + t`, in place. */
function scaleOutputs(a: Affine, b: Affine): Weights {
  const { kernel, bias } = a.weights();
  const { kernel: factors, bias: shifts } = b.weights();
  const outputs = factors.length;
  for (let i = 0; i < kernel.length; i += outputs) {
    for (let o = 0; o < outputs; o++) kernel[i + o]! *= factors[o]!;
  }
  for (let o = 0; o < outputs; o++) bias[o] = bias[o]! * factors[o]! + shifts[o]!;
  return { kernel, bias };
}

/** The same in front: `w' = s·w`, `bias' = bias + Σ w·t`, in place. */
function scaleInputs(a: Affine, b: Affine): Weights {
  const { kernel: factors, bias: shifts } = a.weights();
  const { kernel, bias } = b.weights();
  const [rows, outputs] = [b.inChannels / b.groups, b.outChannels];
  for (let row = 0, at = 0; at < kernel.length; row = (row + 1) % rows) {
    for (let o = 0; o < outputs; o++, at++) {
      const input = Math.floor(o * b.groups / outputs) * rows + row;
      bias[o]! += kernel[at]! * shifts[input]!;
      kernel[at]! *= factors[input]!;
    }
  }
  return { kernel, bias };
}

/** The composition of any two maps, tap by tap and group by group: the plain reference of the fast path. */
export function composeWeights(
  a: Affine,
  b: Affine,
  shape: Pick<Affine, "inChannels" | "outChannels" | "groups" | "axes">,
): Weights {
  const { groups } = shape;
  const first = a.weights();
  const second = b.weights();
  const kernelA = regroup({ ...a, kernel: first.kernel, taps: taps(a) }, groups); // [taps, I/g, M]
  const kernelB = regroup({ ...b, kernel: second.kernel, taps: taps(b) }, groups); // [taps, M/g, O]
  const kernel = new Float64Array(kernelLength(shape)); // [taps, I/g, O]
  const bias = second.bias;
  const rows = a.inChannels / groups;
  const middle = a.outChannels / groups;
  const outputs = b.outChannels / groups;
  const steps = [0, 1].map((i) => sequence(a.axes[i]!, b.axes[i]!));
  const width = shape.axes[1].size;
  forEachTap(b, (tapB, y, x) => {
    for (let channel = 0; channel < a.outChannels; channel++) {
      const group = Math.floor(channel / middle);
      const rowB = (tapB * middle + channel % middle) * b.outChannels + group * outputs;
      for (let o = 0; o < outputs; o++) {
        bias[group * outputs + o]! += kernelB[rowB + o]! * first.bias[channel]!;
      }
    }
    forEachTap(a, (tapA, y0, x0) => {
      const row = y0 * steps[0]!.first.step + y * steps[0]!.second.step;
      const column = x0 * steps[1]!.first.step + x * steps[1]!.second.step;
      const tap = row * width + column;
      for (let input = 0; input < rows; input++) {
        for (let channel = 0; channel < a.outChannels; channel++) {
          const factor = kernelA[(tapA * rows + input) * a.outChannels + channel]!;
          if (factor === 0) continue;
          const group = Math.floor(channel / middle);
          const rowB = (tapB * middle + channel % middle) * b.outChannels + group * outputs;
          const target = (tap * rows + input) * b.outChannels + group * outputs;
          for (let o = 0; o < outputs; o++) kernel[target + o]! += factor * kernelB[rowB + o]!;
        }
      }
    });
  });
  return { kernel, bias };
}

function taps(map: Affine): number {
  return map.axes[0].size * map.axes[1].size;
}

function forEachTap(map: Affine, visit: (tap: number, row: number, column: number) => void): void {
  const [rows, columns] = [map.axes[0].size, map.axes[1].size];
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) visit(y * columns + x, y, x);
  }
}
