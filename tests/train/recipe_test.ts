import { deepEqual, ok } from "node:assert/strict";
import { recipeFor } from "../../src/train/recipe.ts";
import { trainingSchema } from "../../src/train/config.ts";

const DEFAULTS = trainingSchema.parse({});

Deno.test("recipeFor() takes about as many steps for few photos as for many", () => {
  for (const count of [130, 259, 500, 1000, 3000]) {
    const { batchSize, epochs } = recipeFor({ count, height: 64, width: 64 });
    const steps = epochs * Math.floor(count / batchSize);
    ok(steps >= 900 && steps <= 2000, `${count}: ${steps} steps`);
    ok(batchSize <= count / 4, `${count}: batches of ${batchSize}`);
  }
});

Deno.test("recipeFor() keeps the defaults for many small images, and a batch of no more than half of few", () => {
  deepEqual(recipeFor({ count: 54000, height: 28, width: 28 }), {
    batchSize: DEFAULTS.batchSize,
    epochs: DEFAULTS.epochs,
    learningRate: DEFAULTS.learningRate,
  });
  for (const count of [4, 5, 12, 31]) {
    const { batchSize, epochs } = recipeFor({ count, height: 32, width: 32 });
    ok(batchSize >= 2 && batchSize <= count / 2 && epochs <= 200, `${count}: ${batchSize}, ${epochs}`);
  }
});

Deno.test("recipeFor() takes the batch that somebody chose, and a rate in proportion to the batch", () => {
  const images = { count: 1000, height: 32, width: 32 };
  const { batchSize, epochs, learningRate } = recipeFor(images, 16);
  deepEqual([batchSize, epochs, learningRate], [16, Math.round(1000 / 62), DEFAULTS.learningRate / 4]);
});
