/** Every law against the plain reference, in float64. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { add } from "../../src/fuse/add.ts";
import {
  type Affine,
  averagePool,
  batchNorm,
  identity,
  type Outcome,
  scale,
  zeroPadding,
} from "../../src/fuse/affine.ts";
import { type Axis, outputLength, POINT } from "../../src/graph/axis.ts";
import { compose, composeWeights, isChannelwise } from "../../src/fuse/compose.ts";
import { executable } from "../../src/fuse/executable.ts";
import { regroup } from "../../src/fuse/groups.ts";
import {
  anyChannels,
  axisOfEqualOutput,
  axisOn,
  divisorOf,
  IMAGE_SIZE,
  normals,
  randomImage,
  randomMap,
} from "./arbitrary_maps.ts";
import { addImages, applyMap, imageDifference } from "./reference.ts";

/** float64 sums in another order. */
const ROUNDING = 1e-12;

const RUNS = { numRuns: 300 };

const anyMap = fc.record({
  channels: anyChannels,
  axes: fc.tuple(axisOn(IMAGE_SIZE), axisOn(IMAGE_SIZE)),
  hasBias: fc.boolean(),
  seed: fc.integer(),
}).map(({ channels, axes, hasBias, seed }) => randomMap({ ...channels, axes, hasBias }, seed));

const anyPair = anyMap.chain((a) =>
  fc.record({
    groups: divisorOf(a.inChannels, a.outChannels),
    axes: fc.tuple(axisOfEqualOutput(a.axes[0]), axisOfEqualOutput(a.axes[1])),
    hasBias: fc.boolean(),
    seed: fc.integer(),
  }).map(({ seed, ...shape }) => [a, randomMap({ ...a, ...shape }, seed)] as const)
);

const anySequence = anyMap.chain((a) => {
  const [height, width] = a.axes.map((axis) => outputLength(axis, IMAGE_SIZE)) as [number, number];
  return fc.record({
    columns: fc.constantFrom(1, 2),
    groups: divisorOf(a.outChannels),
    axes: fc.tuple(axisOn(height), axisOn(width)),
    hasBias: fc.boolean(),
    seed: fc.integer(),
  }).map(({ columns, groups, axes, hasBias, seed }) => {
    const shape = { inChannels: a.outChannels, outChannels: columns * groups, groups, axes, hasBias };
    return [a, randomMap(shape, seed)] as const;
  });
});

function exact(outcome: Outcome): Affine {
  assert.equal(outcome.kind, "affine", JSON.stringify(outcome));
  return outcome as Affine;
}

Deno.test("add() gives the sum of both branches for all sizes, paddings, dilations, strides and groups", () => {
  fc.assert(
    fc.property(anyPair, fc.integer(), ([a, b], seed) => {
      const image = randomImage(a.inChannels, seed);
      const expected = addImages(applyMap(a, image), applyMap(b, image));
      return imageDifference(applyMap(exact(add(a, b)), image), expected) < ROUNDING;
    }),
    RUNS,
  );
});

Deno.test("add() aligns by the padding offset when the kernels have different centres", () => {
  const even3x3 = { size: 3, dilation: 1, stride: 2, before: 0, after: 1 };
  const even1x1 = { size: 1, dilation: 1, stride: 2, before: 0, after: -1 };
  const shape = { inChannels: 1, outChannels: 1, groups: 1, hasBias: false };
  const a = randomMap({ ...shape, axes: [even3x3, even3x3] }, 1);
  const b = randomMap({ ...shape, axes: [even1x1, even1x1] }, 2);
  const sum = exact(add(a, b)).weights().kernel;
  const expected = a.weights().kernel;
  expected[0]! += b.weights().kernel[0]!;
  assert.deepEqual(sum, expected);
});

Deno.test("add() keeps groups when both branches have them, and widens to the common ones when not", () => {
  const map = (groups: number) => {
    return randomMap({ inChannels: 4, outChannels: 4, groups, axes: [POINT, POINT], hasBias: false }, groups);
  };
  assert.equal(exact(add(map(4), identity(4))).groups, 4);
  assert.equal(exact(add(map(2), identity(4))).groups, 2);
  assert.equal(exact(add(map(1), identity(4))).groups, 1);
});

Deno.test("add() refuses branches of different strides, sizes or channels", () => {
  const map = (channels: number, stride: number, before: number) => {
    const axis = { ...POINT, stride, before };
    return randomMap(
      { inChannels: 2, outChannels: channels, groups: 1, axes: [axis, axis], hasBias: false },
      1,
    );
  };
  for (
    const [other, reason] of [[map(2, 2, 0), /strides/], [map(2, 1, 1), /size/], [map(3, 1, 0), /channels/]]
  ) {
    const outcome = add(map(2, 1, 0), other as Affine);
    assert.ok(outcome.kind === "refusal");
    assert.match(outcome.reason, reason as RegExp);
    assert.notEqual(outcome.advice, "");
  }
});

Deno.test("compose() gives the second map of the first wherever it does not refuse", () => {
  let merged = 0;
  fc.assert(
    fc.property(anySequence, fc.integer(), ([a, b], seed) => {
      const outcome = compose(a, b);
      if (outcome.kind === "refusal") return true;
      merged++;
      const image = randomImage(a.inChannels, seed);
      return imageDifference(applyMap(outcome, image), applyMap(b, applyMap(a, image))) < ROUNDING;
    }),
    RUNS,
  );
  assert.ok(merged > RUNS.numRuns / 10, `${merged} pairs merged`);
});

Deno.test("compose() refuses only where merging would be wrong at the border", () => {
  let refused = 0;
  const plain = anySequence.filter(([, b]) =>
    b.axes.every((axis) => axis.stride === 1 && axis.dilation === 1)
  );
  fc.assert(
    fc.property(plain, fc.integer(), ([a, b], seed) => {
      if (compose(a, b).kind === "affine") return true;
      refused++;
      const inside = (axis: Axis) => ({ ...axis, before: 0, after: 0 });
      const unpadded = exact(compose(a, { ...b, axes: [inside(b.axes[0]), inside(b.axes[1])] }));
      const padded = (i: 0 | 1): Axis => ({
        ...unpadded.axes[i],
        before: unpadded.axes[i].before + a.axes[i].stride * b.axes[i].before,
        after: unpadded.axes[i].after + a.axes[i].stride * b.axes[i].after,
      });
      const merged = { ...unpadded, axes: [padded(0), padded(1)] as const };
      const image = randomImage(a.inChannels, seed);
      return imageDifference(applyMap(merged, image), applyMap(b, applyMap(a, image))) > ROUNDING;
    }),
    RUNS,
  );
  assert.ok(refused > RUNS.numRuns / 10, `${refused} pairs refused`);
});

Deno.test("compose() scales channels by the fast path as the plain composition does", () => {
  fc.assert(
    fc.property(anyMap, fc.integer(), (a, seed) => {
      const b = scale(normals(a.outChannels, seed, "factors"), normals(a.outChannels, seed, "shifts"));
      assert.ok(isChannelwise(b));
      const fast = exact(compose(a, b));
      const plain = { ...fast, weights: () => composeWeights(a, b, fast) };
      const image = randomImage(a.inChannels, seed);
      return imageDifference(applyMap(fast, image), applyMap(plain, image)) < ROUNDING;
    }),
    RUNS,
  );
});

Deno.test("batchNorm() is (x − mean) · gamma / √(variance + epsilon) + beta", () => {
  const image = randomImage(2, 5);
  const [gamma, beta, mean, variance] = [[-2, 0.5], [3, -1], [0.25, 4], [0.01, 9]];
  const map = batchNorm({ gamma, beta, mean, variance, epsilon: 1e-3 });
  const expected = image.data.map((x, i) => {
    const c = i % 2;
    return (x - mean[c]!) * gamma[c]! / Math.sqrt(variance[c]! + 1e-3) + beta[c]!;
  });
  assert.ok(imageDifference(applyMap(map, image), { ...image, data: expected }) < ROUNDING);
});

Deno.test("batchNorm() takes gamma for 1 and beta for 0 when the layer has none", () => {
  const given = batchNorm({ gamma: [1], beta: [0], mean: [2], variance: [3], epsilon: 0.5 });
  const bare = batchNorm({ gamma: undefined, beta: undefined, mean: [2], variance: [3], epsilon: 0.5 });
  assert.deepEqual(bare.weights(), given.weights());
});

Deno.test("identity() and zeroPadding() change nothing but the frame", () => {
  const image = randomImage(3, 9);
  assert.deepEqual(applyMap(identity(3), image), image);
  const padding = { ...POINT, before: 1, after: 2 };
  const padded = applyMap(zeroPadding(3, [padding, POINT]), image);
  assert.equal(padded.height, 12);
  assert.deepEqual(padded.data.slice(27, 27 + image.data.length), image.data);
});

Deno.test("averagePool() is the mean of the window, and refuses to pad", () => {
  const window = { size: 2, dilation: 1, stride: 2, before: 0, after: -1 };
  const image = randomImage(1, 11);
  const pooled = applyMap(exact(averagePool(1, [window, window])), image);
  const at = (row: number, column: number) => image.data[row * 9 + column]!;
  assert.equal(pooled.data.length, 16);
  assert.ok(Math.abs(pooled.data[5]! - (at(2, 2) + at(2, 3) + at(3, 2) + at(3, 3)) / 4) < ROUNDING);
  const same = { size: 3, dilation: 1, stride: 1, before: 1, after: 1 };
  assert.equal(averagePool(1, [same, same]).kind, "refusal");
});

Deno.test("regroup() computes the same in fewer groups", () => {
  fc.assert(
    fc.property(anyMap.chain((map) => fc.tuple(fc.constant(map), divisorOf(map.groups))), ([map, groups]) => {
      const { kernel, bias } = map.weights();
      const taps = map.axes[0].size * map.axes[1].size;
      const wide = {
        ...map,
        groups,
        weights: () => ({ kernel: regroup({ ...map, kernel, taps }, groups), bias }),
      };
      const image = randomImage(map.inChannels, 3);
      return imageDifference(applyMap(wide, image), applyMap(map, image)) < ROUNDING;
    }),
    RUNS,
  );
});

Deno.test("executable() computes the same where it fills the gaps of a dilated kernel", () => {
  fc.assert(
    fc.property(anyMap, (map) => {
      const image = randomImage(map.inChannels, 4);
      const form = executable(map);
      const dilated = form.axes.some((axis) => axis.dilation > 1);
      const strided = form.axes.some((axis) => axis.stride > 1);
      assert.ok(!(dilated && strided));
      return imageDifference(applyMap(form, image), applyMap(map, image)) < ROUNDING;
    }),
    RUNS,
  );
});

Deno.test("weights() gives fresh arrays each time", () => {
  fc.assert(
    fc.property(anyPair, ([a, b]) => {
      const sum = exact(add(a, b));
      const first = sum.weights();
      first.kernel.fill(0);
      first.bias.fill(0);
      assert.notDeepEqual(sum.weights().kernel, first.kernel);
    }),
    { numRuns: 20 },
  );
});
