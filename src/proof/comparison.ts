/**
 * How far two forms of one tensor are apart, gathered batch by batch: border pixels and interior apart, relative to the
 * scale of the reference, and for classifiers which predictions changed.
 *
 * @module
 */
import { largestIndex } from "../graph/class_scores.ts";

/** How far apart a tensor is in the two forms. All figures are relative to `scale`. */
export interface Difference {
  /** The layer of the fused form. */
  readonly name: string;
  /** max |y| of the training form over all inputs. */
  readonly scale: number;
  /** The largest difference in the pixels whose windows reach into the padding; 0 where there are none. */
  readonly border: number;
  /** The largest difference elsewhere. */
  readonly interior: number;
}

/** The place in a batch where two forms of a tensor are farthest apart. */
export interface Farthest {
  /** How far, relative to the scale so far. */
  readonly distance: number;
  readonly image: number;
  /** In rows and columns; nothing where the tensor is no image. */
  readonly pixel?: readonly [row: number, column: number];
}

/** Gathers the {@link Difference} of one tensor. */
export class Comparison {
  private border = 0;
  private interior = 0;

  /**
   * @param name The layer of the fused form.
   * @param borderWidth Pixels at each edge of an image that count as border.
   * @param scale What the differences are shares of at least.
   */
  constructor(private readonly name: string, private readonly borderWidth: number, private scale = 0) {}

  /**
   * Takes one batch in.
   *
   * @param reference The training form's values.
   * @param other The fused form's.
   * @param shape Of both: images are [N, H, W, C], anything else has no border.
   * @returns Where the batch's forms are farthest apart; nothing where they cannot be compared.
   */
  update(
    reference: ArrayLike<number>,
    other: ArrayLike<number>,
    shape: readonly number[],
  ): Farthest | undefined {
    if (reference.length !== other.length) {
      this.interior = Infinity;
      return undefined;
    }
    const isImage = shape.length === 4;
    const [height, width, channels] = isImage
      ? shape.slice(1) as [number, number, number]
      : [1, 1, reference.length];
    const edge = isImage ? this.borderWidth : 0;
    let [most, at] = [0, 0];
    for (let start = 0, pixel = 0; start < reference.length; start += channels, pixel++) {
      let largest = 0;
      for (let i = start; i < start + channels; i++) {
        this.scale = Math.max(this.scale, Math.abs(reference[i]!));
        const distance = Math.abs(reference[i]! - other[i]!);
        if (distance > most) [most, at] = [distance, i];
        largest = Math.max(largest, distance);
      }
      const column = pixel % width;
      const row = Math.floor(pixel / width) % height;
      const onBorder = Math.min(row, column, height - 1 - row, width - 1 - column) < edge;
      if (onBorder) this.border = Math.max(this.border, largest);
      else this.interior = Math.max(this.interior, largest);
    }
    const pixel = Math.floor(at / channels);
    return {
      distance: relative(most, this.scale),
      image: Math.floor(at / (reference.length / (shape[0] ?? 1))),
      ...(isImage ? { pixel: [Math.floor(pixel / width) % height, pixel % width] as const } : {}),
    };
  }

  /** What was gathered. Values that are not numbers count as infinitely far. */
  result(): Difference {
    const { name, scale } = this;
    return { name, scale, border: relative(this.border, scale), interior: relative(this.interior, scale) };
  }
}

/** Gathers the predictions that differ between two forms of a classifier. */
export class PredictionComparison {
  private readonly gaps: number[] = [];

  /**
   * Takes one batch in.
   *
   * @param reference The training form's logits, [N, classes].
   * @param other The fused form's.
   * @param classes How many classes.
   */
  update(reference: ArrayLike<number>, other: ArrayLike<number>, classes: number): void {
    for (let start = 0; start < reference.length; start += classes) {
      const expected = largestIndex(reference, start, classes);
      const found = largestIndex(other, start, classes);
      if (expected !== found) this.gaps.push(reference[start + expected]! - reference[start + found]!);
    }
  }

  /**
   * How many predictions changed, and how many of them are ties: the training form itself puts the two classes no
   * farther apart than `within`.
   */
  result(within: number): { readonly changed: number; readonly ties: number } {
    return { changed: this.gaps.length, ties: this.gaps.filter((gap) => gap <= within).length };
  }
}

function relative(difference: number, scale: number): number {
  if (difference === 0) return 0;
  const result = difference / scale;
  return Number.isNaN(result) ? Infinity : result;
}
