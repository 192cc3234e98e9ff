import assert from "node:assert/strict";
import { type Contestant, measure, type MeasureOptions, MINIMUM_ROUNDS } from "../../src/timing/paired.ts";
import { pairedRatio } from "../../src/timing/statistics.ts";
import { Random } from "../../src/random.ts";

/** A clock that only moves when a contestant works. */
class FakeClock {
  timeMs = 0;
  readonly log: string[] = [];
  now = () => this.timeMs;

  contestant(name: string, costMs: (nowMs: number) => number): Contestant {
    return {
      name,
      run: () => {
        this.log.push(name);
        this.timeMs += costMs(this.timeMs);
      },
    };
  }
}

function options(clock: FakeClock, contestants: Contestant[]): MeasureOptions {
  return {
    contestants,
    rounds: 20,
    warmupRounds: 0,
    warmupMs: 0,
    minimumMs: 0,
    now: clock.now,
    random: Random.from(3, "order"),
  };
}

Deno.test("measure() runs everyone once per round and each second round in reverse", async () => {
  const clock = new FakeClock();
  const names = ["a", "b", "c"];
  await measure(options(clock, names.map((name) => clock.contestant(name, () => 1))));
  assert.equal(clock.log.length, 60);
  const orders = new Set<string>();
  for (let round = 0; round < 20; round += 2) {
    const first = clock.log.slice(3 * round, 3 * round + 3);
    const second = clock.log.slice(3 * round + 3, 3 * round + 6);
    assert.deepEqual([...first].sort(), names);
    assert.deepEqual(second, first.toReversed());
    orders.add(first.join(""));
  }
  assert.ok(orders.size > 1, "the order never changed");
});

Deno.test("measure() leaves the warm-up rounds out when the first runs are slow", async () => {
  const clock = new FakeClock();
  let runs = 0;
  const contestant = clock.contestant("a", () => runs++ < 3 ? 1000 : 2);
  const [samples] = await measure({ ...options(clock, [contestant]), warmupRounds: 3 });
  assert.equal(clock.log.length, 23);
  assert.deepEqual([...samples!.timesMs], Array(20).fill(2));
});

Deno.test("measure() warms up for the time given when the rounds are short", async () => {
  const clock = new FakeClock();
  const contestants = [clock.contestant("a", () => 2), clock.contestant("b", () => 3)];
  await measure({ ...options(clock, contestants), warmupRounds: 2, warmupMs: 50, rounds: 1 });
  assert.equal(clock.log.length, 2 * 10 + 2);
});

Deno.test("measure() repeats a short run until the sample is long enough and reports the time of one", async () => {
  const clock = new FakeClock();
  const contestants = [clock.contestant("short", () => 0.25), clock.contestant("long", () => 8)];
  const [short, long] = await measure({ ...options(clock, contestants), warmupRounds: 1, minimumMs: 2 });
  assert.equal(short!.repeats, 8);
  assert.equal(long!.repeats, 1);
  assert.deepEqual([...short!.timesMs], Array(20).fill(0.25));
});

Deno.test("measure() ends when the clock never moves during the warm-up", async () => {
  const clock = new FakeClock();
  const [samples] = await measure({
    ...options(clock, [clock.contestant("a", () => 0)]),
    warmupRounds: 1,
    warmupMs: 1,
    minimumMs: 1,
    rounds: 1,
  });
  assert.equal(samples!.repeats, 1000);
});

Deno.test("measure() stops at the budget but not below the minimum of rounds", async () => {
  for (const [budgetMs, rounds] of [[1, MINIMUM_ROUNDS], [50, 17], [1e6, 20]] as const) {
    const clock = new FakeClock();
    const contestants = [clock.contestant("a", () => 1), clock.contestant("b", () => 2)];
    const progress: number[] = [];
    const [a, b] = await measure({
      ...options(clock, contestants),
      budgetMs,
      onRound: (done) => progress.push(done),
    });
    assert.equal(a!.timesMs.length, rounds);
    assert.equal(b!.timesMs.length, rounds);
    assert.equal(progress.at(-1), rounds);
  }
});

Deno.test("measure() waits for a run when it is asynchronous", async () => {
  const clock = new FakeClock();
  const contestant: Contestant = {
    name: "late",
    run: async () => {
      await Promise.resolve();
      clock.timeMs += 5;
    },
  };
  const [samples] = await measure(options(clock, [contestant]));
  assert.deepEqual([...samples!.timesMs], Array(20).fill(5));
});

Deno.test("measure() gives times whose interval holds the true ratio when the machine slows down by and by", async () => {
  const clock = new FakeClock();
  const noise = Random.from(4, "noise");
  const cost = (ms: number) => (nowMs: number) => ms * (1 + nowMs / 200) * (1 + 0.05 * noise.uniform());
  const contestants = [clock.contestant("training", cost(3)), clock.contestant("fused", cost(2))];
  const [training, fused] = await measure({ ...options(clock, contestants), rounds: 60 });
  const { low, high } = pairedRatio(training!.timesMs, fused!.timesMs, Random.from(1));
  assert.ok(low <= 1.5 && 1.5 <= high, `${low} to ${high}`);
  assert.ok(high - low < 0.1, `${low} to ${high}`);
});

Deno.test("measure() throws a RangeError when no round is asked for", async () => {
  const clock = new FakeClock();
  await assert.rejects(measure({ ...options(clock, []), rounds: 0 }), RangeError);
});
