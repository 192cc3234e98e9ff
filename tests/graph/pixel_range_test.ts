import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { normalizationOf } from "../../src/data/normalization.ts";
import { shownPixelRange } from "../../src/graph/pixel_range.ts";
import { normalizePixels } from "../../src/data/normalization.ts";
import { loadLayersModelArtifacts } from "../../src/formats/tfjs/layers_model.ts";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";

/** A network that puts its pixels through factors and offsets first. */
async function scaling(
  ...steps: readonly (readonly [factors: number[], offsets: number[]])[]
): Promise<Graph> {
  const model = tf.sequential({
    layers: [
      ...steps.map((_, i) =>
        tf.layers.activation({ activation: "linear", ...(i === 0 ? { inputShape: [4, 4, 3] } : {}) })
      ),
      tf.layers.conv2d({
        filters: 2,
        kernelSize: 3,
        ...(steps.length === 0 ? { inputShape: [4, 4, 3] } : {}),
      }),
    ],
  });
  const graph = readLayersModel(await artifactsOf(model));
  model.dispose();
  let step = 0;
  return {
    ...graph,
    operations: graph.operations.map((operation) => {
      if (operation.op === "convolution") return operation;
      const [factors, offsets] = steps[step++]!;
      const { name, inputs, outputs } = operation;
      return { op: "scale", name, inputs, outputs, factors, offsets };
    }),
  };
}

const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];

const CASES: readonly [what: string, steps: [number[], number[]][], range: string | undefined][] = [
  ["1/255", [[[1 / 255], [0]]], "0..255"],
  ["1/127.5 - 1", [[[1 / 127.5], [-1]]], "0..255"],
  ["1/255, then ImageNet's mean", [[[1 / 255], [0]], [
    STD.map((s) => 1 / s),
    MEAN.map((m, i) => -m / STD[i]!),
  ]], "0..255"],
  ["ImageNet's mean of bytes", [[STD.map((s) => 1 / (255 * s)), MEAN.map((m, i) => -m / STD[i]!)]], "0..255"],
  ["Caffe's mean", [[[1], [-103.939, -116.779, -123.68]]], "0..255"],
  ["a mean, then a factor", [[[1], [-127.5]], [[1 / 127.5], [0]]], "0..255"],
  ["ImageNet's mean", [[STD.map((s) => 1 / s), MEAN.map((m, i) => -m / STD[i]!)]], "0..1"],
  ["2x - 1", [[[2], [-1]]], "0..1"],
  ["x/2 + 1/2", [[[0.5], [0.5]]], "-1..1"],
  ["nothing", [], undefined],
  ["a factor of 1", [[[1], [0]]], undefined],
  ["a factor that says nothing", [[[40], [7]]], undefined],
];

for (const [what, steps, range] of CASES) {
  Deno.test(`shownPixelRange() is ${range} of a network that begins with ${what}`, async () => {
    assert.equal(shownPixelRange(await scaling(...steps)), range);
  });
}

Deno.test("shownPixelRange() is 0..255 of integers", async () => {
  const artifacts = await loadLayersModelArtifacts("tests/fixtures/cases/05c-int32-input-rescaling-valid");
  assert.equal(shownPixelRange(readLayersModel(artifacts)), "0..255");
});

Deno.test("normalizationOf() takes the mean of pixels in the range that is said", () => {
  const first = (
    range: "0..255" | "0..1" | "-1..1",
    mean: number,
    std: number,
  ) => [...normalizePixels(Uint8Array.of(0, 255), normalizationOf(range, [mean], [std]))];
  assert.deepEqual(first("0..255", 0, 1), [0, 255]);
  assert.deepEqual(first("0..1", 0, 1), [0, 1]);
  assert.deepEqual(first("-1..1", 0, 1), [-1, 1]);
  assert.deepEqual(first("0..1", 0.5, 0.25), [-2, 2]);
  assert.deepEqual(first("0..255", 128, 2), [-64, 63.5]);
});
