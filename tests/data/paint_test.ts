import assert from "node:assert/strict";
import { addNoise, CHANNELS, paintGradient, paintShape, paintStroke, toBytes } from "../../src/data/paint.ts";
import { direction } from "../../src/data/rotation.ts";
import { circle } from "../../src/data/sdf.ts";
import { Random } from "../../src/random.ts";

const SIZE = 32;
const BLACK = [0, 0, 0] as const;
const WHITE = [255, 255, 255] as const;

Deno.test("paintGradient() runs from one colour to the other along its direction", () => {
  const canvas = blank();
  paintGradient(canvas, SIZE, { x: 1, y: 0 }, [0, 100, 50], [64, 36, 50]);
  for (const row of [0, 31]) {
    assert.deepEqual(at(canvas, 0, row), [1, 99, 50]);
    assert.deepEqual(at(canvas, 31, row), [63, 37, 50]);
    assert.deepEqual(at(canvas, 16, row), [33, 67, 50]);
  }
});

Deno.test("paintGradient() has its end colours in the corners when it runs along the diagonal", () => {
  const canvas = blank();
  paintGradient(canvas, SIZE, direction(45), BLACK, WHITE);
  assert.ok(at(canvas, 0, 0)[0]! < 5 && at(canvas, 31, 31)[0]! > 250);
  assert.ok(Math.abs(at(canvas, 31, 0)[0]! - 127.5) < 1e-9);
});

Deno.test("paintShape() covers the area of the shape, pixel edges included", () => {
  for (const radius of [5, 8, 12.3]) {
    const canvas = blank();
    paintShape(canvas, SIZE, circle(), { centre: { x: 15.7, y: 16.2 }, axis: { x: 1, y: 0 }, radius }, WHITE);
    const area = canvas.reduce((sum, value) => sum + value, 0) / CHANNELS / 255;
    assert.ok(Math.abs(area / (Math.PI * radius * radius) - 1) < 0.005, `radius ${radius}: area ${area}`);
  }
});

Deno.test("paintShape() turns the shape so that its x axis points along the axis", () => {
  const quadrant = (x: number, y: number) => Math.max(-x, -y); // negative where x and y are positive
  for (const degrees of [0, 30, 90, 135, 180, 270, 345]) {
    const canvas = blank();
    paintShape(
      canvas,
      SIZE,
      quadrant,
      { centre: { x: 16, y: 16 }, axis: direction(degrees), radius: 12 },
      WHITE,
    );
    const painted = [45, 135, 225, 315].map((bearing) => {
      const { x, y } = direction(degrees + bearing);
      return at(canvas, Math.floor(16 + 9 * x), Math.floor(16 + 9 * y))[0];
    });
    assert.deepEqual(painted, [255, 0, 0, 0], `${degrees} degrees`);
  }
});

Deno.test("paintStroke() draws a line of its width and length, with round ends", () => {
  const canvas = blank();
  paintStroke(canvas, SIZE, { x: 8, y: 16 }, { x: 24, y: 16 }, 2, WHITE);
  const area = canvas.reduce((sum, value) => sum + value, 0) / CHANNELS / 255;
  assert.ok(Math.abs(area - (16 * 2 + Math.PI)) < 0.3, `${area}`);
  assert.deepEqual(at(canvas, 16, 15), [255, 255, 255]);
  assert.deepEqual(at(canvas, 16, 13), [0, 0, 0]);
});

Deno.test("addNoise() has mean 0, the deviation asked for, and no more than four draws' worth of range", () => {
  const canvas = new Float64Array(300_000);
  addNoise(canvas, 10, Random.from(1, "noise"));
  const mean = canvas.reduce((sum, value) => sum + value, 0) / canvas.length;
  const deviation = Math.sqrt(canvas.reduce((sum, value) => sum + value * value, 0) / canvas.length);
  assert.ok(Math.abs(mean) < 0.1, `mean ${mean}`);
  assert.ok(Math.abs(deviation - 10) < 0.1, `deviation ${deviation}`);
  assert.ok(canvas.every((value) => Math.abs(value) < 36));
});

Deno.test("toBytes() rounds, and clamps to 0..255", () => {
  const target = new Uint8Array(5);
  toBytes(Float64Array.of(-3, 0.49, 0.5, 254.6, 300), target);
  assert.deepEqual([...target], [0, 0, 1, 255, 255]);
});

function blank(): Float64Array {
  return new Float64Array(SIZE * SIZE * CHANNELS);
}

function at(canvas: Float64Array, x: number, y: number): number[] {
  return [...canvas.subarray((y * SIZE + x) * CHANNELS, (y * SIZE + x + 1) * CHANNELS)];
}
