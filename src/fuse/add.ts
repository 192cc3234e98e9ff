/**
 * The law of parallel branches: two convolutions of one input whose outputs are added are one convolution. Kernels of
 * different sizes are aligned by their padding offsets: at stride 2 on an even input TensorFlow pads a 3x3 kernel by 0
 * before and 1 after, and the 1x1 branch lands at [0, 0], not in the centre.
 *
 * @module
 */
import { refuse } from "../graph/refusal.ts";
import { type Affine, kernelLength, type Outcome } from "./affine.ts";
import { gcd, union } from "./axis.ts";
import { regroup } from "./groups.ts";

/**
 * `x ↦ a(x) + b(x)`, exact for every pair that {@link Outcome} does not refuse.
 *
 * @param a One branch.
 * @param b The other, of the same input.
 */
export function add(a: Affine, b: Affine): Outcome {
  if (a.inChannels !== b.inChannels || a.outChannels !== b.outChannels) {
    return refuse(
      "add",
      `the branches map ${a.inChannels} to ${a.outChannels} and ${b.inChannels} to ${b.outChannels} channels`,
      "Give the branches equal channel counts.",
    );
  }
  const strides = [a, b].map((map) => map.axes.map((axis) => axis.stride).join("x"));
  if (strides[0] !== strides[1]) {
    return refuse(
      "add",
      `the branches have strides ${strides.join(" and ")}`,
      "Give the branches one stride.",
    );
  }
  if (String(a.spread) !== String(b.spread)) {
    return refuse(
      "add",
      "one branch is a transposed convolution, and the other is none of equal strides",
      "Make both branches transposed convolutions of one stride, or neither.",
    );
  }
  const vertical = union(a.axes[0], b.axes[0]);
  const horizontal = union(a.axes[1], b.axes[1]);
  if (vertical === undefined || horizontal === undefined) {
    return refuse(
      "add",
      "the outputs of the branches differ in size",
      "Pad the branches so that their outputs have one size.",
    );
  }
  const shape = {
    inChannels: a.inChannels,
    outChannels: a.outChannels,
    groups: gcd(a.groups, b.groups),
    axes: [vertical.axis, horizontal.axis] as const,
    ...(a.spread === undefined ? {} : { spread: a.spread }),
  };
  return {
    kind: "affine",
    ...shape,
    hasBias: a.hasBias || b.hasBias,
    copies: false,
    weights() {
      const { kernel: first, bias } = a.weights();
      // The numbers are ours: where the first branch is as large as the sum, it becomes the sum. −0 + 0 is 0.
      const fits = first.length === kernelLength(shape);
      const kernel = fits ? first : new Float64Array(kernelLength(shape));
      if (fits) { for (let i = 0; i < kernel.length; i++) kernel[i]! += 0; }
      else accumulate(a, first, "first");
      const second = b.weights();
      accumulate(b, second.kernel, "second");
      for (let o = 0; o < bias.length; o++) bias[o] = 0 + bias[o]! + second.bias[o]!;
      return { kernel, bias };

      function accumulate(map: Affine, numbers: Float64Array, which: "first" | "second"): void {
        const [down, across] = [vertical![which], horizontal![which]];
        const [rows, columns] = [map.axes[0].size, map.axes[1].size];
        const grouped = regroup({ ...map, kernel: numbers, taps: rows * columns }, shape.groups);
        const tapLength = grouped.length / (rows * columns);
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) {
            const row = down.offset + i * down.step;
            const tap = row * shape.axes[1].size + across.offset + j * across.step;
            const from = (i * columns + j) * tapLength;
            for (let k = 0; k < tapLength; k++) kernel[tap * tapLength + k]! += grouped[from + k]!;
          }
        }
      }
    },
  };
}
