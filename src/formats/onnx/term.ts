/**
 * What is to be computed, before it has nodes and names: operators of ONNX on operands.
 *
 * @module
 */

/** An attribute in the type that ONNX knows it by: a bigint is an INT, several are INTS, a number is a FLOAT. */
export type Attribute = bigint | readonly bigint[] | number;

/** A tensor: one that is there, by its name; one number; whole numbers (a shape, pads); or what an operator makes. */
export type Term = string | number | Integers | Application;

/** Whole numbers as a tensor of one axis. */
export interface Integers {
  readonly integers: readonly number[];
}

/** An operator of ONNX on its operands. One that stands in several terms is written once. */
export interface Application {
  readonly opType: string;
  readonly operands: readonly Term[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** An operator on its operands. */
export function apply(
  opType: string,
  operands: readonly Term[],
  attributes: Readonly<Record<string, Attribute>> = {},
): Application {
  return { opType, operands, attributes };
}

/** Whole numbers as INTS. */
export function ints(values: readonly number[]): bigint[] {
  return values.map(BigInt);
}
