import assert from "node:assert/strict";
import fc from "fast-check";
import { inversePermutation, permute, permuteShape } from "../../src/formats/permute.ts";

const anyPermutation = fc.integer({ min: 1, max: 4 }).chain((rank) =>
  fc.record({
    shape: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: rank, maxLength: rank }),
    axes: fc.shuffledSubarray([...Array(rank).keys()], { minLength: rank, maxLength: rank }),
  })
);

/** 0, 1, 2, ... in row-major order of the shape. */
function counted(shape: readonly number[]): Float32Array {
  return Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, i) => i);
}

Deno.test("permute() transposes a matrix", () => {
  assert.deepEqual([...permute(counted([2, 3]), [2, 3], [1, 0])], [0, 3, 1, 4, 2, 5]);
});

Deno.test("permute() puts axis axes[k] of the values at axis k", () => {
  fc.assert(fc.property(anyPermutation, ({ shape, axes }) => {
    const outShape = permuteShape(shape, axes);
    const offset = (index: number[], sizes: readonly number[]) =>
      index.reduce((sum, i, axis) => sum * sizes[axis]! + i, 0);
    const out = permute(counted(shape), shape, axes);
    const visit = (index: number[]): void => {
      if (index.length < shape.length) {
        for (let i = 0; i < outShape[index.length]!; i++) visit([...index, i]);
        return;
      }
      const source = new Array<number>(shape.length);
      axes.forEach((axis, k) => source[axis] = index[k]!);
      assert.equal(out[offset(index, outShape)], offset(source, shape));
    };
    visit([]);
  }));
});

Deno.test("inversePermutation() undoes a permutation", () => {
  fc.assert(fc.property(anyPermutation, ({ shape, axes }) => {
    const there = permute(counted(shape), shape, axes);
    assert.deepEqual(permute(there, permuteShape(shape, axes), inversePermutation(axes)), counted(shape));
  }));
});
