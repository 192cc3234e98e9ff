/**
 * What of an ONNX file stays when its network is written back: nodes, and the constants that they still read.
 *
 * @module
 */
import type { GraphProto, ModelProto, NodeProto, TensorProto } from "onnx-buf";
import type { Graph, Origin } from "../../graph/graph.ts";
import type { Constant } from "./constant.ts";
import type { OnnxGraphWriter } from "./graph_writer.ts";

/** The original of an `Origin` that was read from an ONNX file. */
export interface OriginalNode {
  /** One, or several that stand together for one operation, in order: the last one gives the result. */
  readonly nodes: readonly NodeProto[];
  /** What its operation reads, in the operation's order. */
  readonly reads: readonly string[];
}

/** A node whose result is known without running the network. */
export interface ConstantNode {
  readonly node: NodeProto;
  readonly constant: Constant;
}

/** What an ONNX file says beside the network. */
export interface OriginalOnnx {
  readonly model: ModelProto;
  /** The order of the axes of every tensor between nodes, as in `FileTensor`. */
  readonly axes: ReadonlyMap<string, readonly number[]>;
  /** In the order of the file. */
  readonly constants: readonly ConstantNode[];
}

/** The node that an operation was read from, where that was an ONNX file's. */
export function originalNode(origin: Origin | undefined): OriginalNode | undefined {
  const original = origin?.original;
  return typeof original === "object" && original !== null && "nodes" in original
    ? original as OriginalNode
    : undefined;
}

/** The file that a network was read from, where that was an ONNX file. */
export function originalOnnx({ original }: Graph): OriginalOnnx | undefined {
  return typeof original === "object" && original !== null && "model" in original
    ? original as OriginalOnnx
    : undefined;
}

/** What the bodies of an If or a Loop read from outside. */
export function captured({ attribute }: NodeProto): string[] {
  const graphs = attribute.flatMap(({ g, graphs }) => g === undefined ? graphs : [g, ...graphs]);
  return graphs.flatMap(({ node, input, initializer, output }) => {
    const own = new Set([
      ...input.map(({ name }) => name),
      ...initializer.map(({ name }) => name),
      ...node.flatMap(({ output }) => output),
    ]);
    const read = node.flatMap((inner) => [...inner.input, ...captured(inner)]);
    return [...read, ...output.map(({ name }) => name)].filter((name) => name !== "" && !own.has(name));
  });
}

/** The initializers and the constant nodes of a file, and which of them are still needed. */
export class FileConstants {
  /** Every name of the file, so that nothing new takes one. */
  readonly allNames: ReadonlySet<string>;
  private readonly needed = new Set<string>();
  private readonly readBefore: ReadonlySet<string>;
  private readonly nodes: ReadonlyMap<string, ConstantNode>;
  private readonly initializers: ReadonlyMap<string, TensorProto>;

  constructor(proto: GraphProto, { constants }: OriginalOnnx) {
    this.nodes = new Map(constants.map((constant) => [constant.constant.name, constant]));
    this.initializers = new Map(proto.initializer.map((tensor) => [tensor.name, tensor]));
    this.readBefore = new Set([
      ...proto.node.flatMap((node) => [...node.input, ...captured(node)]),
      ...proto.output.map(({ name }) => name),
    ]);
    this.allNames = new Set([
      ...[...proto.input, ...proto.initializer].map(({ name }) => name),
      ...proto.node.flatMap(({ name, output }) => [name, ...output]),
    ]);
  }

  /** Notes that somebody reads a tensor; returns whether it is a constant. */
  need(name: string): boolean {
    const known = this.nodes.get(name);
    if (known === undefined && !this.initializers.has(name)) return false;
    if (this.needed.has(name)) return true;
    this.needed.add(name);
    if (known !== undefined && this.standsAlone(known)) {
      known.node.input.forEach((operand) => this.need(operand));
      this.needCaptured(known.node);
    }
    return true;
  }

  /** Notes what the bodies of a node read. */
  needCaptured(node: NodeProto): void {
    for (const name of captured(node)) this.need(name);
  }

  /** Whether an initializer was read before, and is no longer. */
  isDropped(name: string): boolean {
    return this.initializers.has(name) && this.readBefore.has(name) && !this.needed.has(name);
  }

  /** What stays. A shape that was read off a tensor becomes plain numbers: that tensor may be gone. */
  kept(writer: OnnxGraphWriter): { nodes: NodeProto[]; initializers: TensorProto[] } {
    const nodes: NodeProto[] = [];
    for (const [name, known] of this.nodes) {
      if (!this.needed.has(name)) continue;
      if (this.standsAlone(known)) nodes.push(known.node);
      else writer.integers([...known.constant.numbers()], known.constant.shape, name);
    }
    return {
      nodes,
      initializers: [...this.initializers.values()].filter(({ name }) => !this.isDropped(name)),
    };
  }

  /** Whether a constant node reads constants alone. */
  private standsAlone({ node }: ConstantNode): boolean {
    return node.input.every((name) => name === "" || this.nodes.has(name) || this.initializers.has(name));
  }
}
