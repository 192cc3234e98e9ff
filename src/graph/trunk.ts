/**
 * A classifier of anybody's, taken apart where its classes begin: the trunk, which gives features [N, C], and a new head upon it.
 *
 * @module
 */
import type { Graph, Operation, Origin, Shape, ValueId } from "./graph.ts";
import { computedWeight } from "./weights.ts";

/** A dense layer of new classes. */
export interface Head {
  /** The layer's name. */
  readonly name: string;
  /** [features, classes] */
  readonly kernel: Float32Array;
  /** [classes] */
  readonly bias: Float32Array;
}

/** More numbers than these are an image laid flat rather than features of it. */
const MOST_FEATURES = 4096;

/**
 * The network up to where its images end, in a global pooling as a rule, if nothing but one layer after the other stands behind
 * that: what those make of the features is about the old classes. Else up to what its last dense layer takes, a convolution of
 * one pixel being one as well; and one that ends without such a layer, up to its last value before softmax or sigmoid.
 *
 * @returns A network of one output, [N, C] or [N, 1, 1, C]; nothing where there are no such features.
 */
export function trunkOf(graph: Graph): Graph | undefined {
  const makers = new Map(
    graph.operations.flatMap((operation) => operation.outputs.map((value) => [value, operation] as const)),
  );
  const [output] = graph.outputs.length === 1 ? graph.outputs : [];
  const features = output && (pooledBehind(graph, makers, output) ?? featuresBehind(graph, makers, output));
  if (features === undefined || !makers.has(features)) return undefined;
  if (featureCount(graph.values[features]!.shape) === undefined) return undefined;
  const kept = operationsFor(features, makers);
  const operations = wholeUnits(graph.operations, kept);
  const { name, values, inputs, weights } = graph; // what the file says of its classes goes with them
  return { name, values, inputs, outputs: [features], operations, weights };
}

/** How many features a trunk gives for an image. */
export function featuresOf({ values, outputs }: Graph): number {
  return featureCount(values[outputs[0]!]!.shape)!;
}

/** The trunk under a new head: a network of one output, logits [N, classes]. */
export function withHead(trunk: Graph, { name, kernel, bias }: Head): Graph {
  const [features] = trunk.outputs as [ValueId];
  const { shape, dtype } = trunk.values[features]!;
  const [batch] = shape!;
  const count = featuresOf(trunk);
  const values = [...trunk.values];
  const operations = [...trunk.operations];
  const give = (length: number): ValueId => values.push({ shape: [batch!, length], dtype }) - 1;
  let flat = features;
  if (shape!.length > 2) {
    flat = give(count);
    operations.push({ op: "reshape", name: `${name}/flat`, inputs: [features], outputs: [flat] });
  }
  const [kernelRef, biasRef] = [
    { name: `${name}/kernel`, shape: [count, bias.length] },
    { name: `${name}/bias`, shape: [bias.length] },
  ];
  const logits = give(bias.length);
  operations.push({
    op: "dense",
    name,
    inputs: [flat],
    outputs: [logits],
    kernel: kernelRef,
    bias: biasRef,
    activation: "linear",
  });
  const weights = new Map(trunk.weights)
    .set(kernelRef.name, computedWeight(kernelRef.shape, kernel))
    .set(biasRef.name, computedWeight(biasRef.shape, bias));
  return { ...trunk, values, operations, outputs: [logits], weights };
}

/** From a classifier's output straight back to the first value that is no image any more. */
function pooledBehind(
  graph: Graph,
  makers: ReadonlyMap<ValueId, Operation>,
  value: ValueId,
): ValueId | undefined {
  const operation = makers.get(value);
  if (operation === undefined || operation.inputs.length !== 1) return undefined;
  const [input] = operation.inputs as [ValueId];
  const count = featureCount(graph.values[value]!.shape);
  if (count === undefined) return undefined;
  if (featureCount(graph.values[input]!.shape) !== undefined) return pooledBehind(graph, makers, input);
  return count <= MOST_FEATURES ? value : undefined;
}

/** From a classifier's output back to what the classes are made of. */
function featuresBehind(
  { values }: Graph,
  makers: ReadonlyMap<ValueId, Operation>,
  value: ValueId,
): ValueId {
  for (;;) {
    const operation = makers.get(value);
    const input = operation?.inputs[0];
    if (operation === undefined || input === undefined) return value;
    const ofOnePixel = isOnePixel(values[input]!.shape);
    if (operation.op === "dense" || (operation.op === "convolution" && ofOnePixel)) return input;
    const isPassed = operation.op === "softmax" || operation.op === "identity" ||
      (operation.op === "reshape" && ofOnePixel) ||
      (operation.op === "activation" && operation.activation === "sigmoid");
    if (!isPassed) return value;
    value = input;
  }
}

function isOnePixel(shape: Shape): boolean {
  return shape?.length === 4 && shape[1] === 1 && shape[2] === 1;
}

function featureCount(shape: Shape): number | undefined {
  if (shape?.length !== 2 && !isOnePixel(shape)) return undefined;
  return shape?.at(-1) ?? undefined;
}

/** All that a value depends on. */
function operationsFor(value: ValueId, makers: ReadonlyMap<ValueId, Operation>): ReadonlySet<Operation> {
  const found = new Set<Operation>();
  const open = [value];
  for (let next; (next = open.pop()) !== undefined;) {
    const operation = makers.get(next);
    if (operation === undefined || found.has(operation)) continue;
    found.add(operation);
    open.push(...operation.inputs);
  }
  return found;
}

/** Those that are kept, in order; a layer that was cut through is its operations from now on. */
function wholeUnits(operations: readonly Operation[], kept: ReadonlySet<Operation>): Operation[] {
  const cut = new Set<Origin | undefined>(
    operations.filter((operation) => !kept.has(operation)).map(({ origin }) => origin),
  );
  return operations.filter((operation) => kept.has(operation)).map((operation) => {
    const { origin, ...made } = operation;
    return origin !== undefined && cut.has(origin) && operation.op !== "opaque"
      ? made as Operation
      : operation;
  });
}
