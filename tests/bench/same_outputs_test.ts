import assert from "node:assert/strict";
import { relativeDifference, requireSameOutputs } from "../../src/bench/same_outputs.ts";
import { GateError } from "../../src/errors.ts";
import { FakeClock, FakeEngine, pixels } from "./fake_engine.ts";

Deno.test("relativeDifference() is the largest difference over the largest reference value", () => {
  assert.equal(relativeDifference(Float32Array.of(1, -4, 2), Float32Array.of(1, -3, 2.5)), 0.25);
  assert.equal(relativeDifference(Float32Array.of(0, 0), Float32Array.of(0, 0)), 0);
});

Deno.test("relativeDifference() is above every tolerance when lengths differ or a value is not finite", () => {
  const cases: [number[], number[]][] = [
    [[1], [1, 1]],
    [[0], [1e-30]],
    [[NaN], [NaN]],
    [[1], [NaN]],
    [[1], [Infinity]],
    [[Infinity], [Infinity]],
  ];
  for (const [a, b] of cases) {
    const difference = relativeDifference(Float32Array.from(a), Float32Array.from(b));
    assert.ok(!(difference <= 1e9), `${a} against ${b}: ${difference}`);
  }
});

Deno.test("requireSameOutputs() returns the largest difference when all are within the tolerance", async () => {
  const clock = new FakeClock();
  const engines = [
    new FakeEngine("a", clock, () => 1),
    new FakeEngine("b", clock, () => 1, (images) => images.map((x) => x > 1 ? x * 1.25 : x)),
  ];
  const inputs = [{ name: "small", batch: pixels(2, 1) }, { name: "large", batch: pixels(2, 2) }];
  assert.equal(await requireSameOutputs(engines, inputs, 0.25), 0.25);
});

Deno.test("requireSameOutputs() names forms, images and figures when one input in many tells the forms apart", async () => {
  const clock = new FakeClock();
  const engines = [
    new FakeEngine("training", clock, () => 1),
    new FakeEngine("ours", clock, () => 1),
    new FakeEngine("fused", clock, () => 1, (images) => images.map((x) => x > 1 ? x + 0.5 : x)),
  ];
  const inputs = [{ name: "test images", batch: pixels(4, 1) }, {
    name: "random images",
    batch: pixels(3, 2),
  }];
  await assert.rejects(requireSameOutputs(engines, inputs, 1e-4), (error) => {
    assert.ok(error instanceof GateError);
    for (const part of ["fused", "training", "3 random images", "2.5e-1", "0.0001"]) {
      assert.ok(error.message.includes(part), `${part} in ${error.message}`);
    }
    return true;
  });
});

Deno.test("requireSameOutputs() refuses when an output is not a number", async () => {
  const clock = new FakeClock();
  const engines = [
    new FakeEngine("training", clock, () => 1),
    new FakeEngine("fused", clock, () => 1, (images) => images.map(() => NaN)),
  ];
  await assert.rejects(requireSameOutputs(engines, [{ name: "images", batch: pixels(2) }], 1e-4), GateError);
});

Deno.test("requireSameOutputs() is not fooled when two engines share the buffer of their outputs", async () => {
  const clock = new FakeClock();
  const shared = new Float32Array(2);
  const sharing = (name: string, value: number) => {
    const engine = new FakeEngine(name, clock, () => 1);
    engine.output = () => shared.fill(value);
    return engine;
  };
  const inputs = [{ name: "images", batch: pixels(2) }];
  await assert.rejects(requireSameOutputs([sharing("a", 1), sharing("b", 2)], inputs, 0.1), GateError);
});
