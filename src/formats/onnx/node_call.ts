/**
 * One node of an ONNX file with what is known of its operands, as the rules of `meaning.ts` see it.
 *
 * @module
 */
import { type AttributeProto, type NodeProto, TensorProto_DataType as DataType } from "onnx-buf";
import { InputError } from "../../errors.ts";
import type { Shape, ValueId, WeightRef } from "../../graph/graph.ts";
import type { Constant } from "./constant.ts";

/** A tensor between two nodes. */
export interface FileTensor {
  readonly name: string;
  readonly value: ValueId;
  /**
   * Where the graph's value has its axes: axis k of the tensor in the file is axis `axes[k]` of the value. Nothing where
   * the number of axes is not known.
   */
  readonly axes: readonly number[] | undefined;
  /** Of the value, so in the graph's order. */
  readonly shape: Shape;
  readonly dtype: string;
}

/** What a node reads: a tensor, numbers that are known, or nothing where an operand is left out. */
export type Operand =
  | { readonly kind: "tensor"; readonly tensor: FileTensor }
  | { readonly kind: "constant"; readonly constant: Constant }
  | undefined;

/** Whether these are numbers that operations compute with. */
export function isRealType(dtype: DataType): boolean {
  return dtype === DataType.FLOAT || dtype === DataType.FLOAT16;
}

/** A node and its operands. */
export class NodeCall {
  private readonly attributes: ReadonlyMap<string, AttributeProto>;

  /**
   * @param opset The version of the operators of the node's domain.
   * @param weight Notes numbers that an operation reads, and names them.
   */
  constructor(
    readonly node: NodeProto,
    readonly opset: number,
    readonly operands: readonly Operand[],
    private readonly weight: (constant: Constant, reading: WeightReading) => WeightRef,
  ) {
    this.attributes = new Map(node.attribute.map((attribute) => [attribute.name, attribute]));
  }

  /** Whether the attribute is there. */
  has(name: string): boolean {
    return this.attributes.has(name);
  }

  /** An INT. */
  int(name: string, otherwise: number): number {
    const attribute = this.attributes.get(name);
    return attribute === undefined ? otherwise : Number(attribute.i);
  }

  /** INTS, or nothing. */
  ints(name: string): readonly number[] | undefined {
    return this.attributes.get(name)?.ints.map(Number);
  }

  /** A FLOAT. */
  float(name: string, otherwise: number): number {
    return this.attributes.get(name)?.f ?? otherwise;
  }

  /** A STRING. */
  text(name: string, otherwise: string): string {
    const attribute = this.attributes.get(name);
    return attribute === undefined ? otherwise : new TextDecoder().decode(attribute.s);
  }

  /** A TENSOR. */
  tensorAttribute(name: string): AttributeProto["t"] {
    return this.attributes.get(name)?.t;
  }

  /** The operand when it is a tensor between nodes. */
  tensor(index: number): FileTensor | undefined {
    const operand = this.operands[index];
    return operand?.kind === "tensor" ? operand.tensor : undefined;
  }

  /** The operand when its numbers are known. */
  constant(index: number): Constant | undefined {
    const operand = this.operands[index];
    return operand?.kind === "constant" ? operand.constant : undefined;
  }

  /** The operand's whole numbers when they are known: a shape, axes, pads. */
  integers(index: number): readonly number[] | undefined {
    const constant = this.constant(index);
    return constant === undefined ? undefined : [...constant.numbers()];
  }

  /** Whole numbers that older opsets have in an attribute and newer ones in an operand. */
  integersOrAttribute(index: number, attribute: string): readonly number[] | undefined {
    return this.ints(attribute) ?? this.integers(index);
  }

  /** Whether an operand is left out. */
  lacks(index: number): boolean {
    return this.operands[index] === undefined;
  }

  /**
   * An operand of float32 or float16 numbers as a weight of an operation.
   *
   * @returns nothing when the operand is not constant, or of another type.
   */
  weightAt(index: number, reading: WeightReading): WeightRef | undefined {
    const constant = this.constant(index);
    return constant !== undefined && isRealType(constant.dtype) ? this.weight(constant, reading) : undefined;
  }

  /** An error about the node. */
  fail(what: string): InputError {
    return new InputError(`Cannot read the node ${nodeTitle(this.node)} of the ONNX file: ${what}.`);
  }
}

/** How an operation reads the numbers of a tensor in the file. */
export interface WeightReading {
  /** In the operation's order of axes. */
  readonly shape: readonly number[];
  /** Axis k of what the operation reads is axis `axes[k]` of the file's tensor; as it is when not given. */
  readonly axes?: readonly number[];
  /** What every number is multiplied by. */
  readonly factor?: number;
}

/** A node as messages name it. */
export function nodeTitle({ name, opType, output }: NodeProto): string {
  return `"${name || output[0]}" (${opType})`;
}
