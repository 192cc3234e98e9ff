import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { type Fixture, fixtureTensor, readFixture, readFixtures, trainingForm } from "./reference_fixture.ts";

/** Largest difference allowed, relative to the largest value of the reference. */
const TOLERANCE = 1e-5;

/** Rounding alone: two float32 convolutions of the same function. */
const ROUNDING = 1e-6;

/** The largest |a − b| over the largest |b|. */
function relativeDifference(actual: Float32Array, expected: Float32Array): number {
  assert.equal(actual.length, expected.length);
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0) / scale;
}

function tensor4d({ values, shape }: { values: Float32Array; shape: number[] }): tf.Tensor4D {
  return tf.tensor4d(values, shape as [number, number, number, number]);
}

/** What the model makes of the fixture's input, and its shape. */
function predict(model: tf.LayersModel, fixture: Fixture): { values: Float32Array; shape: number[] } {
  const { values, shape } = fixtureTensor(fixture, "x");
  return tf.tidy(() => {
    const y = model.predict(tf.tensor(values, shape)) as tf.Tensor;
    return { values: y.dataSync() as Float32Array, shape: y.shape };
  });
}

for (const fixture of readFixtures()) {
  Deno.test(`the training form reproduces ${fixture.name}`, async () => {
    await tf.setBackend("cpu");
    const expected = fixtureTensor(fixture, "y");
    const actual = predict(trainingForm(fixture), fixture);
    assert.deepEqual(actual.shape, expected.shape);
    const difference = relativeDifference(actual.values, expected.values);
    assert.ok(difference <= TOLERANCE, `differs by ${difference} of the scale`);
  });
}

Deno.test("the FastViT block that pads first is the one convolution that the reference fuses to", () => {
  const fixture = readFixture("fastvit-bnconv-53");
  const kernel = fixtureTensor(fixture, "fused/weight");
  const bias = fixtureTensor(fixture, "fused/bias");
  const x = fixtureTensor(fixture, "x");
  const expected = tf.tidy(() => {
    const convolved = tf.conv2d(tensor4d(x), tensor4d(kernel), 1, "same");
    return convolved.add(tf.tensor(bias.values)).relu().dataSync() as Float32Array;
  });
  const actual = predict(trainingForm(fixture, "beforeBn"), fixture).values;
  assert.ok(relativeDifference(actual, expected) <= ROUNDING);
});

Deno.test("the FastViT block that pads first differs from the reference at the border alone", () => {
  const fixture = readFixture("fastvit-bnconv-53");
  const reach = 2;
  const y = fixtureTensor(fixture, "y");
  const inside = (values: Float32Array) =>
    tf.tidy(() => {
      const [n, height, width, channels] = y.shape as [number, number, number, number];
      const size = [n, height - 2 * reach, width - 2 * reach, channels];
      return tf.slice(tf.tensor(values, y.shape), [0, reach, reach, 0], size).dataSync() as Float32Array;
    });
  const actual = predict(trainingForm(fixture, "beforeBn"), fixture).values;
  assert.ok(relativeDifference(inside(actual), inside(y.values)) <= TOLERANCE);
  assert.ok(relativeDifference(actual, y.values) > 0.1);
});
