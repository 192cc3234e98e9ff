/**
 * The rewritten graph: what was chosen, as operations, and the regions among them for the report.
 *
 * @module
 */
import { GraphBuilder } from "../graph/builder.ts";
import {
  type Graph,
  type GraphInput,
  isReal,
  type Operation,
  type ValueId,
  weightsOf,
} from "../graph/graph.ts";
import type { Target } from "../graph/target.ts";
import { isConvolutionUnit, type Unit } from "../graph/units.ts";
import type { Weight } from "../graph/weights.ts";
import { isPerChannel, isPointwise } from "./channels.ts";
import type { Choice, Maker, Region } from "./choice.ts";
import { convolutionClass, macsOf } from "./executable.ts";
import type { FusedRegion } from "./report.ts";
import { roundedWeights } from "./rounded_weights.ts";
import { isSequence } from "../graph/sides.ts";
import { isVector } from "./image.ts";
import { scatterAxes } from "./transposed.ts";
import type { StepGraph, Value } from "./values.ts";

/** What {@link rewrite} gives. */
export interface Rewritten {
  readonly graph: Graph;
  /** In the order in which they compute. */
  readonly regions: readonly FusedRegion[];
  /** For values of the graph, the value of the graph before that is the same. */
  readonly counterparts: ReadonlyMap<ValueId, ValueId>;
}

/** The graph that was chosen, and the regions that were merged. */
export function rewrite(graph: Graph, steps: StepGraph, { makers }: Choice): Rewritten {
  const builder = new GraphBuilder(
    graph.operations.flatMap(({ name, origin }) => [name, origin?.name ?? name]),
  );
  const regions: FusedRegion[] = [];
  const made = new Map<string, Weight>();
  const written = new Map<Value, ValueId>();
  const units = new Map<Maker, readonly ValueId[]>();
  const inputs = graph.inputs.map((input, i): GraphInput => {
    const value = builder.value(graph.values[input.value]!);
    written.set(steps.inputs[i]!, value);
    return { ...input, value };
  });
  for (const [value, maker] of makers) written.set(value, write(value, maker));
  const outputs = steps.outputs.map(read);
  const { values, operations } = builder;
  return {
    graph: { ...graph, values, inputs, outputs, operations, weights: weightsAfter(graph, operations, made) },
    regions,
    counterparts: new Map([...written].flatMap(([{ id }, value]) => id === undefined ? [] : [[value, id]])),
  };

  function read(value: Value): ValueId {
    return written.get(value)!;
  }

  function write(value: Value, maker: Maker): ValueId {
    switch (maker.kind) {
      case "same":
        return read(maker.source);
      case "unit": {
        const ids = units.get(maker) ?? keep(maker.unit, maker.inputs.map(read));
        units.set(maker, ids);
        return ids[value.index]!;
      }
      case "operation": {
        const { origin: _taken, ...operation } = maker.op.operation;
        const inputs = maker.op.inputs.map(read);
        return push({ ...operation, name: builder.freshName(operation.name), inputs } as Operation, value);
      }
      case "join": {
        const { origin: _gone, ...operation } = maker.op.operation;
        const name = builder.freshName(`${maker.op.unit.name}/${operation.op === "add" ? "sum" : "join"}`);
        return push({ ...operation, name, inputs: maker.inputs.map(read) } as Operation, value);
      }
      case "region":
        return merge(value, maker);
      default:
        return maker satisfies never;
    }
  }

  function push(operation: Operation, { id, shape }: Value): ValueId {
    const name = id === undefined ? undefined : graph.values[id]!.name;
    const info = { ...(name === undefined ? {} : { name }), shape, dtype: typeOf(operation.inputs[0]!) };
    return builder.push({ ...operation, outputs: [builder.value(info)] });
  }

  /** What is made of a value has its type. */
  function typeOf(input: ValueId): string {
    const { dtype } = builder.values[input]!;
    return isReal(dtype) ? dtype : "float32";
  }

  /** The operations of a unit as they are; gives what the last of them gives. */
  function keep(unit: Unit, inputs: readonly ValueId[]): readonly ValueId[] {
    return unit.operations.reduce((inputs, operation) => {
      const outputs = operation.outputs.map((output) => builder.value(graph.values[output]!));
      builder.push({ ...operation, inputs, outputs });
      return outputs;
    }, inputs);
  }

  function merge(value: Value, region: Region): ValueId {
    const { map, ops } = region;
    const name = builder.freshName(`${regionName([...new Set(ops.map((op) => op.unit))])}/reparam`);
    const rounded = map.copies ? undefined : roundedWeights(map, typeOf(read(region.source)) === "float16");
    const className = isScale(region, graph.target) ? "Scale" : classOf(value, region);
    regions.push(fusedRegion(name, className, value, region, rounded?.roundingError ?? 0));
    const common = { name, inputs: [read(region.source)], outputs: [] };
    if (rounded === undefined) {
      const [vertical, horizontal] = map.axes;
      const padding = [vertical.before, vertical.after, horizontal.before, horizontal.after] as const;
      return push({ op: "pad", ...common, padding }, value);
    }
    const { kernel, bias } = rounded;
    if (isScale(region, graph.target)) {
      const offsets = bias === undefined ? [0] : [...bias.read()];
      const scale = { op: "scale", ...common, factors: [...kernel.read()], offsets } as const;
      const activation = activationOf(region);
      if (activation === "linear") return push(scale, value);
      const inner = push({ ...scale, name: builder.freshName(`${name}/scale`) }, { ...value, id: undefined });
      return push({ op: "activation", name, inputs: [inner], outputs: [], activation }, value);
    }
    const computed = {
      ...common,
      kernel: weight(`${name}/kernel`, kernel),
      ...(bias === undefined ? {} : { bias: weight(`${name}/bias`, bias) }),
      activation: activationOf(region),
    };
    if (map.spread !== undefined) {
      return push({ op: "convolutionTranspose", ...computed, axes: scatterAxes(map) }, value);
    }
    if (!isDense(value, region)) {
      return push({ op: "convolution", ...computed, axes: map.axes, groups: map.groups }, value);
    }
    const matrix = { ...computed.kernel, shape: [map.inChannels, map.outChannels] };
    return push({ op: "dense", ...computed, kernel: matrix }, value);
  }

  function weight(name: string, weight: Weight) {
    made.set(name, weight);
    return { name, shape: weight.shape };
  }
}

/** The new weights, then those that were there, without those that only merged operations had. */
function weightsAfter(
  graph: Graph,
  operations: readonly Operation[],
  made: ReadonlyMap<string, Weight>,
): ReadonlyMap<string, Weight> {
  const gone = new Set(graph.operations.flatMap(weightsOf).map(({ name }) => name));
  for (const { name } of operations.flatMap(weightsOf)) gone.delete(name);
  return new Map([...made, ...[...graph.weights].filter(([name]) => !gone.has(name))]);
}

function fusedRegion(
  name: string,
  className: string,
  value: Value,
  region: Region,
  roundingError: number,
): FusedRegion {
  const { map, ops } = region;
  const units = [...new Set(ops.map((op) => op.unit))];
  const last = units.at(-1)!;
  const macs = ops.map(({ step, shape }) => step.kind === "affine" ? macsOf(step.map, shape) : 0);
  return {
    name,
    layers: [...new Set(units.map((unit) => unit.name))],
    calls: units.map((unit) => ({ layer: unit.name, node: unit.call })),
    className,
    kernelShape: [...map.axes.map((axis) => axis.size), map.inChannels / map.groups, map.outChannels],
    groups: map.groups,
    strides: [map.axes[0].stride, map.axes[1].stride],
    activation: activationOf(region),
    roundingError,
    macsBefore: macs.reduce((a, b) => a === null || b === null ? null : a + b, 0),
    macsAfter: macsOf(map, value.shape),
    training: value.id === undefined ? null : { layer: last.name, node: last.call },
    nested: last.origin?.isNested ?? false,
    fused: { layer: name, node: 0 },
  };
}

/** The operations that are a kernel. */
const KERNELS: ReadonlySet<Operation["op"]> = new Set(["convolution", "convolutionTranspose", "dense"]);

/** Whether it stays a factor and an offset for every channel, as none of what it merges was a convolution. */
function isScale({ map, ops }: Region, target: Target | undefined): boolean {
  return (target?.scalesChannels ?? false) && isPerChannel(map) && !map.copies &&
    !ops.some(({ operation }) => KERNELS.has(operation.op));
}

function classOf(value: Value, region: Region): string {
  const { map } = region;
  if (!map.copies && isDense(value, region)) return "Dense";
  const name = map.copies ? "ZeroPadding2D" : convolutionClass(map);
  return isSequence(value.shape) ? name.replace("2D", "1D") : name;
}

/** Whether a dense layer is what it becomes: for vectors always, on more axes where it was one. */
function isDense({ shape }: Value, { map, ops }: Region): boolean {
  return isVector(shape) ||
    (isPointwise(map) && map.groups === 1 && ops.some(({ operation }) => operation.op === "dense"));
}

function activationOf({ ops }: Region) {
  const { step } = ops.at(-1)!;
  return step.kind === "activation" ? step.activation : "linear";
}

/** The folder that all layers share, or the first convolution's name when they share none. */
function regionName(layers: readonly Unit[]): string {
  const paths = layers.map((layer) => layer.name.split("/"));
  const [first] = paths as [string[]];
  const folders = paths.length === 1 ? first.length : Math.min(...paths.map((path) => path.length - 1));
  let shared = 0;
  while (shared < folders && paths.every((path) => path[shared] === first[shared])) shared++;
  if (shared > 0) return first.slice(0, shared).join("/");
  return (layers.find(isConvolutionUnit) ?? layers[0]!).name;
}
