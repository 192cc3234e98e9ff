/**
 * Random networks on TensorFlow.js: the fused form always equals the original, and never costs more. A longer run:
 *
 *     deno test --allow-read tests/fuse/graphs_test.ts -- --graphs=100000
 */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import fc from "fast-check";
import { fuse } from "../../src/fuse/fuse.ts";
import { anyRecipe, buildRecipe, type Recipe } from "./arbitrary_graphs.ts";
import { toArtifacts, toModel } from "./artifacts.ts";
import { randomizeWeights } from "./random_weights.ts";

const GRAPHS = Number(Deno.args.find((arg) => arg.startsWith("--graphs="))?.split("=")[1] ?? 1000);

/** Layers of a network at most. */
const DEPTH = 8;

/** float32 through eight layers, relative to the output's scale. */
const TOLERANCE = 1e-5;

/** Values inside a network are near 1: an output that an activation cuts off must not be measured by itself. */
const SMALLEST_SCALE = 0.1;

Deno.test("fuse() gives the same function at no more cost for random networks", async () => {
  await tf.setBackend("cpu");
  let merged = 0;
  await fc.assert(
    fc.asyncProperty(anyRecipe(DEPTH), async (recipe) => {
      const { difference, regions } = await compareForms(recipe);
      merged += regions;
      assert.ok(difference <= TOLERANCE, `the forms differ by ${difference} of the scale`);
    }),
    { numRuns: GRAPHS },
  );
  assert.ok(merged > GRAPHS / 10, `only ${merged} regions in ${GRAPHS} networks`);
});

/** The largest difference of an output between both forms, relative to its scale, and how many regions merged. */
async function compareForms(recipe: Recipe): Promise<{ difference: number; regions: number }> {
  const training = buildRecipe(recipe);
  const artifacts = randomizeWeights(await toArtifacts(training), recipe.seed);
  // Not loaded: LayersModel.fromConfig mixes up the calls of a layer that is called on a later tensor first.
  const weights = tf.io.decodeWeights(artifacts.weightData!, artifacts.weightSpecs!);
  training.loadWeights(weights);
  tf.dispose(weights);
  const { artifacts: fusedArtifacts, report } = fuse(artifacts);
  const { before, after } = report;
  if (before.multiplyAccumulates !== null && after.multiplyAccumulates !== null) {
    assert.ok(after.multiplyAccumulates <= before.multiplyAccumulates, "multiply-accumulates grew");
  }
  const fused = await toModel(fusedArtifacts);
  const difference = tf.tidy(() => {
    const image = tf.randomNormal([2, ...recipe.input], 0, 1, "float32", recipe.seed);
    const [expected, found] = [training, fused].map((model) => [model.predict(image)].flat());
    return Math.max(...expected!.map((tensor, i) => relativeDifference(found![i]!, tensor)));
  });
  training.dispose();
  fused.dispose();
  return { difference, regions: report.regions.length };
}

function relativeDifference(actual: tf.Tensor, expected: tf.Tensor): number {
  assert.deepEqual(actual.shape, expected.shape);
  const scale = Math.max(expected.abs().max().dataSync()[0]!, SMALLEST_SCALE);
  return actual.sub(expected).abs().max().dataSync()[0]! / scale;
}
