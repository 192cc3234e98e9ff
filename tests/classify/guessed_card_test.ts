import assert from "node:assert/strict";
import { guessCard } from "../../src/classify/guessed_card.ts";
import { InputError } from "../../src/errors.ts";
import { withImageSize } from "../../src/formats/tfjs/image_size.ts";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { loadLayersModelArtifacts } from "../../src/formats/tfjs/layers_model.ts";

const readCase = async (name: string) =>
  readLayersModel(await loadLayersModelArtifacts(`tests/fixtures/cases/${name}`));

Deno.test("guessCard() takes the labels in a model's metadata, where there is one for each class", async () => {
  const artifacts = await loadLayersModelArtifacts("tests/fixtures/cases/25b-dense-bn");
  const namesWith = (labels: unknown) =>
    guessCard(readLayersModel({ ...artifacts, userDefinedMetadata: { labels } as never }), "model")
      .card.classNames;
  const names = ["a", "b", "c", "d", "e", "f"];
  // ImageNet has two cranes.
  const twice = ["crane", "crane", "b", "c", "d", "e"];
  for (const all of [names, twice]) assert.deepEqual(namesWith(all), all);
  for (const other of [names.slice(1), "abcdef", [1, 2, 3, 4, 5, 6], undefined]) {
    assert.deepEqual(namesWith(other), names.map((_, i) => `class ${i}`));
  }
});

Deno.test("guessCard() reads what a file shows, and assumes nothing then", async () => {
  const { card, assumed } = guessCard(await readCase("70-foreign-model-takes-0-to-255"), "m");
  assert.deepEqual(assumed, []);
  assert.deepEqual(card, {
    inputSize: [16, 16, 3],
    normalization: { mean: [0, 0, 0], scale: [1, 1, 1] },
    givesProbabilities: true,
    classNames: ["red", "green", "blue"],
  });
});

Deno.test("guessCard() says what it assumes, with the flag that tells, and obeys the answers", async () => {
  const graph = await readCase("25b-dense-bn");
  const { card, assumed } = guessCard(graph, "m");
  assert.deepEqual(card.normalization.mean, card.normalization.scale);
  assert.deepEqual(assumed, [
    "pixels from -1 to 1 (--pixels, --mean, --std)",
    "classes by their numbers (--labels)",
  ]);
  const classNames = ["a", "b", "c", "d", "e", "f"];
  const answered = guessCard(graph, "m", { pixels: "0..1", classNames, outputs: "probabilities" });
  assert.deepEqual(answered.assumed, []);
  const [, , channels] = card.inputSize;
  assert.deepEqual(answered.card, {
    inputSize: card.inputSize,
    normalization: { mean: new Array(channels).fill(0), scale: new Array(channels).fill(255) },
    givesProbabilities: true,
    classNames,
  });
  assert.throws(
    () => guessCard(graph, "m", { classNames: ["a"] }),
    /there are 1, and the network has 6 classes/,
  );
  assert.throws(() => guessCard(graph, "m", { mean: [1, 2, 3, 4, 5] }), /--mean has 5 values/);
});

Deno.test("guessCard() makes two classes of one sigmoid", async () => {
  const graph = await readCase("72-binary-sigmoid-one-output");
  const { card } = guessCard(graph, "m");
  assert.deepEqual([card.classNames, card.givesProbabilities], [["class 0", "class 1"], true]);
  const named = guessCard(graph, "m", { classNames: ["cat", "dog"] });
  assert.deepEqual(named.card.classNames, ["cat", "dog"]);
});

Deno.test("guessCard() asks for the size of images that may have any, and takes no other than the network's", async () => {
  const artifacts = await loadLayersModelArtifacts("tests/fixtures/cases/31-no-fixed-size-stride-2");
  assert.throws(
    () => guessCard(readLayersModel(artifacts), "m"),
    (error) => error instanceof InputError && /--image-size 224/.test(error.hint!),
  );
  const sized = readLayersModel(withImageSize(artifacts, 48));
  assert.deepEqual(sized.values[sized.inputs[0]!.value]!.shape, [null, 48, 48, 3]);
  assert.deepEqual(sized.values[sized.outputs[0]!]!.shape, [null, 24, 24, 4]);
  const fixed = await readCase("70-foreign-model-takes-0-to-255");
  assert.throws(() => guessCard(fixed, "m", { imageSize: 32 }), /on images of 32x32: it takes 16x16/);
});
