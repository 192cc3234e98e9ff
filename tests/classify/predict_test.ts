import assert from "node:assert/strict";
import { predictTop } from "../../src/classify/predict.ts";
import { defaultNormalization } from "../../src/data/normalization.ts";

const CARD = {
  classNames: ["a", "b", "c"],
  inputSize: [1, 1, 1],
  normalization: defaultNormalization(1),
  givesProbabilities: false,
} as const;

/** Takes a pixel for the class of its value. */
const CLASSIFIER = {
  classify: (pixels: Uint8Array) =>
    Promise.resolve(Float32Array.from([0, 1, 2], (i) => i === pixels[0] ? 4 : i)),
  dispose: () => Promise.resolve(),
};

Deno.test("predictTop() gives the most probable classes, best first, as many as there are", async () => {
  const guesses = await predictTop(CLASSIFIER, CARD, [Uint8Array.of(0), Uint8Array.of(1)], 2);
  assert.deepEqual(guesses.map((top) => top.map(({ name }) => name)), [["a", "c"], ["b", "c"]]);
  const [all] = await predictTop(CLASSIFIER, CARD, [Uint8Array.of(2)], 9);
  assert.equal(all!.length, 3);
  assert(Math.abs(all!.reduce((sum, { probability }) => sum + probability, 0) - 1) < 1e-12);
});
