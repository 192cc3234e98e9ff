/**
 * Why merges were not done: laws that do not hold, tensors that are needed elsewhere, merges that would cost more.
 *
 * @module
 */
import { channelsOf } from "./image.ts";
import type { Plans, Refused } from "./plans.ts";
import type { RefusedMerge } from "./report.ts";
import type { Op, Value } from "./values.ts";

/**
 * Every refused merge of a network, in the order of its layers.
 *
 * @param values All of the network.
 * @param computed Those that the fused network computes, alone or with their activation.
 * @param plans What could be merged.
 */
export function refusedMerges(
  values: readonly Value[],
  computed: readonly Value[],
  plans: Plans,
): readonly RefusedMerge[] {
  const found = [
    ...plans.refused.filter(isFirstToSay).map(({ op, partners, refusal: { law, reason, advice } }) => ({
      layer: op.unit.name,
      partners: layerNames(partners),
      law,
      reason,
      advice,
    })),
    ...computed.flatMap((value) => [...tooCostly(value, plans), ...neededElsewhere(value, plans)]),
  ];
  const named = new Set(found.flatMap(({ layer, partners }) => [layer, ...partners]));
  found.push(
    ...computed.flatMap((value) => named.has(value.unit.name) ? [] : keptNormalization(value, plans)),
  );
  const order = new Map(values.map((value, i) => [value.unit.name, i]));
  // A step that only copies was taken once for each reader.
  const distinct = new Map(found.map((refusal) => [JSON.stringify(refusal), refusal]));
  return [...distinct.values()].sort((a, b) => (order.get(a.layer) ?? 0) - (order.get(b.layer) ?? 0));
}

/** Whether nothing behind a step that only copies or pads is refused for the same cause. */
function isFirstToSay({ op, partners, refusal }: Refused, _: number, all: readonly Refused[]): boolean {
  const { step } = op;
  return step.kind !== "affine" || !step.map.copies ||
    !all.some((other) =>
      other.op.unit !== op.unit && other.refusal.law === refusal.law &&
      partners.every((partner) => other.partners.includes(partner))
    );
}

/** A value whose widest exact merge was not the cheapest way to it. */
function tooCostly(value: Value, { ways }: Plans): RefusedMerge[] {
  const { plans, best, cost } = ways.get(value)!;
  const [widest] = plans.toSorted((a, b) => b.ops.length - a.ops.length);
  if (widest === undefined || widest.ops.length < 2 || widest.ops.length === best?.ops.length) return [];
  const [merged, apart] = [widest.cost.macs, cost.macs];
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
function neededElsewhere(value: Value, { apart }: Plans): RefusedMerge[] {
  const partners = apart.get(value);
  if (partners === undefined) return [];
  const use = value.isOutput ? "it is an output of the network" : `${value.readers} layers read it`;
  return [{
    layer: value.unit.name,
    partners: layerNames(partners),
    law: "oneReader",
    reason: `its output must be computed: ${use}`,
    advice: "Let one layer read it, or let all branches from it meet again before the next activation.",
  }];
}

/** A BatchNorm that stays though no law forbids it to merge: there is nothing beside it that it could merge with. */
function keptNormalization({ op, unit }: Value, { ways }: Plans): RefusedMerge[] {
  if (op?.operation.op !== "batchNorm") return [];
  const merges = [...ways.values()].some(({ best }) =>
    best !== undefined && best.ops.length > 1 && best.ops.includes(op)
  );
  if (merges) return [];
  const [input] = op.inputs;
  const { name } = input!.unit;
  const maker = input!.op;
  const kind = maker === undefined
    ? "input"
    : maker.step.kind === "activation"
    ? maker.step.activation
    : maker.operation.op === "opaque"
    ? maker.operation.origin.kind
    : maker.operation.op;
  const from = `the ${kind} of "${name}"`;
  const shape = op.shape;
  return [{
    layer: unit.name,
    partners: [],
    law: "batchNorm",
    reason: channelsOf(shape) !== undefined
      ? `no convolution and no dense layer stands directly before it, but ${from}, and none behind it`
      : `it reads ${from}, of shape ${
        shape === undefined ? "unknown" : `[${shape.map((n) => n ?? "?")}]`
      }, and images and ` +
        "vectors alone are folded",
    advice: "Put it directly behind a convolution or a dense layer.",
  }];
}

function layerNames(ops: readonly Op[]): string[] {
  return [...new Set(ops.map((op) => op.unit.name))];
}
