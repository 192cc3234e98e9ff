/**
 * Operations by what they were read from: a layer that became several operations is one unit, which a pass keeps whole or
 * takes apart.
 *
 * @module
 */
import type { Operation, Origin } from "./graph.ts";

/** One call of a layer, or one operation that a pass has made. */
export interface Unit {
  /** The layer's name, which its calls share. */
  readonly name: string;
  /** Which call of the layer. */
  readonly call: number;
  readonly origin: Origin | undefined;
  /** One after the other: each reads what the one before gives. */
  readonly operations: readonly Operation[];
}

/** The units in order. */
export function unitsOf(operations: readonly Operation[]): Unit[] {
  const groups: Operation[][] = [];
  for (const operation of operations) {
    const { origin } = operation;
    if (origin !== undefined && groups.at(-1)?.[0]?.origin === origin) groups.at(-1)!.push(operation);
    else groups.push([operation]);
  }
  return groups.map((operations) => {
    const [{ name, origin }] = operations as [Operation];
    return { name: origin?.name ?? name, call: origin?.call ?? 0, origin, operations };
  });
}

/** Whether one of the operations is a convolution of some kind. */
export function isConvolutionUnit({ operations }: Pick<Unit, "operations">): boolean {
  return operations.some((operation) =>
    operation.op === "convolution" || operation.op === "convolutionTranspose" ||
    (operation.op === "opaque" && operation.isConvolution)
  );
}
