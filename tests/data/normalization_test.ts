import assert from "node:assert/strict";
import { gatherBatch } from "../../src/data/batches.ts";
import { defaultNormalization, normalizePixels } from "../../src/data/normalization.ts";

Deno.test("normalizePixels() by default gives what networks were trained on", () => {
  const images = Uint8Array.from({ length: 256 * 3 }, (_, i) => i % 256);
  const split = { images, labels: new Uint8Array(1), count: 1 };
  const trained = gatherBatch(split, { height: 16, width: 16, channels: 3 }, [0]).images;
  assert.deepEqual(normalizePixels(images, defaultNormalization(3)), trained);
});

Deno.test("normalizePixels() takes one mean and one scale per channel", () => {
  const normalization = { mean: [1, 2, 3], scale: [1, 2, 4] };
  assert.deepEqual(
    [...normalizePixels(Uint8Array.of(1, 2, 3, 11, 12, 13), normalization)],
    [0, 0, 0, 10, 5, 2.5],
  );
});
