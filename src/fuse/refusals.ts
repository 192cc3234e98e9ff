/**
 * Why merges were not done: laws that do not hold, tensors that are needed elsewhere, merges that would cost more.
 *
 * @module
 */
import type { Plan } from "./plan.ts";
import type { Plans } from "./plans.ts";
import type { RefusedMerge } from "./report.ts";
import type { Op, StepGraph, Value } from "./values.ts";

/**
 * Every refused merge of a network, in the order of its layers.
 *
 * @param plans What could be merged.
 * @param graph The steps of the network.
 * @param isComputed Whether the fused network computes a value.
 */
export function refusedMerges(
  plans: Plans,
  graph: StepGraph,
  isComputed: (value: Value) => boolean,
): readonly RefusedMerge[] {
  const readers = readersOf(graph);
  const found: RefusedMerge[] = plans.refused.map(({ op, partners, refusal }) => ({
    layer: op.unit.name,
    partners: layerNames(partners),
    law: refusal.law,
    reason: refusal.reason,
    advice: refusal.advice,
  }));
  for (const value of graph.values.filter(isComputed)) {
    found.push(...tooCostly(value, plans), ...neededElsewhere(value, plans, readers.get(value) ?? []));
  }
  const order = new Map(graph.values.map((value, i) => [value.unit.name, i]));
  // A step that only copies was taken once for each reader.
  const distinct = new Map(found.map((refusal) => [JSON.stringify(refusal), refusal]));
  return [...distinct.values()].sort((a, b) => (order.get(a.layer) ?? 0) - (order.get(b.layer) ?? 0));
}

/** A value whose widest exact merge was not the cheapest way to it. */
function tooCostly(value: Value, plans: Plans): RefusedMerge[] {
  const best = plans.best(value);
  const widest = plans.of(value).reduce<Plan | undefined>(
    (a, b) => a === undefined || b.ops.length > a.ops.length ? b : a,
    undefined,
  );
  if (widest === undefined || best.kind === "given") return [];
  if (best.kind === "plan" && best.plan.ops.length === widest.ops.length) return [];
  const merged = plans.costOf(widest, value).macs;
  const apart = best.cost.macs;
  if (merged <= apart) return [];
  const { name } = value.unit;
  return [{
    layer: name,
    partners: layerNames(widest.ops).filter((other) => other !== name),
    law: "cost",
    reason: `merged it would take ${merged} MACs instead of ${apart}`,
    advice: "Nothing: the layers are cheaper apart.",
  }];
}

/** A value that could have merged into what reads it, had it one reader. */
function neededElsewhere(value: Value, plans: Plans, readers: readonly Op[]): RefusedMerge[] {
  const shared = value.readers > 1 || value.isOutput;
  const partners = shared ? readers.filter((reader) => plans.wouldMerge(value, reader)) : [];
  if (partners.length === 0) return [];
  const use = value.isOutput ? "it is an output of the network" : `${value.readers} layers read it`;
  return [{
    layer: value.unit.name,
    partners: layerNames(partners),
    law: "oneReader",
    reason: `its output must be computed: ${use}`,
    advice: "Let one layer read it, or let all branches from it meet again before the next activation.",
  }];
}

function readersOf(graph: StepGraph): ReadonlyMap<Value, readonly Op[]> {
  const readers = new Map<Value, Op[]>();
  for (const op of new Set(graph.values.map((value) => value.op))) {
    for (const input of op?.inputs ?? []) readers.set(input, [...readers.get(input) ?? [], op!]);
  }
  return readers;
}

function layerNames(ops: readonly Op[]): string[] {
  return [...new Set(ops.map((op) => op.unit.name))];
}
