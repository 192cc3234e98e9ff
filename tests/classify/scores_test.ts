import fc from "fast-check";
import assert from "node:assert/strict";
import { scoreLogits } from "../../src/classify/scores.ts";
import { softmax } from "../../src/graph/class_scores.ts";

const NAMES = ["cat", "dog", "eel"];

/** Logits in which class `prediction` leads by `lead`. */
function row(prediction: number, lead = 1): number[] {
  return NAMES.map((_, i) => i === prediction ? lead : 0);
}

Deno.test("scoreLogits() counts what was taken for what", () => {
  const logits = Float32Array.from([...row(0), ...row(0), ...row(1), ...row(1), ...row(0)]);
  const scores = scoreLogits(logits, [0, 0, 0, 1, 2], NAMES);
  assert.deepEqual(scores.confusion, [[2, 1, 0], [0, 1, 0], [1, 0, 0]]);
  assert.deepEqual([scores.images, scores.correct, scores.accuracy], [5, 3, 0.6]);
  const [cat, dog, eel] = scores.classes;
  assert.deepEqual([cat!.precision, cat!.recall, cat!.f1], [2 / 3, 2 / 3, 2 / 3]);
  assert.deepEqual([dog!.precision, dog!.recall], [0.5, 1]);
  assert.deepEqual([eel!.precision, eel!.recall, eel!.f1], [null, 0, null]);
});

Deno.test("scoreLogits() puts the most confident mistake first, and takes the first of equal logits", () => {
  const logits = Float32Array.from([...row(1, 2), ...row(2, 9), ...row(0, 0), ...row(0, 5)]);
  const { mistakes } = scoreLogits(logits, [0, 0, 0, 0], NAMES);
  assert.deepEqual(mistakes.map(({ index, prediction }) => [index, prediction]), [[1, 2], [0, 1]]);
  assert(Math.abs(mistakes[0]!.confidence - Math.exp(9) / (Math.exp(9) + 2)) < 1e-12);
});

Deno.test("scoreLogits() means the cross entropy", () => {
  const scores = scoreLogits(Float32Array.of(0, 0, 0, 3, 0, 0), [1, 0], NAMES);
  const expected = (Math.log(3) - Math.log(Math.exp(3) / (Math.exp(3) + 2))) / 2;
  assert(Math.abs(scores.loss - expected) < 1e-12);
});

Deno.test("scoreLogits() refuses lengths that do not fit", () => {
  assert.throws(() => scoreLogits(new Float32Array(7), [0, 1], NAMES), RangeError);
});

Deno.test("scoreLogits() agrees with counting one by one", () => {
  const image = fc.tuple(
    fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 3, maxLength: 3 }),
    fc.integer({ min: 0, max: 2 }),
  );
  fc.assert(fc.property(fc.array(image, { minLength: 1, maxLength: 30 }), (images) => {
    const labels = images.map(([, label]) => label);
    const { correct, classes, confusion } = scoreLogits(
      Float32Array.from(images.flatMap(([logits]) => logits)),
      labels,
      NAMES,
    );
    const right = images.filter(([logits, label]) => logits.indexOf(Math.max(...logits)) === label).length;
    assert.equal(correct, right);
    assert.equal(confusion.flat().reduce((a, b) => a + b), images.length);
    assert.deepEqual(
      classes.map(({ images }) => images),
      NAMES.map((_, i) => labels.filter((l) => l === i).length),
    );
  }));
});

Deno.test("scoreLogits() takes probabilities for what they are", () => {
  const logits = Float32Array.of(2, 1, 0, 0, 3, 1);
  const probabilities = Float32Array.from([0, 3].flatMap((i) => [...softmax(logits.subarray(i, i + 3))]));
  const [expected, found] = [
    scoreLogits(logits, [0, 2], ["a", "b", "c"]),
    scoreLogits(probabilities, [0, 2], ["a", "b", "c"], true),
  ];
  assert(Math.abs(expected.loss - found.loss) < 1e-6);
  assert.equal(found.mistakes.length, 1);
  assert(Math.abs(expected.mistakes[0]!.confidence - found.mistakes[0]!.confidence) < 1e-6);
  assert(Number.isFinite(scoreLogits(Float32Array.of(1, 0), [1], ["a", "b"], true).loss));
});
