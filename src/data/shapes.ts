/**
 * Shapes10: ten classes of plane shapes, drawn from one seed, the same bytes on every machine. Everything but the
 * outline is drawn without looking at the class, so colour and position tell nothing about it; a linear classifier
 * has little to hold on to, a small convolutional network much.
 *
 * @module
 */
import { Random } from "../random.ts";
import type { Split } from "./dataset.ts";
import {
  addNoise,
  CHANNELS,
  type Colour,
  paintGradient,
  paintShape,
  paintStroke,
  type Placement,
  toBytes,
} from "./paint.ts";
import { direction, type Vector } from "./rotation.ts";
import { SHAPES } from "./sdf.ts";

/** A closed range that values are drawn from, uniformly. */
export type Range = readonly [low: number, high: number];

/** Everything that Shapes10 depends on, and how hard it is. */
export interface ShapesRecipe {
  /** Raised when the drawing code changes what it draws. */
  readonly generatorVersion: number;
  /** Where every random choice comes from. */
  readonly seed: number;
  /** Height and width of an image, pixels. */
  readonly size: number;
  /** Training images. */
  readonly trainCount: number;
  /** Test images. */
  readonly testCount: number;
  /** Radius of the circle around the shape, pixels. The whole circle lies in the image. */
  readonly radius: Range;
  /** Rotation either way, whole degrees: 180 is every direction. */
  readonly rotation: number;
  /** Least distance of the shape's colour from the background's, as a part of the RGB cube's diagonal. */
  readonly contrast: number;
  /** Most that a channel changes from the middle of the background to its end, 0..255. */
  readonly gradient: number;
  /** Clutter strokes behind the shape. */
  readonly strokes: Range;
  /** The same in front of it, which hide parts of it; none when not given. */
  readonly occluders?: Range;
  /** Width of a stroke, pixels. */
  readonly strokeWidth: Range;
  /** Length of a stroke, pixels. */
  readonly strokeLength: Range;
  /** How far a stroke's colour lies from the background's towards a random one, 0..1. */
  readonly strokeStrength: number;
  /** Standard deviation of the noise, in 0..255, drawn once for each image. */
  readonly noise: Range;
}

/** The recipe of the built-in data set: this is where its difficulty is set. */
export const SHAPES10: ShapesRecipe = {
  generatorVersion: 2,
  seed: 10,
  size: 32,
  trainCount: 8000,
  testCount: 2000,
  radius: [8, 13],
  rotation: 30,
  contrast: 0.35,
  gradient: 40,
  strokes: [0, 3],
  strokeWidth: [0.8, 1.6],
  strokeLength: [6, 20],
  strokeStrength: 0.6,
  noise: [2, 10],
};

/**
 * The same at a harder grade, which small networks do not exhaust: fainter and smaller shapes, more noise, more clutter behind
 * them and some in front.
 */
export const SHAPES10_HARD: ShapesRecipe = {
  ...SHAPES10,
  seed: 11,
  radius: [7, 13],
  contrast: 0.25,
  strokes: [1, 4],
  occluders: [0, 2],
  noise: [4, 18],
};

/** The names of the ten classes, in the order of their labels. */
export const SHAPE_NAMES: readonly string[] = SHAPES.map((shape) => shape.name);

/**
 * One part of the data set: as many images of each class as of any other, in random order.
 *
 * @param part Names the random stream, so that the parts share nothing.
 * @param count How many images.
 */
export function drawShapes(part: "train" | "test", count: number, recipe: ShapesRecipe = SHAPES10): Split {
  const labels = Uint8Array.from({ length: count }, (_, i) => i % SHAPES.length);
  Random.from(recipe.seed, "shapes10", part, "labels").shuffle(labels);
  const random = Random.from(recipe.seed, "shapes10", part, "images");
  const imageLength = recipe.size * recipe.size * CHANNELS;
  const images = new Uint8Array(count * imageLength);
  labels.forEach((label, i) => {
    drawShape(label, random, images.subarray(i * imageLength, (i + 1) * imageLength), recipe);
  });
  return { images, labels, count };
}

/**
 * Draws one image.
 *
 * @param label The class, an index into {@link SHAPE_NAMES}.
 * @param target Where the pixels go, [size, size, 3].
 */
export function drawShape(
  label: number,
  random: Random,
  target: Uint8Array,
  recipe: ShapesRecipe = SHAPES10,
): void {
  const shape = SHAPES[label];
  if (shape === undefined) throw new RangeError(`drawShape() knows labels 0..9: it was given ${label}`);
  const { size } = recipe;
  const canvas = new Float64Array(size * size * CHANNELS);

  const background = randomColour(random);
  const slope = randomSlope(random, recipe.gradient);
  paintGradient(
    canvas,
    size,
    randomDirection(random, 180),
    plus(background, slope, -1),
    plus(background, slope, 1),
  );
  drawStrokes(recipe.strokes);
  const placement = randomPlacement(random, recipe);
  paintShape(canvas, size, shape.distance, placement, contrastingColour(background, random, recipe.contrast));
  if (recipe.occluders !== undefined) drawStrokes(recipe.occluders);
  addNoise(canvas, random.uniform(...recipe.noise), random);
  toBytes(canvas, target);

  function drawStrokes([least, most]: Range): void {
    const count = least + random.integer(most - least + 1);
    for (let i = 0; i < count; i++) drawStroke(canvas, background, random, recipe);
  }
}

function randomPlacement(random: Random, { size, radius: radii, rotation }: ShapesRecipe): Placement {
  const radius = random.uniform(...radii);
  const centre = { x: random.uniform(radius, size - radius), y: random.uniform(radius, size - radius) };
  return { centre, axis: randomDirection(random, rotation), radius };
}

function drawStroke(canvas: Float64Array, background: Colour, random: Random, recipe: ShapesRecipe): void {
  const from = { x: random.uniform(0, recipe.size), y: random.uniform(0, recipe.size) };
  const along = randomDirection(random, 180);
  const length = random.uniform(...recipe.strokeLength);
  const to = { x: from.x + along.x * length, y: from.y + along.y * length };
  const colour = mix(background, randomColour(random), recipe.strokeStrength);
  paintStroke(canvas, recipe.size, from, to, random.uniform(...recipe.strokeWidth), colour);
}

/** A colour at least `contrast` of the RGB cube's diagonal away from another, uniform among those. */
function contrastingColour(other: Colour, random: Random, contrast: number): Colour {
  const least = 3 * (contrast * 255) ** 2;
  for (;;) {
    const colour = randomColour(random);
    const squares = colour.map((value, channel) => (value - other[channel]!) ** 2);
    if (squares[0]! + squares[1]! + squares[2]! >= least) return colour;
  }
}

function randomColour(random: Random): Colour {
  return [random.uniform(0, 255), random.uniform(0, 255), random.uniform(0, 255)];
}

function randomSlope(random: Random, most: number): Colour {
  return [random.uniform(-most, most), random.uniform(-most, most), random.uniform(-most, most)];
}

function randomDirection(random: Random, degrees: number): Vector {
  return direction(random.integer(2 * degrees + 1) - degrees);
}

function plus(colour: Colour, slope: Colour, factor: number): Colour {
  return [colour[0] + slope[0] * factor, colour[1] + slope[1] * factor, colour[2] + slope[2] * factor];
}

function mix(from: Colour, to: Colour, part: number): Colour {
  return plus(from, plus(to, from, -1), part);
}
