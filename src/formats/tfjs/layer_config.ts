/**
 * Reading the untyped JSON of a layer: one place where a value of the wrong kind becomes a message that names the layer
 * and the key.
 *
 * @module
 */
import { InputError } from "../../errors.ts";

/** A JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** Keys that hold a number for every axis that a window moves along. */
const ALONG_AXES: ReadonlySet<string> = new Set(["kernel_size", "strides", "dilation_rate", "pool_size"]);

/** Two numbers, one for each side or axis. */
export type Pair = readonly [number, number];

/** Whether the value is a JSON object and not an array. */
export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The configuration of one layer. Keys are Keras's snake_case, as TensorFlow.js writes them too. */
export class LayerConfig {
  /**
   * @param layer The layer's name, for messages.
   * @param values Its configuration.
   */
  constructor(private readonly layer: string, readonly values: Json) {}

  /** A text, or the default when the key is missing or null. */
  text(key: string, absent: string): string {
    return this.read(key, absent, "a text", (value) => typeof value === "string");
  }

  /** A finite number, or the default. */
  number(key: string, absent: number): number {
    return this.read(key, absent, "a number", Number.isFinite);
  }

  /** One finite number or a list of them, or the default. */
  numbers(key: string, absent: number): readonly number[] {
    const value = this.values[key] ?? absent;
    const all = Array.isArray(value) ? value.flat(Infinity) : [value];
    if (all.length === 0 || !all.every(Number.isFinite)) this.fail(key, "a number, or one for each channel");
    return all;
  }

  /** A finite number, which Keras may write as a list of one, or nothing. */
  numberOrNone(key: string): number | undefined {
    const value = this.values[key] ?? undefined;
    const one = Array.isArray(value) && value.length === 1 ? value[0] : value;
    if (one !== undefined && !Number.isFinite(one)) this.fail(key, "a number");
    return one as number | undefined;
  }

  /** A positive integer, or the default. */
  count(key: string, absent: number): number {
    return this.read(key, absent, "a positive integer", isCount);
  }

  /** A boolean, or the default. */
  flag(key: string, absent: boolean): boolean {
    return this.read(key, absent, "true or false", (value) => typeof value === "boolean");
  }

  /** Two positive integers, given as one number or as two. */
  pair(key: string, absent: readonly [number, number]): readonly [number, number] {
    const value = this.values[key] ?? absent;
    const both = Array.isArray(value) ? value : [value, value];
    if (both.length !== 2 || !both.every(isCount)) this.fail(key, "one positive integer or two");
    return [both[0], both[1]];
  }

  /** Whole pixels `[[top, bottom], [left, right]]`, from any of the forms that Keras allows. */
  sides(key: string, absent: number): readonly [Pair, Pair] {
    const value = this.values[key] ?? absent;
    const both = Array.isArray(value) ? value : [value, value];
    const amounts = both.map((side) => Array.isArray(side) ? side : [side, side]);
    const holds = amounts.length === 2 &&
      amounts.every((side) => side.length === 2 && side.every((n) => Number.isInteger(n) && n >= 0));
    if (!holds) this.fail(key, "[[top, bottom], [left, right]] in whole pixels");
    return amounts as unknown as readonly [Pair, Pair];
  }

  /** The configuration of the same layer for images of height 1, where this one is for sequences. */
  ofImages(): LayerConfig {
    const entries = Object.entries(this.values).map(([key, value]) =>
      [key, ALONG_AXES.has(key) && value !== null ? [1, value].flat() : value] as const
    );
    return new LayerConfig(this.layer, Object.fromEntries(entries));
  }

  /** Keras writes an axis as a number or as a list of one. */
  axis(key: string, absent: number): number {
    const value = this.values[key] ?? absent;
    const axis = Array.isArray(value) && value.length === 1 ? value[0] : value;
    if (!Number.isInteger(axis)) this.fail(key, "one axis");
    return axis;
  }

  /** Throws that the key holds something else than expected. */
  fail(key: string, expected: string): never {
    const found = JSON.stringify(this.values[key]);
    throw new InputError(`Cannot read layer "${this.layer}": "${key}" is ${found}, expected ${expected}.`);
  }

  private read<T>(key: string, absent: T, expected: string, holds: (value: unknown) => boolean): T {
    const value = this.values[key] ?? absent;
    if (!holds(value)) this.fail(key, expected);
    return value as T;
  }
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0;
}
