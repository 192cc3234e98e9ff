import assert from "node:assert/strict";
import fc from "fast-check";
import { median, pairedRatio, quantile } from "../../src/timing/statistics.ts";
import { Random } from "../../src/random.ts";

const sample = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 });

Deno.test("quantile() interpolates at (n - 1)·p when p falls between two values", () => {
  // numpy.quantile([15, 20, 35, 40, 50], [0.05, 0.25, 0.4, 0.95]), default method "linear".
  const values = [50, 15, 40, 20, 35];
  for (const [p, expected] of [[0.05, 16], [0.25, 20], [0.4, 29], [0.95, 48], [0, 15], [1, 50]] as const) {
    assert.ok(Math.abs(quantile(values, p) - expected) < 1e-9, `p = ${p}: ${quantile(values, p)}`);
  }
});

Deno.test("quantile() leaves its input as it was when the input is not sorted", () => {
  const values = new Float64Array([3, 1, 2]);
  quantile(values, 0.5);
  assert.deepEqual([...values], [3, 1, 2]);
});

Deno.test("quantile() grows with p and stays within the sample when given any sample", () => {
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(fc.property(sample, unit, unit, (values, p, q) => {
    const [low, high] = [quantile(values, Math.min(p, q)), quantile(values, Math.max(p, q))];
    const slack = 1e-9 * Math.max(...values.map(Math.abs), 1);
    assert.ok(
      Math.min(...values) - slack <= low && low <= high + slack && high <= Math.max(...values) + slack,
    );
  }));
});

Deno.test("quantile() throws a RangeError when there are no values or p is no probability", () => {
  assert.throws(() => quantile([], 0.5), RangeError);
  assert.throws(() => quantile([1], 1.01), RangeError);
  assert.throws(() => quantile([1], NaN), RangeError);
});

Deno.test("median() is the mean of the two middle values when the count is even", () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([9, 1, 2]), 2);
});

Deno.test("pairedRatio() is exact and its interval a point when every round has the same ratio", () => {
  const fast = Array.from({ length: 30 }, (_, round) => 2 ** (round % 5));
  const estimate = pairedRatio(fast.map((time) => 1.75 * time), fast, Random.from(1));
  assert.deepEqual(estimate, { ratio: 1.75, low: 1.75, high: 1.75 });
});

Deno.test("pairedRatio() cancels what both times of a round share when the machine drifts tenfold", () => {
  const random = Random.from(5, "drift");
  const drift = Array.from({ length: 60 }, (_, round) => 1 + 9 * round / 59);
  const noisy = (time: number) => time * (1 + 0.02 * random.normal());
  const estimate = pairedRatio(
    drift.map((d) => noisy(3 * d)),
    drift.map((d) => noisy(2 * d)),
    Random.from(1),
  );
  assert.ok(Math.abs(estimate.ratio - 1.5) < 0.02, String(estimate.ratio));
  assert.ok(estimate.high - estimate.low < 0.05, `${estimate.low} to ${estimate.high}`);
});

Deno.test("pairedRatio() holds the true ratio in about 95 of 100 intervals when times are skewed", () => {
  const experiments = 200;
  let held = 0;
  for (let experiment = 0; experiment < experiments; experiment++) {
    const random = Random.from(experiment, "coverage");
    const time = (medianMs: number) => medianMs * Math.exp(0.2 * random.normal());
    const machine = Array.from({ length: 40 }, () => Math.exp(0.5 * random.normal()));
    const slow = machine.map((m) => m * time(8));
    const fast = machine.map((m) => m * time(5));
    const { low, high } = pairedRatio(slow, fast, Random.from(experiment, "bootstrap"));
    if (low <= 1.6 && 1.6 <= high) held++;
  }
  assert.ok(held >= 0.9 * experiments && held < experiments, `${held} of ${experiments} intervals`);
});

Deno.test("pairedRatio() gives the same interval when the stream is the same", () => {
  const random = Random.from(2);
  const slow = Array.from({ length: 25 }, () => random.uniform(2, 4));
  const fast = Array.from({ length: 25 }, () => random.uniform(1, 2));
  assert.deepEqual(pairedRatio(slow, fast, Random.from(9)), pairedRatio(slow, fast, Random.from(9)));
});

Deno.test("pairedRatio() throws a RangeError when times are unpaired, absent or not above 0", () => {
  assert.throws(() => pairedRatio([1, 2], [1], Random.from(1)), RangeError);
  assert.throws(() => pairedRatio([], [], Random.from(1)), RangeError);
  assert.throws(() => pairedRatio([1], [0], Random.from(1)), RangeError);
});
