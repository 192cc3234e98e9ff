import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { crossEntropy, rDropLoss, symmetricDivergence, targetsOf } from "../../src/train/losses.ts";

await startBackend();

/** Log-probabilities of one row, in float64. */
function logSoftmax(row: readonly number[]): number[] {
  const logSum = Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
  return row.map((value) => value - logSum);
}

function assertClose(actual: number, expected: number, tolerance = 1e-5): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);
}

const FIRST = [[1, 2, -1], [0.5, -0.5, 3]];
const SECOND = [[0.5, 2.5, 0], [1, -1, 2]];
const LABELS = [1, 0];
const targets = (smoothing: number) => targetsOf(tf.tensor1d(LABELS, "int32"), 3, smoothing);

function plainCrossEntropy(
  logits: readonly number[][],
  labels: readonly number[],
  smoothing: number,
): number {
  const losses = logits.map((row, i) =>
    -logSoftmax(row).reduce(
      (sum, logP, k) => sum + (smoothing / row.length + (k === labels[i] ? 1 - smoothing : 0)) * logP,
      0,
    )
  );
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** ½(KL(p‖q) + KL(q‖p)) as written in the paper, averaged over rows. */
function plainDivergence(first: readonly number[][], second: readonly number[][]): number {
  const terms = first.map((row, i) => {
    const p = logSoftmax(row);
    const q = logSoftmax(second[i]!);
    const kl = (a: number[], b: number[]) =>
      a.reduce((sum, logA, k) => sum + Math.exp(logA) * (logA - b[k]!), 0);
    return (kl(p, q) + kl(q, p)) / 2;
  });
  return terms.reduce((sum, term) => sum + term, 0) / terms.length;
}

Deno.test("crossEntropy() equals its formula when labels are smoothed", () => {
  for (const smoothing of [0, 0.1]) {
    const loss = crossEntropy(tf.tensor2d(FIRST), targets(smoothing)).dataSync()[0]!;
    assertClose(loss, plainCrossEntropy(FIRST, LABELS, smoothing));
  }
});

Deno.test("crossEntropy() is the weighted mean when classes count differently", () => {
  const weights = [3, 0.5, 1];
  const targets = targetsOf(tf.tensor1d(LABELS, "int32"), 3, 0.1, tf.tensor1d(weights));
  const each = FIRST.map((row, i) => plainCrossEntropy([row], [LABELS[i]!], 0.1));
  const own = LABELS.map((label) => weights[label]!);
  const expected = (each[0]! * own[0]! + each[1]! * own[1]!) / (own[0]! + own[1]!);
  assertClose(crossEntropy(tf.tensor2d(FIRST), targets).dataSync()[0]!, expected);
});

Deno.test("symmetricDivergence() is zero when both passes agree", () => {
  const logits = tf.tensor2d(FIRST);
  assert.equal(symmetricDivergence(logits, logits).dataSync()[0], 0);
});

Deno.test("rDropLoss() equals seed 004: CE + CE + α·½(KL(p‖q) + KL(q‖p))", () => {
  const loss = rDropLoss(tf.tensor2d(FIRST), tf.tensor2d(SECOND), targets(0.1), 0.7);
  const expected = plainCrossEntropy(FIRST, LABELS, 0.1) + plainCrossEntropy(SECOND, LABELS, 0.1) +
    0.7 * plainDivergence(FIRST, SECOND);
  assertClose(loss.dataSync()[0]!, expected);
});

Deno.test("rDropLoss() has the gradient of its formula when differentiated by finite differences", () => {
  const gradient = tf.grad((first) => rDropLoss(first as tf.Tensor2D, tf.tensor2d(SECOND), targets(0.1), 2))(
    tf.tensor2d(FIRST),
  ).arraySync() as number[][];
  const plain = (first: number[][]) =>
    plainCrossEntropy(first, LABELS, 0.1) + 2 * plainDivergence(first, SECOND);
  const step = 1e-4;
  FIRST.forEach((row, i) =>
    row.forEach((_, k) => {
      const moved = (by: number) => FIRST.map((r, a) => r.map((v, b) => a === i && b === k ? v + by : v));
      assertClose(gradient[i]![k]!, (plain(moved(step)) - plain(moved(-step))) / (2 * step), 1e-4);
    })
  );
});
