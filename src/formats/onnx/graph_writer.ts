/**
 * An ONNX graph under construction: nodes, and initializers that are written once however often they are read. Nothing
 * here knows an operation of ours.
 *
 * Reference: https://github.com/onnx/onnx/blob/main/docs/IR.md
 *
 * @module
 */
import { create } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
} from "onnx-buf";
import type { WeightRef } from "../../graph/graph.ts";
import { encodeHalves } from "../../graph/half_float.ts";
import type { Weights } from "../../graph/weights.ts";
import { permute, permuteShape } from "../permute.ts";

/** An attribute in the type that ONNX knows it by: a bigint is an INT, several are INTS, a number is a FLOAT. */
export type Attribute = bigint | readonly bigint[] | number;

/** A tensor: one that is there, by its name; one number; or what an operator makes. */
export type Term = string | number | Application;

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

/** Gathers the nodes and initializers of one graph. Tensors are known by their names. */
export class OnnxGraphWriter {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  private readonly names: Set<string>;
  private readonly written = new Map<unknown, string>();

  /**
   * @param weights Of the network. Those that are stored as float16 stay so, and a Cast widens them.
   * @param reserved Names that {@link write} is going to be called with, so that no other tensor takes them.
   */
  constructor(private readonly weights: Weights, reserved: Iterable<string>) {
    this.names = new Set(reserved);
  }

  /**
   * Writes the nodes of a term. The last one, and the tensor that it makes, get the name; those of the nodes before begin
   * with it.
   *
   * @returns The name.
   */
  write(term: Term, name: string): string {
    const { opType, operands, attributes } = typeof term === "object" ? term : apply("Identity", [term]);
    const input = operands.map((operand) => this.tensor(operand, name));
    const attribute = Object.entries(attributes).map(([key, value]) => attributeProto(key, value));
    this.nodes.push(create(NodeProtoSchema, { opType, name, input, output: [name], attribute }));
    return name;
  }

  /**
   * A weight as an initializer of its own name.
   *
   * @param axes The order of its axes in ONNX; as they are when not given.
   * @returns The float32 tensor.
   */
  weight({ name, shape }: WeightRef, axes: readonly number[] = shape.map((_, axis) => axis)): string {
    return this.once(`${name} ${shape} ${axes}`, () => {
      const weight = this.weights.get(name)!;
      const values = permute(weight.read(), shape, axes);
      const dims = permuteShape(shape, axes);
      if (weight.storage !== "float16") return this.initializer(name, dims, DataType.FLOAT, values);
      const halves = this.initializer(name, dims, DataType.FLOAT16, encodeHalves(values));
      return this.write(
        apply("Cast", [halves], { to: BigInt(DataType.FLOAT) }),
        this.freeName(`${name}/float32`),
      );
    });
  }

  /** Numbers that no weight has. */
  floats(name: string, values: readonly number[], shape: readonly number[]): string {
    return this.initializer(name, shape, DataType.FLOAT, Float32Array.from(values));
  }

  /** Whole numbers as a tensor of one axis: shapes and paddings. */
  integers(values: readonly number[]): string {
    const name = `integers/${values}`;
    return this.once(
      name,
      () => this.initializer(name, [values.length], DataType.INT64, new BigInt64Array(ints(values))),
    );
  }

  /** The name, with a number behind it when it is taken; taken from now on. */
  freeName(name: string): string {
    let free = name;
    for (let i = 2; this.names.has(free); i++) free = `${name}~${i}`;
    this.names.add(free);
    return free;
  }

  private tensor(term: Term, prefix: string): string {
    if (typeof term === "string") return term;
    if (typeof term === "number") return this.once(term, () => this.floats(`scalar/${term}`, [term], []));
    return this.once(term, () => this.write(term, this.freeName(`${prefix}/${term.opType.toLowerCase()}`)));
  }

  private initializer(
    wanted: string,
    shape: readonly number[],
    dataType: DataType,
    { buffer, byteOffset, byteLength }: ArrayBufferView,
  ): string {
    const name = this.freeName(wanted);
    const rawData = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
    this.initializers.push(create(TensorProtoSchema, { name, dims: ints(shape), dataType, rawData }));
    return name;
  }

  private once(key: unknown, make: () => string): string {
    const known = this.written.get(key) ?? make();
    this.written.set(key, known);
    return known;
  }
}

function attributeProto(name: string, value: Attribute): AttributeProto {
  if (typeof value === "bigint") {
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: value });
  }
  if (typeof value === "number") {
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value });
  }
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: [...value] });
}
