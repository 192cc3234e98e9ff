/**
 * Nothing stays unmerged without a word: every BatchNorm, addition and mean that is left, and every pair of linear layers one
 * behind the other, is named in a refusal.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { readdir, readFile } from "node:fs/promises";
import { readOnnx } from "../../src/formats/onnx/read.ts";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { anyRecipe, buildRecipe } from "./arbitrary_graphs.ts";
import { toArtifacts } from "./artifacts.ts";
import { randomizeWeights } from "./random_weights.ts";
import { silentIn } from "./silence.ts";

Deno.test("fuseGraph() has a reason for everything that stays", async () => {
  await fc.assert(
    fc.asyncProperty(anyRecipe(8), async (recipe) => {
      const model = buildRecipe(recipe);
      const artifacts = randomizeWeights(await toArtifacts(model), recipe.seed);
      model.dispose();
      assert.deepEqual(silentIn(readLayersModel(artifacts)), []);
    }),
    { numRuns: 500 },
  );
});

Deno.test("fuseGraph() has a reason for everything that stays of a file, whatever its number of axes", async () => {
  const folder = new URL("../fixtures/onnx/", import.meta.url);
  for (const file of (await readdir(folder)).filter((name) => name.endsWith(".onnx"))) {
    const graph = readOnnx(new Uint8Array(await readFile(new URL(file, folder))), file);
    assert.deepEqual(silentIn(graph), [], file);
  }
});
