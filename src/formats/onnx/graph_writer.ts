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
import { inOpset } from "./opsets.ts";
import { apply, type Attribute, ints, type Term } from "./term.ts";

/** Gathers the nodes and initializers of one graph. Tensors are known by their names. */
export class OnnxGraphWriter {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  /** Whether the operation that is being written computes in float16. */
  isHalf = false;
  private readonly names: Set<string>;
  private readonly written = new Map<unknown, string>();

  /**
   * @param weights Of the network. Those that are stored as float16 stay so, and a Cast widens them for operations in float32.
   * @param reserved Names that {@link write} is going to be called with, so that no other tensor takes them.
   * @param opset The version of the operators that the file names.
   */
  constructor(private readonly weights: Weights, reserved: Iterable<string>, private readonly opset: number) {
    this.names = new Set(reserved);
  }

  /**
   * Writes the nodes of a term. The last one gets the name, those of the nodes before begin with it.
   *
   * @param output The tensor that it makes.
   * @returns That tensor.
   */
  write(term: Term, name: string, output = name): string {
    const { opType, operands, attributes } = inOpset(
      typeof term === "object" && "opType" in term ? term : apply("Identity", [term]),
      this.opset,
    );
    const input = operands.map((operand) => this.tensor(operand, name));
    const attribute = Object.entries(attributes).map(([key, value]) => attributeProto(key, value));
    this.nodes.push(create(NodeProtoSchema, { opType, name, input, output: [output], attribute }));
    return output;
  }

  /**
   * A weight as an initializer of its own name.
   *
   * @param axes The order of its axes in ONNX; as they are when not given.
   * @returns The tensor, in the type in which the operation computes.
   */
  weight({ name, shape }: WeightRef, axes: readonly number[] = shape.map((_, axis) => axis)): string {
    return this.once(`${name} ${shape} ${axes} ${this.isHalf}`, () => {
      const weight = this.weights.get(name)!;
      const values = permute(weight.read(), shape, axes);
      const dims = permuteShape(shape, axes);
      if (weight.storage !== "float16" && !this.isHalf) {
        return this.initializer(this.freeName(name), dims, DataType.FLOAT, values);
      }
      const halves = this.initializer(this.freeName(name), dims, DataType.FLOAT16, encodeHalves(values));
      if (this.isHalf) return halves;
      return this.write(
        apply("Cast", [halves], { to: BigInt(DataType.FLOAT) }),
        this.freeName(`${name}/float32`),
      );
    });
  }

  /** Numbers that no weight has, in the type in which the operation computes, unless that has them as float32 always. */
  floats(name: string, values: readonly number[], shape: readonly number[], isHalf = this.isHalf): string {
    if (isHalf) {
      const halves = encodeHalves(Float32Array.from(values));
      return this.initializer(this.freeName(name), shape, DataType.FLOAT16, halves);
    }
    return this.initializer(this.freeName(name), shape, DataType.FLOAT, Float32Array.from(values));
  }

  /** Whole numbers that a node of the file reads under this name. */
  integers(values: readonly number[], shape: readonly number[], name: string): string {
    return this.initializer(name, shape, DataType.INT64, new BigInt64Array(ints(values)));
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
    if (typeof term === "object" && "integers" in term) {
      const { integers } = term;
      const name = `integers/${integers}`;
      return this.once(name, () => this.integers(integers, [integers.length], this.freeName(name)));
    }
    if (typeof term === "number") {
      return this.once(`scalar ${term} ${this.isHalf}`, () => this.floats(`scalar/${term}`, [term], []));
    }
    return this.once(term, () => this.write(term, this.freeName(`${prefix}/${term.opType.toLowerCase()}`)));
  }

  private initializer(
    name: string,
    shape: readonly number[],
    dataType: DataType,
    { buffer, byteOffset, byteLength }: ArrayBufferView,
  ): string {
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
