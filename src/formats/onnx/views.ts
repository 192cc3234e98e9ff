/**
 * `x.view(x.size(0), -1)` as exporters write it: four nodes that work out a shape of which only the batch is open. They
 * stand together with their Reshape.
 *
 * @module
 */
import type { GraphProto, NodeProto, TensorProto } from "onnx-buf";
import { constantOf } from "./constant.ts";

/** The nodes that work out the shape of a Reshape. */
export interface View {
  /** In order. */
  readonly chain: readonly NodeProto[];
  /** The shape, 0 for the batch. */
  readonly lengths: readonly number[];
}

/**
 * The Reshapes of such a kind, where nobody else reads what lies between. The batch may be read off what is reshaped, or off
 * an input of the network, which is there in every form of it.
 */
export function findViews(
  { node: nodes, initializer, input, output }: GraphProto,
): ReadonlyMap<NodeProto, View> {
  const makers = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node])));
  const tensors = new Map(initializer.map((tensor) => [tensor.name, tensor]));
  const taken = new Set(input.map(({ name }) => name));
  const readers = new Map<string, number>();
  for (const name of [...nodes.flatMap(({ input }) => input), ...output.map(({ name }) => name)]) {
    readers.set(name, (readers.get(name) ?? 0) + 1);
  }
  const inner = (name: string | undefined, opType: string): NodeProto | undefined => {
    const maker = name === undefined ? undefined : makers.get(name);
    return maker?.opType === opType && readers.get(name!) === 1 ? maker : undefined;
  };
  const numberOf = (name: string | undefined): number | undefined => {
    const maker = makers.get(name ?? "");
    const source = maker?.opType === "Unsqueeze" ? maker.input[0] : name;
    const tensor: TensorProto | undefined = tensors.get(source ?? "") ??
      makers.get(source ?? "")?.attribute.find((attribute) => attribute.name === "value")?.t;
    const numbers = tensor === undefined || tensor.externalData.length > 0
      ? []
      : constantOf(tensor).numbers();
    return numbers.length === 1 ? numbers[0] : undefined;
  };
  return new Map(nodes.flatMap((node): [NodeProto, View][] => {
    const join = node.opType === "Reshape" ? inner(node.input[1], "Concat") : undefined;
    const wide = join && inner(join.input[0], "Unsqueeze");
    const first = wide && inner(wide.input[0], "Gather");
    const sizes = first && inner(first.input[0], "Shape");
    const isBatch = sizes !== undefined && (sizes.input[0] === node.input[0] || taken.has(sizes.input[0]!));
    if (!isBatch || numberOf(first!.input[1]) !== 0) return [];
    const lengths = join!.input.slice(1).map(numberOf);
    if (lengths.some((length) => length === undefined)) return [];
    return [[node, { chain: [sizes, first!, wide!, join!], lengths: [0, ...lengths as number[]] }]];
  }));
}
