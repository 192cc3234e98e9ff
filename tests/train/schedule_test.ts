import assert from "node:assert/strict";
import { learningRateAt } from "../../src/train/schedule.ts";

const CONFIG = { learningRate: 0.4, warmupEpochs: 1, epochs: 5 };

Deno.test("learningRateAt() rises linearly to the peak when warming up", () => {
  assert.deepEqual([0, 1, 2, 3].map((step) => learningRateAt(CONFIG, step, 4)), [
    0.1,
    0.2,
    0.30000000000000004,
    0.4,
  ]);
});

Deno.test("learningRateAt() falls along half a cosine when warm", () => {
  assert.equal(learningRateAt(CONFIG, 4, 4), 0.4);
  assert.ok(Math.abs(learningRateAt(CONFIG, 12, 4) - 0.2) < 1e-12);
  assert.ok(learningRateAt(CONFIG, 19, 4) > 0);
  assert.ok(learningRateAt(CONFIG, 20, 4) < 1e-12);
});

Deno.test("learningRateAt() starts at the peak when there is no warm-up", () => {
  assert.equal(learningRateAt({ ...CONFIG, warmupEpochs: 0 }, 0, 4), 0.4);
});
