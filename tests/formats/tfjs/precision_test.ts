import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import assert from "node:assert/strict";
import { InputError } from "../../../src/errors.ts";
import { type Precision, withPrecision } from "../../../src/formats/tfjs/precision.ts";

/** A network's weights alone: a kernel [n, 1] and a bias [n]. */
function artifactsWith(values: readonly number[]): tf.io.ModelArtifacts {
  const kernel = Float32Array.from(values);
  const weightData = new Float32Array(2 * kernel.length);
  weightData.set(kernel);
  weightData.set(kernel, kernel.length);
  return {
    modelTopology: {},
    weightSpecs: [
      { name: "layer/kernel", shape: [kernel.length, 1], dtype: "float32" },
      { name: "layer/bias", shape: [kernel.length], dtype: "float32" },
    ],
    weightData: weightData.buffer,
  };
}

/** What TensorFlow.js itself reads. */
function decoded({ weightData, weightSpecs }: tf.io.ModelArtifacts): Record<string, number[]> {
  const tensors = tf.io.decodeWeights(weightData!, weightSpecs!);
  const values = Object.entries(tensors).map(([name, tensor]) =>
    [name, Array.from(tensor.dataSync())] as [string, number[]]
  );
  tf.dispose(tensors);
  return Object.fromEntries(values);
}

const weights = fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 1, maxLength: 50 });

const CODES: Partial<Record<Precision, number>> = { uint16: 0xffff, uint8: 0xff };

for (const [precision, codes] of Object.entries(CODES) as [Precision, number][]) {
  Deno.test(`withPrecision() rounds kernels by at most one step of ${precision}, and keeps zero`, () => {
    fc.assert(fc.property(weights, (values) => {
      const rounded = decoded(withPrecision(artifactsWith([0, ...values]), precision))["layer/kernel"]!;
      const range = Math.max(0, ...values) - Math.min(0, ...values);
      // Half a step for the rounding; at the ends of the range half a step more, since zero was moved onto a code.
      const most = range / codes * (1 + 1e-3) + 1e-30;
      assert.equal(Math.abs(rounded[0]!), 0);
      values.forEach((value, i) =>
        assert(Math.abs(rounded[i + 1]! - value) <= most, `${value}: ${rounded[i + 1]}`)
      );
    }));
  });
}

Deno.test("withPrecision() rounds kernels to half precision as Math.f16round does", () => {
  fc.assert(fc.property(weights, (values) => {
    const rounded = decoded(withPrecision(artifactsWith(values), "float16"))["layer/kernel"]!;
    assert.deepEqual(rounded, values.map(Math.f16round));
  }));
});

for (const precision of ["float16", "uint16", "uint8"] as const) {
  Deno.test(`withPrecision() leaves vectors alone, and writes ${precision} out as TensorFlow.js reads it`, () => {
    fc.assert(fc.property(weights, (values) => {
      const original = artifactsWith(values);
      const quantized = withPrecision(original, precision);
      assert.deepEqual(decoded(quantized)["layer/bias"], decoded(original)["layer/bias"]);
      assert.deepEqual(decoded(withPrecision(quantized, "float32")), decoded(quantized));
    }));
  });
}

Deno.test("withPrecision() concerns the kernels that it is told", () => {
  const original = artifactsWith([1, 2, 3.3]);
  const untouched = withPrecision(original, "uint8", (name) => name === "other/kernel");
  assert.deepEqual(decoded(untouched), decoded(original));
});

Deno.test("withPrecision() refuses a kernel beyond half precision, and names it", () => {
  assert.throws(() => withPrecision(artifactsWith([70_000]), "float16"), (error) => {
    assert(error instanceof InputError);
    assert.match(error.message, /layer\/kernel as float16: it holds 70000, and half precision ends at 65504/);
    return true;
  });
});
