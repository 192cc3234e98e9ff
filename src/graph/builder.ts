/**
 * A graph while a pass makes it: values and operations in the order in which they are added.
 *
 * @module
 */
import type { Operation, ValueId, ValueInfo } from "./graph.ts";

/** Collects operations. */
export class GraphBuilder {
  readonly values: ValueInfo[] = [];
  readonly operations: Operation[] = [];
  private readonly taken: Set<string>;

  /** @param taken Names that no new operation may have. */
  constructor(taken: Iterable<string>) {
    this.taken = new Set(taken);
  }

  /** A new value. */
  value(info: ValueInfo): ValueId {
    return this.values.push(info) - 1;
  }

  /** A name that nothing has yet: the one that is wanted, or that with a number. */
  freshName(wanted: string): string {
    let name = wanted;
    for (let i = 1; this.taken.has(name); i++) name = `${wanted}_${i}`;
    this.taken.add(name);
    return name;
  }

  /** Adds an operation; returns its first output. */
  push(operation: Operation): ValueId {
    this.operations.push(operation);
    return operation.outputs[0]!;
  }
}
