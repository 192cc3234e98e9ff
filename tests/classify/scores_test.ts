import fc from "fast-check";
import assert from "node:assert/strict";
import { confusionCounts } from "../../src/classify/confusion.ts";
import { probabilitiesOf } from "../../src/classify/probabilities.ts";
import { notableClasses, scoreLogits } from "../../src/classify/scores.ts";
import { softmax } from "../../src/graph/class_scores.ts";

const NAMES = ["cat", "dog", "eel"];
const CARD = { classNames: NAMES, givesProbabilities: false };

/** Logits in which class `prediction` leads by `lead`. */
function row(prediction: number, lead = 1): number[] {
  return NAMES.map((_, i) => i === prediction ? lead : 0);
}

Deno.test("scoreLogits() counts what was taken for what", () => {
  const logits = Float32Array.from([...row(0), ...row(0), ...row(1), ...row(1), ...row(0)]);
  const scores = scoreLogits(logits, [0, 0, 0, 1, 2], CARD);
  assert.deepEqual(
    scores.confusion.map(({ truth, prediction, images }) => [truth, prediction, images]),
    [[0, 0, 2], [0, 1, 1], [1, 1, 1], [2, 0, 1]],
  );
  assert.deepEqual(confusionCounts(scores).counts, [[2, 1, 0], [0, 1, 0], [1, 0, 0]]);
  assert.deepEqual([scores.images, scores.correct, scores.accuracy], [5, 3, 0.6]);
  const [cat, dog, eel] = scores.classes;
  assert.deepEqual([cat!.precision, cat!.recall, cat!.f1], [2 / 3, 2 / 3, 2 / 3]);
  assert.deepEqual([dog!.precision, dog!.recall], [0.5, 1]);
  assert.deepEqual([eel!.precision, eel!.recall, eel!.f1], [null, 0, null]);
});

Deno.test("scoreLogits() puts the most confident mistake first, and takes the first of equal logits", () => {
  const logits = Float32Array.from([...row(1, 2), ...row(2, 9), ...row(0, 0), ...row(0, 5)]);
  const { mistakes } = scoreLogits(logits, [0, 0, 0, 0], CARD);
  assert.deepEqual(mistakes.map(({ index, prediction }) => [index, prediction]), [[1, 2], [0, 1]]);
  assert(Math.abs(mistakes[0]!.confidence - Math.exp(9) / (Math.exp(9) + 2)) < 1e-12);
});

Deno.test("scoreLogits() means the cross entropy", () => {
  const scores = scoreLogits(Float32Array.of(0, 0, 0, 3, 0, 0), [1, 0], CARD);
  const expected = (Math.log(3) - Math.log(Math.exp(3) / (Math.exp(3) + 2))) / 2;
  assert(Math.abs(scores.loss - expected) < 1e-12);
});

Deno.test("scoreLogits() refuses lengths that do not fit", () => {
  assert.throws(() => scoreLogits(new Float32Array(7), [0, 1], CARD), RangeError);
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
      CARD,
    );
    const right = images.filter(([logits, label]) => logits.indexOf(Math.max(...logits)) === label).length;
    assert.equal(correct, right);
    assert.equal(confusion.reduce((sum, { images }) => sum + images, 0), images.length);
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
    scoreLogits(logits, [0, 2], CARD),
    scoreLogits(probabilities, [0, 2], { ...CARD, givesProbabilities: true }),
  ];
  assert(Math.abs(expected.loss - found.loss) < 1e-6);
  assert.equal(found.mistakes.length, 1);
  assert(Math.abs(expected.mistakes[0]!.confidence - found.mistakes[0]!.confidence) < 1e-6);
  const sure = scoreLogits(Float32Array.of(1, 0), [1], { classNames: ["a", "b"], givesProbabilities: true });
  assert(Number.isFinite(sure.loss));
});

Deno.test("scoreLogits() takes one number for the second of two classes, sigmoid or logit", () => {
  const classNames = ["no", "yes"];
  const logits = Float32Array.of(-2, 3, 0.5);
  const labels = [0, 1, 0];
  const two = Float32Array.from([...logits].flatMap((logit) => [0, logit]));
  const expected = scoreLogits(two, labels, { classNames, givesProbabilities: false });
  const sigmoids = logits.map((logit) => 1 / (1 + Math.exp(-logit)));
  for (
    const found of [
      scoreLogits(logits, labels, { classNames, givesProbabilities: false }),
      scoreLogits(sigmoids, labels, { classNames, givesProbabilities: true }),
    ]
  ) {
    assert.deepEqual([found.correct, found.confusion], [2, expected.confusion]);
    assert(Math.abs(found.loss - expected.loss) < 1e-6);
  }
  assert.deepEqual(
    [...probabilitiesOf(Float32Array.of(0.25), 2, true)],
    [0.75, 0.25],
  );
});

Deno.test("scoreLogits() counts the first five, of a thousand classes, and keeps no matrix of a million", () => {
  const classes = 1000;
  const classNames = Array.from({ length: classes }, (_, i) => `class ${i}`);
  const images = 40;
  const logits = new Float32Array(images * classes);
  const labels = Array.from({ length: images }, (_, i) => i * 7);
  // Of image i as many classes are likelier than its own as i says, up to 9.
  labels.forEach((label, i) => {
    logits[i * classes + label] = 1;
    for (let k = 0; k < i % 10; k++) logits[i * classes + (label + 1 + k)] = 2 + k;
  });
  const scores = scoreLogits(logits, labels, { classNames, givesProbabilities: false });
  assert.deepEqual([scores.accuracy, scores.top5Accuracy], [0.1, 0.5]);
  assert.equal(scores.confusion.length, images);
  const { classNames: shown, counts } = confusionCounts(scores);
  assert.equal(shown.at(-1), "981 others");
  assert.equal(counts.flat().reduce((a, b) => a + b), images);
  assert.equal(notableClasses(scores, 5).length, 5);
  assert.equal(
    scoreLogits(Float32Array.of(1, 0), [0], { ...CARD, classNames: ["a", "b"] }).top5Accuracy,
    null,
  );
});
