import assert from "node:assert/strict";
import { guessCard } from "../../src/classify/guessed_card.ts";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { loadLayersModelArtifacts } from "../../src/formats/tfjs/layers_model.ts";

Deno.test("guessCard() takes the labels in a model's metadata, where there is one for each class", async () => {
  const artifacts = await loadLayersModelArtifacts("tests/fixtures/cases/25b-dense-bn");
  const namesWith = (labels: unknown) =>
    guessCard(readLayersModel({ ...artifacts, userDefinedMetadata: { labels } as never }), "model")
      .classNames;
  const names = ["a", "b", "c", "d", "e", "f"];
  assert.deepEqual(namesWith(names), names);
  for (
    const other of [names.slice(1), ["a", "a", "b", "c", "d", "e"], "abcdef", [1, 2, 3, 4, 5, 6], undefined]
  ) {
    assert.deepEqual(namesWith(other), names.map((_, i) => `class ${i}`));
  }
});
