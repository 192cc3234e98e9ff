import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { extent, outputLength } from "../../../src/graph/axis.ts";
import { isPaddedAs, padded, type PaddingMode } from "../../../src/formats/tfjs/padding.ts";

const anyTaps = fc.record({
  size: fc.integer({ min: 1, max: 7 }),
  dilation: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 4 }),
});

Deno.test("padded() pads as TensorFlow.js does", () => {
  fc.assert(
    fc.property(anyTaps, fc.constantFrom<PaddingMode>("same", "valid"), fc.integer({ min: 20, max: 40 }), (
      taps,
      mode,
      input,
    ) => {
      const { size, dilation, stride } = taps;
      const info = tf.backend_util.computeConv2DInfo(
        [1, input, input, 1],
        [size, size, 1, 1],
        stride,
        dilation,
        mode,
      );
      const axis = padded(taps, mode, input)!;
      assert.equal(axis.before, info.padInfo.top);
      assert.equal(outputLength(axis, input), info.outHeight);
      assert.equal((info.outHeight - 1) * stride + extent(axis) - input, axis.before + axis.after);
    }),
  );
});

Deno.test("padded() puts the odd zero after the image: an even input at stride 2", () => {
  assert.deepEqual(padded({ size: 3, dilation: 1, stride: 2 }, "same", 8), {
    size: 3,
    dilation: 1,
    stride: 2,
    before: 0,
    after: 1,
  });
});

Deno.test("padded() knows the padding of an input of any length only without a stride", () => {
  assert.deepEqual(padded({ size: 4, dilation: 1, stride: 1 }, "same", null)?.before, 1);
  assert.equal(padded({ size: 3, dilation: 1, stride: 2 }, "same", null), undefined);
});

Deno.test("isPaddedAs() recognises the padding that it would give, and no other", () => {
  fc.assert(
    fc.property(anyTaps, fc.integer({ min: 20, max: 40 }), (taps, input) => {
      const axis = padded(taps, "same", input)!;
      assert.ok(isPaddedAs(axis, "same", input));
      assert.ok(!isPaddedAs({ ...axis, before: axis.before + 1 }, "same", input));
    }),
  );
});
