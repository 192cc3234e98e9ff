import assert from "node:assert/strict";
import {
  drawShape,
  drawShapes,
  SHAPE_NAMES,
  SHAPES10,
  SHAPES10_HARD,
  type ShapesRecipe,
} from "../../src/data/shapes.ts";
import { sha256 } from "../../src/files/hash.ts";
import { Random } from "../../src/random.ts";

/** A recipe of the tests' own, so that tuning the data set's difficulty does not change what they expect. */
const RECIPE: ShapesRecipe = {
  generatorVersion: 1,
  seed: 3,
  size: 24,
  trainCount: 40,
  testCount: 20,
  radius: [6, 9],
  rotation: 30,
  contrast: 0.4,
  gradient: 25,
  strokes: [0, 3],
  strokeWidth: [0.5, 2],
  strokeLength: [4, 12],
  strokeStrength: 0.5,
  noise: [1, 9],
};

Deno.test("drawShapes() draws the same bytes on every machine", async () => {
  const { images, labels } = drawShapes("train", 40, RECIPE);
  assert.equal(
    await sha256(images, labels),
    "4baf95e210f66e7491dd55b19af6f92f7f92ae2d77b531b53ecf53bf59ff1de9",
  );
});

Deno.test("drawShapes() draws as many of each class as of any other, in mixed order", () => {
  const { labels, count } = drawShapes("train", 200, RECIPE);
  assert.equal(count, 200);
  for (let label = 0; label < SHAPE_NAMES.length; label++) {
    assert.equal(labels.filter((other) => other === label).length, 20);
  }
  assert.notDeepEqual([...labels.subarray(0, 10)], [...labels.subarray(10, 20)]);
});

Deno.test("drawShapes() draws no image twice, within a part and across the parts", () => {
  const images = (["train", "test"] as const).flatMap((part) => {
    const split = drawShapes(part, 100, RECIPE);
    return Array.from(
      { length: 100 },
      (_, i) => split.images.subarray(i * 24 * 24 * 3, (i + 1) * 24 * 24 * 3).toHex(),
    );
  });
  assert.equal(new Set(images).size, 200);
});

Deno.test("drawShape() keeps the whole shape in the image, far enough from its background's colour", () => {
  const random = Random.from(1, "still");
  const still: ShapesRecipe = { ...RECIPE, strokes: [0, 0], gradient: 0, noise: [0, 0] };
  const image = new Uint8Array(24 * 24 * 3);
  const pixel = (x: number, y: number) => image.subarray((y * 24 + x) * 3, (y * 24 + x + 1) * 3);
  for (let i = 0; i < 50; i++) {
    drawShape(SHAPE_NAMES.indexOf("square"), random, image, still);
    const background = pixel(0, 0);
    const apart = Array.from(
      { length: 24 * 24 },
      (_, at) => distance(pixel(at % 24, Math.floor(at / 24)), background),
    );
    for (const [x, y] of [[0, 23], [23, 0], [23, 23]] as const) assert.equal(apart[y * 24 + x], 0);
    assert.ok(Math.max(...apart) >= 0.4 * Math.sqrt(3) * 255 - 2, `contrast ${Math.max(...apart)}`);
    // A square in a circle of radius r has area 2r², and none of it is cut off.
    const area = apart.reduce((sum, value) => sum + value, 0) / Math.max(...apart);
    assert.ok(area > 2 * 6 ** 2 - 2 && area < 2 * 9 ** 2 + 2, `area ${area}`);
  }
});

Deno.test("drawShape() throws when the label is no class", () => {
  assert.throws(() => drawShape(10, Random.from(1), new Uint8Array(24 * 24 * 3), RECIPE), RangeError);
});

Deno.test("both grades of Shapes10 are the data sets whose checksums data/README.md states", async () => {
  const readme = await Deno.readTextFile(new URL("../../data/README.md", import.meta.url));
  for (const recipe of [SHAPES10, SHAPES10_HARD]) {
    const train = drawShapes("train", recipe.trainCount, recipe);
    const test = drawShapes("test", recipe.testCount, recipe);
    const checksum = await sha256(train.images, train.labels, test.images, test.labels);
    assert.ok(readme.includes(checksum), `data/README.md does not state ${checksum}`);
  }
});

Deno.test("drawShape() hides a part of the shape behind its occluders, and draws the rest as without them", () => {
  const calm: ShapesRecipe = { ...RECIPE, strokes: [0, 0], gradient: 0, noise: [0, 0] };
  const [bare, hidden] = [calm, { ...calm, occluders: [1, 1] as const }].map((recipe) => {
    const image = new Uint8Array(24 * 24 * 3);
    drawShape(SHAPE_NAMES.indexOf("circle"), Random.from(2, "occluded"), image, recipe);
    return image;
  });
  const changed = bare!.filter((value, i) => value !== hidden![i]).length;
  assert.ok(changed > 0 && changed < bare!.length / 4, `${changed} values changed`);
});

Deno.test("Shapes10 does not tell its classes by the mean of their images", () => {
  // Nearest class mean is a linear classifier: colour or place that told the class would show here.
  const train = drawShapes("train", 2000);
  const test = drawShapes("test", 1000);
  const length = SHAPES10.size * SHAPES10.size * 3;
  const means = SHAPE_NAMES.map(() => new Float64Array(length));
  train.labels.forEach((label, i) => {
    const mean = means[label]!;
    for (let j = 0; j < length; j++) mean[j]! += train.images[i * length + j]! / (train.count / means.length);
  });
  const right = test.labels.filter((label, i) => {
    const image = test.images.subarray(i * length, (i + 1) * length);
    const apart = means.map((mean) => mean.reduce((sum, value, j) => sum + (value - image[j]!) ** 2, 0));
    return apart.indexOf(Math.min(...apart)) === label;
  }).length;
  assert.ok(right / test.count < 0.2, `${right} of ${test.count}`);
});

function distance(a: Uint8Array, b: Uint8Array): number {
  return Math.hypot(a[0]! - b[0]!, a[1]! - b[1]!, a[2]! - b[2]!);
}
