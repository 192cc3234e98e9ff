/**
 * Where values are in a file that is being written: under which names, and with their axes in which order. A value gets a
 * Transpose when somebody wants it in an order that it does not have yet, and one for all who do.
 *
 * @module
 */
import type { ValueId } from "../../graph/graph.ts";
import type { OnnxGraphWriter } from "./graph_writer.ts";
import { turned } from "./layout.ts";
import { apply } from "./term.ts";

/** A tensor of the file. Axis k is axis `axes[k]` of the value; nothing where nobody knows how many there are. */
interface Place {
  readonly name: string;
  readonly axes: readonly number[] | undefined;
}

/** The tensors of every value. */
export class Places {
  private readonly places = new Map<ValueId, Place[]>();
  private readonly taken = new Set<string>();

  constructor(private readonly writer: OnnxGraphWriter) {}

  /** Whether the value is in the file. */
  has(value: ValueId): boolean {
    return this.places.has(value);
  }

  /** The order of the axes of the tensor that a value is in first of all. */
  orderOf(value: ValueId): readonly number[] | undefined {
    return this.places.get(value)?.[0]?.axes;
  }

  /** Whether some value has this name. */
  isTaken(name: string): boolean {
    return this.taken.has(name);
  }

  /** A tensor that a node makes, or that the file takes. */
  note(value: ValueId, name: string, axes: readonly number[] | undefined): void {
    this.taken.add(name);
    const known = this.places.get(value);
    if (known === undefined) this.places.set(value, [{ name, axes }]);
    else known.push({ name, axes });
  }

  /**
   * The name of a value with its axes in this order; any order where none is asked for.
   *
   * @param preferred Of several tensors the one of this name.
   */
  as(value: ValueId, axes: readonly number[] | undefined, preferred?: string): string {
    const known = this.places.get(value)!;
    const fitting = known.filter((place) => isAlike(place.axes, axes));
    const found = fitting.find(({ name }) => name === preferred) ?? fitting[0];
    if (found !== undefined) return found.name;
    const [{ name, axes: from }] = known as [Place];
    const order = isNchw(axes!) ? "nchw" : "nhwc";
    const made = this.writer.write(turned(name, from!, axes!), this.writer.freeName(`${name}/${order}`));
    this.note(value, made, axes);
    return made;
  }

  /** Sees to it that a value has this very name. */
  name(value: ValueId, name: string, axes: readonly number[] | undefined): void {
    const known = this.places.get(value);
    if (known === undefined || known.some((place) => place.name === name)) return;
    const same = known.find((place) => isAlike(place.axes, axes));
    const [{ name: other, axes: from }] = known as [Place];
    const term = same === undefined ? turned(other, from!, axes!) : apply("Identity", [same.name]);
    this.note(value, this.writer.write(term, name), axes);
  }
}

function isAlike(a: readonly number[] | undefined, b: readonly number[] | undefined): boolean {
  return a === undefined || b === undefined || (a.length === b.length && a.every((axis, i) => axis === b[i]));
}

function isNchw(axes: readonly number[]): boolean {
  return axes[1] === axes.length - 1;
}
