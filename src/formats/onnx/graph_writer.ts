/**
 * An ONNX graph under construction: nodes, and initializers that are written once however often they are read. Nothing
 * here knows a layer.
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
import type { WeightStore } from "../../fuse/weights.ts";
import { encodeHalves } from "../../graph/half_float.ts";
import { permute, permuteShape } from "../permute.ts";

/** An attribute in the type that ONNX knows it by: a bigint is an INT, several are INTS, a number is a FLOAT. */
export type Attribute = bigint | readonly bigint[] | number;

/** Whole numbers as INTS. */
export function ints(values: readonly number[]): bigint[] {
  return values.map(BigInt);
}

/** Gathers the nodes and initializers of one graph. Tensors are known by their names. */
export class OnnxGraphWriter {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  private readonly written = new Map<string, string>();

  /**
   * @param weights Of the network.
   * @param isHalf Whether a weight is stored as float16, to be widened by a Cast where it is read.
   */
  constructor(readonly weights: WeightStore, private readonly isHalf: (weight: string) => boolean) {}

  /**
   * Adds a node of one output, which has the node's name.
   *
   * @param inputs Names of tensors; empty for an optional one that is left out.
   * @returns The name.
   */
  node(
    opType: string,
    name: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    this.nodes.push(create(NodeProtoSchema, {
      opType,
      name,
      input: [...inputs],
      output: [name],
      attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    }));
    return name;
  }

  /**
   * A weight as an initializer of its own name.
   *
   * @param name In the model's manifest: `stage1/block1/reparam/kernel`.
   * @param axes The order of its axes in ONNX; as they are when not given.
   * @param shape What the reordered values are read as, where that is not the reordered shape.
   * @returns The name of the float32 tensor.
   */
  weight(name: string, axes?: readonly number[], shape?: readonly number[]): string {
    return this.once(name, () => {
      const stored = this.weights.shape(name);
      const order = axes ?? stored.map((_, axis) => axis);
      const values = permute(this.weights.read(name), stored, order);
      return this.float32(name, values, shape ?? permuteShape(stored, order), this.isHalf(name));
    });
  }

  /** Values that no weight has: an initializer of this name. */
  constant(name: string, values: Float32Array, shape: readonly number[]): string {
    return this.once(name, () => this.float32(name, values, shape, false));
  }

  /** One number. */
  scalar(name: string, value: number): string {
    return this.constant(name, Float32Array.of(value), []);
  }

  /** Whole numbers as a tensor of one axis: shapes and paddings. */
  integers(name: string, values: readonly number[]): string {
    return this.once(name, () => {
      this.initializer(name, [values.length], DataType.INT64, new BigInt64Array(values.map(BigInt)));
      return name;
    });
  }

  private float32(name: string, values: Float32Array, shape: readonly number[], half: boolean): string {
    if (!half) {
      this.initializer(name, shape, DataType.FLOAT, values);
      return name;
    }
    this.initializer(name, shape, DataType.FLOAT16, encodeHalves(values));
    return this.node("Cast", `${name}/float32`, [name], { to: BigInt(DataType.FLOAT) });
  }

  private initializer(
    name: string,
    shape: readonly number[],
    dataType: DataType,
    { buffer, byteOffset, byteLength }: ArrayBufferView,
  ): void {
    const rawData = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
    this.initializers.push(create(TensorProtoSchema, { name, dims: ints(shape), dataType, rawData }));
  }

  private once(name: string, make: () => string): string {
    const known = this.written.get(name) ?? make();
    this.written.set(name, known);
    return known;
  }
}

function attribute(name: string, value: Attribute): AttributeProto {
  if (typeof value === "bigint") {
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: value });
  }
  if (typeof value === "number") {
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value });
  }
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: [...value] });
}
