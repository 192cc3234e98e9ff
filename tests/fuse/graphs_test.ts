/**
 * Random networks on TensorFlow.js: the fused form always equals the original, and never costs more. A longer run:
 *
 *     deno test --allow-read tests/fuse/graphs_test.ts -- --graphs=100000
 */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import fc from "fast-check";
import { fuse } from "../../src/formats/tfjs/fuse.ts";
import { largest } from "../../src/proof/equivalence.ts";
import { verifyFusion } from "../../src/proof/tensorflow.ts";
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
      merged += await checkForms(recipe);
    }),
    { numRuns: GRAPHS },
  );
  assert.ok(merged > GRAPHS / 10, `only ${merged} regions in ${GRAPHS} networks`);
});

/** Asserts that outputs and regions of both forms agree and that work did not grow; gives the number of regions. */
async function checkForms(recipe: Recipe): Promise<number> {
  const built = buildRecipe(recipe);
  const artifacts = randomizeWeights(await toArtifacts(built), recipe.seed);
  const weights = tf.io.decodeWeights(artifacts.weightData!, artifacts.weightSpecs!);
  built.loadWeights(weights);
  tf.dispose(weights);
  const shape = recipe.isSequence ? recipe.input.slice(1) : recipe.input;
  const image = () => tf.randomNormal([2, ...shape], 0, 1, "float32", recipe.seed);
  if (!runs(built, image())) {
    built.dispose();
    return 0;
  }
  const fusion = fuse(artifacts);
  const { artifacts: fusedArtifacts, report } = fusion;
  const { before, after } = report;
  if (before.macs !== null && after.macs !== null) {
    assert.ok(after.macs <= before.macs, "MACs grew");
  }
  const fused = await toModel(fusedArtifacts);
  // LayersModel.fromConfig mixes up the calls of a layer that is called on a later tensor first.
  const loaded = await toModel(artifacts).catch((error) => {
    if (recipe.steps.some(({ kind }) => kind === "again")) return undefined;
    throw error;
  });
  const difference = tf.tidy(() => outputDifference(fused, built, image()));
  assert.ok(difference <= TOLERANCE, `the forms differ by ${difference} of the scale`);
  if (
    loaded !== undefined && runs(loaded, image()) &&
    tf.tidy(() => outputDifference(loaded, built, image())) === 0
  ) {
    const proof = await verifyFusion({ training: loaded, fused, fusion, inputs: [image()] });
    for (const region of proof.regions) {
      const relative = largest(region) * region.scale / Math.max(region.scale, SMALLEST_SCALE);
      assert.ok(
        relative <= TOLERANCE || region.scale === 0,
        `${region.name} differs by ${relative} of the scale`,
      );
    }
  }
  for (const model of [built, loaded, fused]) model?.dispose();
  return report.regions.length;
}

/** Whether TensorFlow.js runs a network: where sizes are open, it adds images of different sizes and finds out late. */
function runs(model: tf.LayersModel, image: tf.Tensor): boolean {
  try {
    tf.tidy(() => model.predict(image));
    return true;
  } catch {
    return false;
  } finally {
    image.dispose();
  }
}

/** The largest difference of an output, relative to its scale. */
function outputDifference(actual: tf.LayersModel, expected: tf.LayersModel, image: tf.Tensor): number {
  const [found, wanted] = [actual, expected].map((model) => [model.predict(image)].flat());
  return Math.max(...wanted!.map((tensor, i) => relativeDifference(found![i]!, tensor)));
}

function relativeDifference(actual: tf.Tensor, expected: tf.Tensor): number {
  if (actual.shape.join() !== expected.shape.join()) return Infinity;
  const scale = Math.max(expected.abs().max().dataSync()[0]!, SMALLEST_SCALE);
  return actual.sub(expected).abs().max().dataSync()[0]! / scale;
}
