import assert from "node:assert/strict";
import { augmentImage, augments, NO_AUGMENTATION } from "../../src/data/augment/augmentation.ts";
import { changeColors, drawColorChange } from "../../src/data/augment/color.ts";
import { cropImage, drawCrop } from "../../src/data/augment/crop.ts";
import { cutOut } from "../../src/data/augment/cutout.ts";
import { Random } from "../../src/random.ts";

const SHAPE = { height: 6, width: 8, channels: 3 };
const LENGTH = 6 * 8 * 3;
const noise = () => Uint8Array.from({ length: LENGTH }, (_, i) => (i * 97 + 13) % 256);
const NO_CHANGE = { brightness: 1, contrast: 1, saturation: 1 };

Deno.test("cropImage() leaves the whole image alone, and copies a part of one pixel everywhere", () => {
  const target = new Uint8Array(LENGTH);
  cropImage(noise(), SHAPE, { top: 0, left: 0, height: 6, width: 8 }, target);
  assert.deepEqual(target, noise());
  cropImage(noise(), SHAPE, { top: 2.5, left: 3.5, height: 1e-9, width: 1e-9 }, target);
  const pixel = (2 * 8 + 3) * 3;
  for (let i = 0; i < LENGTH; i++) assert.equal(target[i], noise()[pixel + i % 3]);
});

Deno.test("cropImage() interpolates a ramp to a ramp", () => {
  const shape = { height: 1, width: 9, channels: 1 };
  const target = new Uint8Array(9);
  cropImage(Uint8Array.from({ length: 9 }, (_, x) => 20 * x), shape, {
    top: 0,
    left: 2,
    height: 1,
    width: 4.5,
  }, target);
  // Target pixel x has its middle at 2 + (x + ½)/2, which is half a pixel right of source pixel 1.5 + (x + ½)/2.
  assert.deepEqual([...target], Array.from({ length: 9 }, (_, x) => Math.round(20 * (1.5 + (x + 0.5) / 2))));
});

Deno.test("drawCrop() stays inside the image, above the smallest area, and within 4:3 of its proportions", () => {
  const random = Random.from(1, "crops");
  for (let i = 0; i < 2000; i++) {
    const { top, left, height, width } = drawCrop(random, SHAPE, 0.3);
    assert.ok(top >= 0 && left >= 0 && top + height <= 6 + 1e-9 && left + width <= 8 + 1e-9);
    const [rows, columns] = [height / 6, width / 8];
    assert.ok(rows * columns > 0.3 * 3 / 4 && rows * columns <= 1);
    assert.ok(columns / rows < 4 / 3 + 1e-9 && rows / columns < 4 / 3 + 1e-9);
  }
});

Deno.test("changeColors() by factors of 1 changes nothing; by 0 it leaves black, the mean grey, or each pixel's grey", () => {
  const same = noise();
  changeColors(same, SHAPE, NO_CHANGE);
  assert.deepEqual(same, noise());
  const black = noise();
  changeColors(black, SHAPE, { ...NO_CHANGE, brightness: 0 });
  assert.ok(black.every((value) => value === 0));
  const flat = noise();
  changeColors(flat, SHAPE, { ...NO_CHANGE, contrast: 0 });
  assert.equal(new Set(flat).size, 1);
  const grey = Uint8Array.of(255, 0, 0, 10, 20, 30);
  changeColors(grey, SHAPE, { ...NO_CHANGE, saturation: 0 });
  assert.deepEqual([...grey], [76, 76, 76, 18, 18, 18]);
});

Deno.test("drawColorChange() draws each factor within 1 ± most", () => {
  const random = Random.from(1, "colours");
  const factors = Array.from({ length: 500 }, () => Object.values(drawColorChange(random, 0.2))).flat();
  assert.ok(factors.every((factor) => factor >= 0.8 && factor <= 1.2));
  assert.ok(Math.min(...factors) < 0.81 && Math.max(...factors) > 1.19);
});

Deno.test("cutOut() paints a square of the side at most, anywhere, over the edge as well", () => {
  const random = Random.from(1, "squares");
  const sizes = new Set<number>();
  for (let i = 0; i < 300; i++) {
    const pixels = new Uint8Array(LENGTH);
    cutOut(pixels, SHAPE, 3, random);
    const painted = [...pixels.keys()].filter((at) => pixels[at] === 128 && at % 3 === 0).map((at) => at / 3);
    const rows = painted.map((at) => Math.floor(at / 8));
    const columns = painted.map((at) => at % 8);
    const [height, width] = [rows, columns].map((all) => Math.max(...all) - Math.min(...all) + 1);
    assert.equal(height! * width!, painted.length);
    assert.ok(height! <= 3 && width! <= 3);
    sizes.add(painted.length);
  }
  assert.deepEqual([...sizes].sort((a, b) => a - b), [4, 6, 9]);
});

Deno.test("augmentImage() draws nothing for what is switched off, and leaves its source alone", () => {
  assert.ok(!augments(NO_AUGMENTATION));
  const random = Random.from(1, "nothing");
  const before = random.state();
  assert.deepEqual(augmentImage(noise(), SHAPE, NO_AUGMENTATION, random), noise());
  assert.deepEqual(random.state(), before);
  for (
    const change of [{ minCrop: 0.5 }, { colorJitter: 0.5 }, { cutout: 3 }, { shift: 1 }, { flip: true }]
  ) {
    const augmentation = { ...NO_AUGMENTATION, ...change };
    assert.ok(augments(augmentation));
    const source = noise();
    const results = Array.from({ length: 9 }, () => augmentImage(source, SHAPE, augmentation, random).join());
    assert.ok(new Set(results).size > 1, JSON.stringify(change));
    assert.deepEqual(source, noise());
  }
});
