import assert from "node:assert/strict";
import { bench, DEFAULT_SETTINGS } from "../../src/bench/bench.ts";
import { GateError } from "../../src/errors.ts";
import { Random } from "../../src/random.ts";
import { FakeClock, FakeEngine, pixels } from "./fake_engine.ts";

const settings = { ...DEFAULT_SETTINGS, rounds: 40, batches: [1, 4] };
const inputs = (batch: number) => [
  { name: "random images", batch: pixels(3, -1) },
  { name: "test images", batch: pixels(batch) },
];

Deno.test("bench() reports each form at each batch size, and the ratio to the first", async () => {
  const clock = new FakeClock();
  const training = new FakeEngine("training", clock, (batch) => 2 + 2 * batch);
  const fused = new FakeEngine("fused", clock, (batch) => 1 + batch);
  const findings = await bench([training, fused], settings, { inputs, now: clock.now });
  assert.deepEqual(
    findings.results.map(({ form, batch, medianMs, p95Ms, imagesPerSecond, rounds }) => [
      form,
      batch,
      medianMs,
      p95Ms,
      imagesPerSecond,
      rounds,
    ]),
    [
      ["training", 1, 4, 4, 250, 40],
      ["fused", 1, 2, 2, 500, 40],
      ["training", 4, 10, 10, 400, 40],
      ["fused", 4, 5, 5, 800, 40],
    ],
  );
  assert.deepEqual(
    findings.speedup,
    [1, 4].map((batch) => ({
      batch,
      form: "fused",
      baseline: "training",
      ratio: 2,
      low: 2,
      high: 2,
    })),
  );
  assert.deepEqual(findings.forms.map(({ form, heapBytes }) => [form, heapBytes]), [["training", 56], [
    "fused",
    56,
  ]]);
  assert.equal(findings.maxRelativeDifference, 0);
});

Deno.test("bench() takes the times on the last of the inputs and on the batch that it reports", async () => {
  const clock = new FakeClock();
  const engine = new FakeEngine("only", clock, (batch) => batch);
  const { results } = await bench([engine], settings, { inputs, now: clock.now });
  assert.deepEqual(results.map(({ medianMs }) => medianMs), [1, 4]);
  assert.deepEqual(engine.prepared.map(({ shape }) => shape[0]), [3, 1, 3, 4]);
});

Deno.test("bench() gives an interval that holds the true ratio when times are noisy and the machine drifts", async () => {
  const clock = new FakeClock();
  const noise = Random.from(6, "noise");
  const cost = (ms: number) => () => ms * (1 + clock.timeMs / 500) * Math.exp(0.1 * noise.normal());
  const engines = [new FakeEngine("training", clock, cost(3)), new FakeEngine("fused", clock, cost(1.5))];
  const { speedup } = await bench(engines, { ...settings, rounds: 100 }, { inputs, now: clock.now });
  for (const { low, ratio, high } of speedup) {
    assert.ok(low < 2 && 2 < high && low <= ratio && ratio <= high, `${low} ${ratio} ${high}`);
    assert.ok(high - low < 0.2, `${low} to ${high}`);
  }
});

Deno.test("bench() refuses before it times anything when the forms differ", async () => {
  const clock = new FakeClock();
  const training = new FakeEngine("training", clock, () => 1);
  const fused = new FakeEngine("fused", clock, () => 1, (images) => images.map((x) => x < 0 ? 0 : x));
  await assert.rejects(bench([training, fused], settings, { inputs, now: clock.now }), GateError);
  assert.equal(clock.log.length, 2);
});

Deno.test("bench() tells of every round when it is asked to", async () => {
  const clock = new FakeClock();
  const seen: string[] = [];
  await bench([new FakeEngine("only", clock, () => 5)], { ...settings, rounds: 2 }, {
    inputs,
    now: clock.now,
    onRound: (batch, round, rounds) => seen.push(`${batch}: ${round}/${rounds}`),
  });
  assert.deepEqual(seen, ["1: 1/2", "1: 2/2", "4: 1/2", "4: 2/2"]);
});

Deno.test("bench() lets engines beside take turns with the baseline alone", async () => {
  const clock = new FakeClock();
  const runs: string[] = [];
  const engine = (name: string) =>
    new FakeEngine(name, clock, () => {
      runs.push(name);
      return 5;
    });
  const [a, b, c] = [engine("a"), engine("b"), engine("c")] as [FakeEngine, FakeEngine, FakeEngine];
  const { results, speedup, forms } = await bench([a, b], { ...settings, batches: [1], rounds: 10 }, {
    inputs,
    now: clock.now,
  }, [c]);
  assert.deepEqual(results.map(({ form }) => form), ["a", "b", "c"]);
  assert.deepEqual(speedup.map(({ form, baseline }) => `${form} ${baseline}`), ["b a", "c a"]);
  assert.deepEqual(forms.map(({ form }) => form), ["a", "b", "c"]);
  // All samples of the engine beside are taken when the others are done.
  assert.ok(runs.slice(runs.lastIndexOf("b")).filter((name) => name === "c").length >= 10);
});
