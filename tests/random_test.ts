import assert from "node:assert/strict";
import { Random } from "../src/random.ts";

/** Pearson's χ² of values in [0, 1) over equal bins. */
function chiSquared(values: readonly number[], bins: number): number {
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) counts[Math.floor(value * bins)]!++;
  const expected = values.length / bins;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** χ² with 15 degrees of freedom exceeds this once in 10⁵. */
const CHI_SQUARED_15 = 49;

Deno.test("Random.from() starts near keys far apart: their first numbers are uniform", () => {
  for (const seed of [0, 1, 7]) {
    const firsts = Array.from({ length: 2000 }, (_, key) => Random.from(seed, "x", key).uniform());
    assert.ok(chiSquared(firsts, 16) < CHI_SQUARED_15, `seed ${seed}`);
  }
});

Deno.test("Random.from() gives the same stream for the same key, and another for another", () => {
  const draw = (...key: Parameters<typeof Random.from>) => {
    const random = Random.from(...key);
    return [random.uniform(), random.integer(1000), random.normal()];
  };
  assert.deepEqual(draw(1, "a", 2), draw(1, "a", 2));
  assert.notDeepEqual(draw(1, "a", 2), draw(2, "a", 2));
  assert.notDeepEqual(draw(1, "a", 2), draw(1, "a", 3));
});

Deno.test("Random.fromState() goes on where state() was taken", () => {
  const random = Random.from(5);
  for (let i = 0; i < 10; i++) random.uniform();
  const copy = Random.fromState(random.state());
  assert.deepEqual(
    Array.from({ length: 5 }, () => copy.uniform()),
    Array.from({ length: 5 }, () => random.uniform()),
  );
});

Deno.test("Random.normal() has mean 0 and variance 1", () => {
  const random = Random.from(3);
  const values = Array.from({ length: 20_000 }, () => random.normal());
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  assert.ok(Math.abs(mean) < 0.03, `${mean}`);
  assert.ok(Math.abs(variance - 1) < 0.05, `${variance}`);
});

Deno.test("Random.shuffle() keeps every value and puts each in every place about as often", () => {
  const counts = [0, 0, 0, 0];
  const random = Random.from(9);
  for (let i = 0; i < 4000; i++) {
    const shuffled = random.shuffle([0, 1, 2, 3]);
    assert.deepEqual([...shuffled].sort(), [0, 1, 2, 3]);
    counts[shuffled.indexOf(0)]!++;
  }
  assert.ok(counts.every((count) => count > 850 && count < 1150), `${counts}`);
});
