/**
 * Turns the chosen plans into operations: from the outputs backward, every value that must be made is made by its cheapest
 * plan, as one convolution that also carries the activation after it.
 *
 * @module
 */
import type { Activation } from "../graph/activation.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { Operation, ValueId, ValueInfo } from "../graph/graph.ts";
import { isConvolutionUnit, type Unit } from "../graph/units.ts";
import type { Weight } from "../graph/weights.ts";
import { changesNothing } from "./affine.ts";
import { convolutionClass, costPerPixel, executable } from "./executable.ts";
import type { Step } from "./maps.ts";
import type { Plan } from "./plan.ts";
import type { Plans } from "./plans.ts";
import type { FusedRegion } from "./report.ts";
import { roundedWeights } from "./rounded_weights.ts";
import type { Op, Value } from "./values.ts";

/** Writes values as operations. */
export class Rebuilder {
  /** The regions that were merged, in the order in which they compute. */
  readonly regions: FusedRegion[] = [];
  /** The weights of new operations. */
  readonly weights = new Map<string, Weight>();
  private readonly written = new Map<Value, ValueId>();
  private readonly carried = new Set<Value>();
  private readonly kept = new Map<string, readonly ValueId[]>();

  /**
   * @param plans The ways to every value.
   * @param infos The values of the graph that is fused.
   * @param builder Takes what is written.
   */
  constructor(
    private readonly plans: Plans,
    private readonly infos: readonly ValueInfo[],
    private readonly builder: GraphBuilder,
  ) {}

  /** Makes an input of the network. */
  input(value: Value, dtype: string): ValueId {
    const id = this.builder.value({ shape: value.shape, dtype });
    this.written.set(value, id);
    return id;
  }

  /** Whether the fused network computes the value, alone or with its activation. */
  isComputed(value: Value): boolean {
    return this.written.has(value) || this.carried.has(value);
  }

  /** The new graph's value for a value, made now if it was not yet. */
  write(value: Value): ValueId {
    const known = this.written.get(value);
    if (known !== undefined) return known;
    const id = this.make(value);
    this.written.set(value, id);
    return id;
  }

  private make(value: Value): ValueId {
    const op = value.op!;
    const own = this.unitSource(value);
    if (own !== undefined) return this.keepUnit(op.unit, [own], value.index);
    if (op.step.kind === "activation") return this.activation(value, op, op.step.activation);
    const best = this.plans.best(value);
    if (best.kind === "plan") return this.region(value, best.plan);
    if (best.kind === "sum" && best.terms.some((term) => "plans" in term)) {
      const terms = best.terms.map((term) =>
        "value" in term
          ? this.write(term.value)
          : this.region(value, this.plans.cheapest(term.plans, value), { isTerm: true })
      );
      const name = this.builder.freshName(`${op.unit.name}/sum`);
      return this.push({ op: "add", name, inputs: terms, outputs: [] }, value);
    }
    return this.keep(op, value);
  }

  /** What the value's unit reads, where the cheapest way to the value is that unit as it is. */
  private unitSource(value: Value): Value | undefined {
    if (value.isInner) return undefined;
    let current = value;
    do {
      const op = current.op!;
      if (op.step.kind === "affine") {
        const best = this.plans.best(current);
        if (best.kind !== "plan" || best.plan.ops.length !== 1 || best.plan.ops[0] !== op) return undefined;
        if (changesNothing(best.plan.map)) return undefined;
        current = best.plan.source;
      } else {
        const [input] = op.inputs;
        // The first step of several that stay: what it reads is what the unit reads.
        if (input?.isInner !== true) return current === value ? undefined : input;
        current = input;
      }
    } while (current.isInner);
    return current;
  }

  /** An operation as it is: with its whole unit, or by itself where the unit is taken apart. */
  private keep(op: Op, value: Value): ValueId {
    if (op.unit.operations.length === 1) return this.keepUnit(op.unit, op.inputs, value.index);
    const { origin: _taken, ...operation } = op.operation;
    const name = this.builder.freshName(operation.name);
    return this.push(
      { ...operation, name, inputs: op.inputs.map((input) => this.write(input)) } as Operation,
      value,
    );
  }

  /** The operations of a unit as they are; once, however many read them. */
  private keepUnit(unit: Unit, inputs: readonly Value[], index: number): ValueId {
    const key = `${unit.name} ${unit.call}`;
    const known = this.kept.get(key);
    if (known !== undefined) return known[index]!;
    let read = inputs.map((input) => this.write(input));
    let outputs: readonly ValueId[] = [];
    for (const operation of unit.operations) {
      outputs = operation.outputs.map((output) => this.builder.value(this.infos[output]!));
      this.builder.push({ ...operation, inputs: read, outputs });
      read = [...outputs];
    }
    this.kept.set(key, outputs);
    return outputs[index]!;
  }

  private push(operation: Operation, { shape }: Pick<Value, "shape">): ValueId {
    const output = this.builder.value({ shape, dtype: "float32" });
    return this.builder.push({ ...operation, outputs: [output] });
  }

  private activation(value: Value, op: Op, activation: Activation): ValueId {
    const input = op.inputs[0]!;
    const best = this.plans.best(input);
    if (best.kind === "plan" && input.readers === 1 && !input.isOutput && carriesActivation(best.plan)) {
      this.carried.add(input);
      return this.region(value, best.plan, { activation, activationOp: op });
    }
    return this.keep(op, value);
  }

  /** One convolution for the plan, and its entry in the report. */
  private region(
    value: Value,
    plan: Plan,
    { activation = "linear", activationOp, isTerm = false }: {
      activation?: Activation;
      activationOp?: Op;
      isTerm?: boolean;
    } = {},
  ): ValueId {
    const source = this.write(plan.source);
    const map = executable(plan.map);
    if (changesNothing(map)) return source;
    const ops = activationOp === undefined ? plan.ops : [...plan.ops, activationOp];
    const units = [...new Set(ops.map((op) => op.unit))];
    const name = this.builder.freshName(`${regionName(units)}/reparam`);
    const [vertical, horizontal] = map.axes;
    const rounded = map.copies ? undefined : roundedWeights(map);
    const operation: Operation = rounded === undefined
      ? {
        op: "pad",
        name,
        inputs: [source],
        outputs: [],
        padding: [vertical.before, vertical.after, horizontal.before, horizontal.after],
      }
      : {
        op: "convolution",
        name,
        inputs: [source],
        outputs: [],
        kernel: this.weight(`${name}/kernel`, rounded.kernel),
        ...(rounded.bias === undefined ? {} : { bias: this.weight(`${name}/bias`, rounded.bias) }),
        axes: map.axes,
        groups: map.groups,
        activation,
      };
    const last = units.at(-1)!;
    this.regions.push({
      name,
      layers: [...new Set(units.map((unit) => unit.name))],
      calls: units.map((unit) => ({ layer: unit.name, node: unit.call })),
      className: map.copies ? "ZeroPadding2D" : convolutionClass(map),
      kernelShape: [vertical.size, horizontal.size, map.inChannels / map.groups, map.outChannels],
      groups: map.groups,
      strides: [vertical.stride, horizontal.stride],
      activation,
      roundingError: rounded?.roundingError ?? 0,
      borderWidth: Math.max(
        ...map.axes.map((axis) => Math.ceil(Math.max(axis.before, axis.after, 0) / axis.stride)),
      ),
      macsBefore: total(plan.ops.map(({ step, shape }) => work(step, shape))),
      macsAfter: work({ kind: "affine", map }, value.shape),
      training: isTerm || value.isInner ? null : { layer: last.name, node: last.call },
      nested: last.origin?.isNested ?? false,
      fused: { layer: name, node: 0 },
    });
    return this.push(operation, value);
  }

  private weight(name: string, weight: Weight) {
    this.weights.set(name, weight);
    return { name, shape: weight.shape };
  }
}

/** Whether the layer of a plan can take an activation over without becoming dearer. */
function carriesActivation({ map, ops }: Plan): boolean {
  if (map.copies) return false;
  return ops.length > 1 || (ops[0]!.operation.op === "convolution" && executable(map) === map);
}

/** MACs of a step for one image; `null` where the size is not fixed. */
function work(step: Step, shape: Value["shape"]): number | null {
  if (step.kind !== "affine") return 0;
  const [height, width] = [shape?.[1] ?? null, shape?.[2] ?? null];
  return height === null || width === null ? null : costPerPixel(step.map) * height * width;
}

function total(values: readonly (number | null)[]): number | null {
  return values.reduce((a, b) => a === null || b === null ? null : a + b, 0);
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
