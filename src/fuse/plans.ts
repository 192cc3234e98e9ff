/**
 * The search: for every value, the single maps that compute it and what each costs. One walk in topological order extends
 * the plans of the inputs by each step while the laws hold; the cheapest plan of a value that must be made is what the
 * fused network runs. "Cheaper" is fewer MACs, then fewer layers, so a merge that only moves work around
 * is not done, and one that grows locally is done where a parallel branch takes it in.
 *
 * A value that several steps read is a source of its own. When all of them come together again in one map, the plan goes
 * on through it.
 *
 * @module
 */
import { type Refusal, refuse } from "../graph/refusal.ts";
import { type Affine, changesNothing } from "./affine.ts";
import { type Cost, FREE, isLess, minus, plus } from "./cost.ts";
import { costPerPixel, executable } from "./executable.ts";
import type { Laws } from "./laws.ts";
import type { Best, Plan, Refused, Term } from "./plan.ts";
import type { Op, StepGraph, Value } from "./values.ts";

/** The plans of every value of a network. */
export class Plans {
  /** The merges that a law forbids, in the order in which they were met. */
  readonly refused: Refused[] = [];
  private readonly plans = new Map<Value, readonly Plan[]>();
  private readonly sums = new Map<Value, readonly Term[]>();
  private readonly chosen = new Map<Value, Best>();

  constructor(graph: StepGraph, private readonly laws: Laws) {
    for (const value of graph.values) {
      const step = value.op?.step;
      if (step?.kind === "affine") this.plans.set(value, this.afterMap(value.op!, step.map));
      if (step?.kind === "add") this.addition(value, value.op!, step.factor);
      if (step?.kind === "opaque" && step.refusal !== undefined) this.note(value.op!, [], step.refusal);
    }
  }

  /** Every single map to the value, from the nearest source to the farthest. */
  of(value: Value): readonly Plan[] {
    return this.plans.get(value) ?? [];
  }

  /** Whether a step that reads the value could merge into what makes it, cost aside. */
  wouldMerge(value: Value, { step }: Op): boolean {
    const plans = this.of(value);
    if (step.kind === "add") return plans.length > 0;
    return step.kind === "affine" &&
      plans.some((plan) => this.laws.compose(plan.map, step.map).kind === "affine");
  }

  /** The cheapest way to the value. */
  best(value: Value): Best {
    const known = this.chosen.get(value);
    if (known !== undefined) return known;
    const terms = this.sums.get(value);
    let best: Best = terms === undefined
      ? { kind: "given", cost: FREE }
      : { kind: "sum", terms, cost: this.costOfTerms(terms, value) };
    for (const plan of this.of(value)) {
      const cost = this.costOf(plan, value);
      if (best.kind === "given" || isLess(cost, best.cost)) best = { kind: "plan", plan, cost };
    }
    this.chosen.set(value, best);
    return best;
  }

  /** The cheapest of some plans for a value of that shape. */
  cheapest(plans: readonly Plan[], value: Value): Plan {
    return plans.reduce((a, b) => isLess(this.costOf(b, value), this.costOf(a, value)) ? b : a);
  }

  /** What a plan costs, with the way to its source where nothing else needs that. */
  costOf(plan: Plan, value: Value): Cost {
    const own: Cost = {
      // A plan that merges nothing leaves its layer as it is.
      macs: costPerPixel(plan.ops.length > 1 ? executable(plan.map) : plan.map) *
        pixels(value),
      layers: changesNothing(plan.map) ? 0 : 1,
    };
    return minus(plus(own, this.costToRead(plan.source)), plan.saved);
  }

  private costToRead(value: Value): Cost {
    return value.readers > 1 || value.isOutput ? FREE : this.best(value).cost;
  }

  private afterMap(op: Op, map: Affine): readonly Plan[] {
    return this.extended(op, [{ source: op.inputs[0]!, map, uses: 1, ops: [op], saved: FREE }]);
  }

  /** The plans, and those that go on through their sources. */
  private extended(op: Op, plans: readonly Plan[]): readonly Plan[] {
    const result = new Map(plans.map((plan) => [plan.source, plan]));
    for (const plan of plans) {
      const { source } = plan;
      if (plan.uses < source.readers || source.isOutput) continue;
      const saved = source.readers > 1 ? this.best(source).cost : FREE;
      for (const before of this.of(source)) {
        if (result.has(before.source)) continue;
        const outcome = this.laws.compose(before.map, plan.map);
        if (outcome.kind === "refusal") {
          this.note(op, before.ops, outcome);
          continue;
        }
        result.set(before.source, {
          source: before.source,
          map: outcome,
          uses: before.uses,
          ops: [...before.ops, ...plan.ops],
          saved: plus(saved, plus(before.saved, plan.saved)),
        });
      }
    }
    return [...result.values()];
  }

  private addition(value: Value, op: Op, factor: number): void {
    const first = op.inputs[0]!.shape;
    const comparable = op.inputs.every(({ shape }) =>
      shape?.length === 4 && shape[3] != null && shape.every((length, i) => length === first?.[i])
    );
    if (!comparable) return;
    const candidates = op.inputs.map((input) => this.candidates(input));
    const whole = this.merged(op, candidates);
    if ("kind" in whole) this.note(op, candidates.flatMap((plans) => plans.at(-1)!.ops), whole);
    else this.plans.set(value, this.extended(op, factor === 1 ? whole : this.scaled(whole, factor)));
    const terms = factor === 1
      ? this.grouped(value, op, candidates)
      : op.inputs.map((input) => ({ value: input }));
    this.sums.set(value, terms);
  }

  private scaled(plans: readonly Plan[], factor: number): readonly Plan[] {
    return plans.flatMap((plan) => {
      const factors = new Float64Array(plan.map.outChannels).fill(factor);
      const map = this.laws.compose(plan.map, this.laws.scale(factors));
      return map.kind === "refusal" ? [] : [{ ...plan, map }];
    });
  }

  /** The plans that a branch can bring into an addition: first of all itself, unchanged. */
  private candidates(value: Value): readonly Plan[] {
    const channels = value.shape![3]!;
    const itself: Plan = { source: value, map: this.laws.identity(channels), uses: 1, ops: [], saved: FREE };
    return value.readers === 1 && !value.isOutput ? [itself, ...this.of(value)] : [itself];
  }

  /** One plan for every source that all branches share and where the sum is exact, or why there is none. */
  private merged(op: Op, branches: readonly (readonly Plan[])[]): readonly Plan[] | Refusal {
    const plans: Plan[] = [];
    let refusal = differentSources(branches);
    for (const { source } of branches[0]!) {
      const parts = branches.map((plans) => plans.find((plan) => plan.source === source));
      if (!parts.every((part) => part !== undefined)) continue;
      const outcome = parts.slice(1).reduce<Affine | Refusal>(
        (sum, part) => sum.kind === "refusal" ? sum : this.laws.add(sum, part.map),
        parts[0]!.map,
      );
      if (outcome.kind === "refusal") {
        refusal = outcome;
        continue;
      }
      plans.push({
        source,
        map: outcome,
        uses: parts.reduce((sum, part) => sum + part.uses, 0),
        ops: [...parts.flatMap((part) => part.ops), op],
        saved: parts.reduce((sum, part) => plus(sum, part.saved), FREE),
      });
    }
    return plans.length === 0 ? refusal : plans;
  }

  /** The terms of an addition that stays: branches join a term where that costs nothing. */
  private grouped(value: Value, op: Op, branches: readonly (readonly Plan[])[]): readonly Term[] {
    const groups: { members: number[]; plans: readonly Plan[] }[] = [];
    branches.forEach((branch, i) => {
      const own = this.costOf(this.cheapest(branch, value), value);
      for (const group of groups) {
        const joined = this.merged(op, [...group.members.map((member) => branches[member]!), branch]);
        if ("kind" in joined) continue;
        const apart = plus(own, this.costOf(this.cheapest(group.plans, value), value));
        if (isLess(apart, this.costOf(this.cheapest(joined, value), value))) continue;
        group.members.push(i);
        group.plans = joined;
        return;
      }
      groups.push({ members: [i], plans: branch });
    });
    return groups.map(({ members, plans }) =>
      members.length === 1 ? { value: op.inputs[members[0]!]! } : { plans }
    );
  }

  private costOfTerms(terms: readonly Term[], value: Value): Cost {
    const costs = terms.map((term) =>
      "value" in term ? this.costToRead(term.value) : this.costOf(this.cheapest(term.plans, value), value)
    );
    return costs.reduce(plus, { macs: 0, layers: 1 });
  }

  private note(op: Op, partners: readonly Op[], refusal: Refusal): void {
    const known = this.refused.some((other) => other.op === op && other.refusal.law === refusal.law);
    if (!known) this.refused.push({ op, partners, refusal });
  }
}

function differentSources(branches: readonly (readonly Plan[])[]): Refusal {
  const names = branches.map((plans) => `"${plans.at(-1)!.source.unit.name}"`);
  return refuse(
    "add",
    `the branches start from different tensors: those of ${[...new Set(names)].join(" and ")}`,
    "Let all branches start from one tensor: no activation inside a branch, and no tensor inside one that is also read " +
      "elsewhere.",
  );
}

/** The pixels of an image; 1 where the size is not fixed, which fits all maps of a region, since none has a stride. */
export function pixels({ shape }: Pick<Value, "shape">): number {
  return (shape?.[1] ?? 1) * (shape?.[2] ?? 1);
}
