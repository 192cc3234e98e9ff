/**
 * The choice: from the outputs backward, what makes every value that must be made, by the cheapest plans; and why the
 * other merges are not done. Nothing after this asks the plans again.
 *
 * @module
 */
import type { Target } from "../graph/target.ts";
import type { Unit } from "../graph/units.ts";
import { type Affine, changesNothing } from "./affine.ts";
import { executable } from "./executable.ts";
import type { Plan, Plans, Term } from "./plans.ts";
import { refusedMerges } from "./refusals.ts";
import type { RefusedMerge } from "./report.ts";
import { isShared, type Op, type StepGraph, type Value } from "./values.ts";

/** What makes a value. */
export type Maker =
  /** A layer that stays as it is; all of its values have this one maker. */
  | { readonly kind: "unit"; readonly unit: Unit; readonly inputs: readonly Value[] }
  /** One operation of a layer that is taken apart. */
  | { readonly kind: "operation"; readonly op: Op }
  /** A join that stays, of other terms than it had. */
  | { readonly kind: "join"; readonly op: Op; readonly inputs: readonly Value[] }
  /** Nothing: the value is the source. */
  | { readonly kind: "same"; readonly source: Value }
  | Region;

/** Steps that one new operation computes. */
export interface Region {
  readonly kind: "region";
  readonly source: Value;
  /** In a form that its layer class can run. */
  readonly map: Affine;
  /** The steps that it merges, in order. The last may be an activation, which the operation carries. */
  readonly ops: readonly Op[];
}

/** What is made, and what does not merge. */
export interface Choice {
  /** In an order in which every value stands behind those that its maker reads; network inputs have no maker. */
  readonly makers: ReadonlyMap<Value, Maker>;
  /** In the order of the layers. */
  readonly refusals: readonly RefusedMerge[];
}

/** Operations that can carry an activation without becoming dearer. */
const CARRIERS: ReadonlySet<string | undefined> = new Set(["convolution", "convolutionTranspose"]);

/** Chooses for every value that the outputs need. */
export function choose(steps: StepGraph, plans: Plans, target?: Target): Choice {
  const makers = new Map<Value, Maker>();
  const units = new Map<Unit, Maker>();
  const carried = new Set<Value>();
  for (const output of steps.outputs) make(output);
  // What lies inside of a layer that stays is computed with it.
  const isInside = ({ id, op }: Value) => id === undefined && op !== undefined && units.has(op.unit);
  const computed = steps.values.filter((value) => makers.has(value) || carried.has(value) || isInside(value));
  return { makers, refusals: refusedMerges(steps.values, computed, plans) };

  function make(value: Value): Value {
    if (value.op !== undefined && !makers.has(value)) makers.set(value, makerOf(value, value.op));
    return value;
  }

  function makerOf(value: Value, op: Op): Maker {
    const whole = unitSource(value);
    if (whole !== undefined) return unit(op.unit, [whole]);
    if (op.step.kind === "activation") {
      const plan = planWithActivation(op.inputs[0]!);
      return plan === undefined ? asItIs(op, value) : region({ ...plan, ops: [...plan.ops, op] }, value);
    }
    const { best, join } = plans.ways.get(value)!;
    if (best !== undefined) return region(best, value);
    if (join?.terms.some((term) => "plan" in term)) {
      return { kind: "join", op: join.op, inputs: join.terms.map((term) => makeTerm(term, value)) };
    }
    return asItIs(op, value);
  }

  /** A term that is merged is a value of its own, which the training form does not have. */
  function makeTerm(term: Term, joined: Value): Value {
    if ("value" in term) return make(term.value);
    const value: Value = { ...joined, shape: term.shape, id: undefined };
    makers.set(value, region(term.plan, value));
    return value;
  }

  function region({ source, map: planned, ops }: Pick<Plan, "source" | "map" | "ops">, value: Value): Maker {
    make(source);
    const map = executable(planned, value.shape, target);
    return changesNothing(map) ? { kind: "same", source } : { kind: "region", source, map, ops };
  }

  /** With its whole unit, or by itself where the unit is taken apart, or the operation done with something else. */
  function asItIs(op: Op, { id }: Value): Maker {
    const { step, operation, inputs } = op;
    if (step.kind === "activation" && operation.op !== "activation") {
      // What comes before it in its operation was made in another way.
      inputs.forEach(make);
      const { activation } = step;
      const name = `${operation.name}/${activation}`;
      const bare = {
        op: "activation",
        name,
        inputs: operation.inputs,
        outputs: operation.outputs,
        activation,
      } as const;
      return { kind: "operation", op: { ...op, operation: bare } };
    }
    if (op.unit.operations.length === 1 && id !== undefined) return unit(op.unit, op.inputs);
    op.inputs.forEach(make);
    return { kind: "operation", op };
  }

  function unit(unit: Unit, inputs: readonly Value[]): Maker {
    const maker: Maker = units.get(unit) ?? { kind: "unit", unit, inputs: inputs.map(make) };
    units.set(unit, maker);
    return maker;
  }

  /** The plan of a value whose operation can take over the activation after it without becoming dearer. */
  function planWithActivation(value: Value): Plan | undefined {
    const { best } = plans.ways.get(value)!;
    if (best === undefined || isShared(value)) return undefined;
    const { map, ops } = best;
    const isConvolution = CARRIERS.has(ops[0]?.operation.op) && executable(map, value.shape, target) === map;
    if (map.copies || (ops.length === 1 && !isConvolution)) return undefined;
    carried.add(value);
    return best;
  }

  /** What the value's unit reads, where the cheapest way to the value is that unit as it is. */
  function unitSource(value: Value): Value | undefined {
    if (value.id === undefined) return undefined;
    let current = value;
    do {
      const op = current.op!;
      if (op.step.kind === "affine") {
        const { best } = plans.ways.get(current)!;
        if (best?.ops.length !== 1 || best.ops[0] !== op || changesNothing(best.map)) return undefined;
        current = best.source;
      } else {
        const input = op.inputs[0];
        // The first step of several that stay: what it reads is what the unit reads.
        if (input === undefined || input.id !== undefined) return current === value ? undefined : input;
        current = input;
      }
    } while (current.id === undefined);
    return current;
  }
}
