import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../../../src/errors.ts";
import { type Dtype, float32Tensor } from "../../../src/formats/safetensors/write.ts";
import { float32Values } from "../../../src/formats/safetensors/float_values.ts";

/** The values of a tensor whose elements are these bits. */
function values(dtype: Dtype, elements: Uint16Array | Float64Array): number[] {
  const data = new Uint8Array(elements.buffer);
  return [...float32Values({ dtype, shape: [elements.length], data }, "w")];
}

Deno.test("float32Values() gives back what float32Tensor() was given, from any offset", () => {
  fc.assert(fc.property(fc.float32Array(), (floats) => {
    const { data } = float32Tensor(floats, [floats.length]);
    const shifted = new Uint8Array(data.length + 1);
    shifted.set(data, 1);
    assert.deepEqual(float32Values({ dtype: "F32", shape: [], data: shifted.subarray(1) }, "w"), floats);
  }));
});

Deno.test("float32Values() reads half precision: normal, subnormal, signed zero, infinite", () => {
  const bits = Uint16Array.of(0x3c00, 0xc000, 0x3555, 0x0001, 0x03ff, 0x7bff, 0x8000, 0x7c00, 0xfc00, 0x7e00);
  const expected = [1, -2, 0.333251953125, 2 ** -24, 1023 * 2 ** -24, 65504, -0, Infinity, -Infinity, NaN];
  assert.deepEqual(values("F16", bits), expected);
});

Deno.test("float32Values() reads bfloat16 as the upper half of a float32", () => {
  assert.deepEqual(values("BF16", Uint16Array.of(0x3f80, 0xc040, 0x0001)), [1, -3, 2 ** -133]);
});

Deno.test("float32Values() rounds double precision to the nearest float32", () => {
  assert.deepEqual(values("F64", Float64Array.of(0.1, -2)), [Math.fround(0.1), -2]);
});

Deno.test("float32Values() refuses integers by name", () => {
  assert.throws(
    () => float32Values({ dtype: "I64", shape: [], data: new Uint8Array(8) }, "bn.num_batches_tracked"),
    (error: unknown) => error instanceof InputError && /bn\.num_batches_tracked.*I64/.test(error.message),
  );
});
