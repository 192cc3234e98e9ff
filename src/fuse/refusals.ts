/**
 * Why merges were not done: laws that do not hold, values that are needed elsewhere, merges that would cost more.
 *
 * @module
 */
import type { Plan, Plans } from "./plans.ts";
import type { Rebuilder } from "./rebuild.ts";
import type { RefusedMerge } from "./report.ts";
import type { Op, StepGraph, Value } from "./values.ts";

/** Every refused merge of a network, in the order of its layers. */
export function refusedMerges(plans: Plans, rebuilder: Rebuilder, graph: StepGraph): readonly RefusedMerge[] {
  const written = graph.values.filter((value) => rebuilder.written.has(value));
  const found: RefusedMerge[] = [
    ...plans.refused.map(({ op, refusal }) => ({
      layer: op.call.layer.name,
      law: refusal.law,
      reason: refusal.reason,
      advice: refusal.advice,
    })),
    ...written.flatMap((value) => tooCostly(value, plans)),
    ...graph.values.flatMap((value) => neededElsewhere(value, plans, rebuilder)),
  ];
  const order = new Map(graph.values.map((value, i) => [value.call.layer.name, i]));
  return found.sort((a, b) => (order.get(a.layer) ?? 0) - (order.get(b.layer) ?? 0));
}

/** A value whose widest exact merge was not the cheapest. */
function tooCostly(value: Value, plans: Plans): RefusedMerge[] {
  const best = plans.best(value);
  const widest = plans.of(value).reduce<Plan | undefined>(
    (a, b) => a === undefined || b.ops.length > a.ops.length ? b : a,
    undefined,
  );
  if (widest === undefined || best.kind === "given") return [];
  if (best.kind === "plan" && best.plan.ops.length === widest.ops.length) return [];
  const merged = plans.costOf(widest, value).multiplyAccumulates;
  const apart = best.cost.multiplyAccumulates;
  if (merged <= apart) return [];
  return [{
    layer: value.call.layer.name,
    law: "cost",
    reason: `merged with ${
      firstLayer(widest)
    } it would take ${merged} multiply-accumulates instead of ${apart}`,
    advice: "Nothing: the layers are cheaper apart.",
  }];
}

/** A value that could have merged into what reads it, had it one reader. */
function neededElsewhere(value: Value, plans: Plans, rebuilder: Rebuilder): RefusedMerge[] {
  const shared = value.readers > 1 || (value.isOutput && value.readers > 0);
  if (!shared || plans.of(value).length === 0 || !rebuilder.written.has(value)) return [];
  const others = value.isOutput ? "it is an output of the network" : `${value.readers} layers read it`;
  return [{
    layer: value.call.layer.name,
    law: "oneReader",
    reason: `its output cannot disappear into the next layer: ${others}`,
    advice: "Let one layer read it, or let all branches from it meet again before the next activation.",
  }];
}

function firstLayer(plan: Plan): string {
  const first: Op | undefined = plan.ops[0];
  return `"${first?.call.layer.name ?? ""}"`;
}
