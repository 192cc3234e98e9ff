/**
 * Equality of long arrays, with a message of one line: printing the difference of two takes minutes.
 *
 * @module
 */
import assert from "node:assert/strict";

/** Asserts that all elements are the same value; one NaN is as good as another. */
export function assertSame(actual: Float32Array, expected: Float32Array): void {
  assert.equal(actual.length, expected.length);
  const where = actual.findIndex((value, i) => !Object.is(value, expected[i]));
  assert.equal(where, -1, `element ${where} is ${actual[where]}, expected ${expected[where]}`);
}
