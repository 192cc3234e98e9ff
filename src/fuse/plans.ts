/**
 * The search: for every value, the single maps that compute it, what each costs, and the cheapest way. One walk in
 * topological order extends the plans of the inputs by each step while the laws hold. "Cheaper" is fewer MACs, then fewer
 * layers, so a merge that only moves work around is not done, and one that grows locally is done where a parallel branch
 * takes it in.
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
import { channelsOf, pixelsOf } from "./image.ts";
import { isShared, type Op, type StepGraph, type Value } from "./values.ts";

/** One convolution that computes a value. */
export interface Plan {
  /** The value that it reads. */
  readonly source: Value;
  readonly map: Affine;
  /** How many of the source's readers it stands for. */
  readonly uses: number;
  /** The steps that it merges, in order. */
  readonly ops: readonly Op[];
  /** What need not be computed because the plan goes through it and beyond. */
  readonly saved: Cost;
  /** With the way to its source where nothing else needs that. */
  readonly cost: Cost;
}

/** A term of an addition that stays: a value, or several merged into one. */
export type Term = { readonly value: Value } | { readonly plan: Plan };

/** The ways to a value, and the cheapest of them. */
export interface Ways {
  /** Every single map to it, from the nearest source to the farthest. */
  readonly plans: readonly Plan[];
  readonly cost: Cost;
  /** The cheapest. */
  readonly best?: Plan;
  /** Those of an addition that stays, where that is cheaper; without both the value is made by a layer that stays. */
  readonly terms?: readonly Term[];
}

/** A merge that a law forbids. */
export interface Refused {
  /** The step that did not merge. */
  readonly op: Op;
  /** What it would have merged with. */
  readonly partners: readonly Op[];
  readonly refusal: Refusal;
}

/** What can be made of a network. */
export interface Plans {
  readonly ways: ReadonlyMap<Value, Ways>;
  /** The merges that a law forbids, in the order in which they were met. */
  readonly refused: readonly Refused[];
  /** The steps that could merge into what makes a value, were it not needed elsewhere. */
  readonly apart: ReadonlyMap<Value, readonly Op[]>;
}

/** The plans of every value of a network. */
export function plansOf({ values }: StepGraph, laws: Laws): Plans {
  const ways = new Map<Value, Ways>();
  const refused: Refused[] = [];
  const apart = new Map<Value, readonly Op[]>();
  for (const value of values) ways.set(value, waysTo(value));
  return { ways, refused, apart };

  function waysTo(value: Value): Ways {
    const { op } = value;
    if (op === undefined) return cheapestWay([]);
    const { step } = op;
    for (const input of new Set(op.inputs)) noteIfApart(input, op);
    if (step.kind === "affine") {
      const own = priced({ source: op.inputs[0]!, map: step.map, uses: 1, ops: [op], saved: FREE }, value);
      return cheapestWay(extended(value, op, [own]));
    }
    if (step.kind === "add") return addition(value, op, step.factor);
    if (step.kind === "opaque" && step.refusal !== undefined) note(op, [], step.refusal);
    return cheapestWay([]);
  }

  /** The plans, and those that go on through their sources. */
  function extended(value: Value, op: Op, plans: readonly Plan[]): readonly Plan[] {
    const result = new Map(plans.map((plan) => [plan.source, plan]));
    for (const plan of plans) {
      const { source } = plan;
      if (plan.uses < source.readers || source.isOutput) continue;
      const { cost, plans: earlier } = ways.get(source)!;
      const saved = source.readers > 1 ? cost : FREE;
      for (const before of earlier) {
        if (result.has(before.source)) continue;
        const outcome = laws.compose(before.map, plan.map);
        if (outcome.kind === "refusal") {
          note(op, before.ops, outcome);
          continue;
        }
        const longer = {
          source: before.source,
          map: outcome,
          uses: before.uses,
          ops: [...before.ops, ...plan.ops],
          saved: plus(saved, plus(before.saved, plan.saved)),
        };
        result.set(before.source, priced(longer, value));
      }
    }
    return [...result.values()];
  }

  function addition(value: Value, op: Op, factor: number): Ways {
    const first = op.inputs[0]!.shape;
    const comparable = op.inputs.every(({ shape }) =>
      channelsOf(shape) !== undefined && shape!.length === first?.length &&
      shape!.every((length, i) => length === first[i])
    );
    if (!comparable) return cheapestWay([]);
    const branches = op.inputs.map(candidates);
    const whole = merged(value, op, branches);
    if ("kind" in whole) note(op, branches.flatMap((plans) => plans.at(-1)!.ops), whole);
    const plans = "kind" in whole
      ? []
      : extended(value, op, factor === 1 ? whole : scaled(value, whole, factor));
    const terms = factor === 1 ? grouped(value, op, branches) : op.inputs.map((input) => ({ value: input }));
    const costs = terms.map((term) => "value" in term ? costToRead(term.value) : term.plan.cost);
    return cheapestWay(plans, { terms, cost: costs.reduce(plus, { macs: 0, layers: 1 }) });
  }

  function scaled(value: Value, plans: readonly Plan[], factor: number): readonly Plan[] {
    return plans.flatMap((plan) => {
      const factors = new Float64Array(plan.map.outChannels).fill(factor);
      const map = laws.compose(plan.map, laws.scale(factors));
      return map.kind === "refusal" ? [] : [priced({ ...plan, map }, value)];
    });
  }

  /** The plans that a branch can bring into an addition: first of all itself, unchanged. */
  function candidates(value: Value): readonly Plan[] {
    const map = laws.identity(channelsOf(value.shape)!);
    const itself = priced({ source: value, map, uses: 1, ops: [], saved: FREE }, value);
    return isShared(value) ? [itself] : [itself, ...ways.get(value)!.plans];
  }

  /** One plan for every source that all branches share and where the sum is exact, or why there is none. */
  function merged(
    value: Value,
    op: Op,
    branches: readonly (readonly Plan[])[],
  ): readonly Plan[] | Refusal {
    const plans: Plan[] = [];
    let refusal = differentSources(branches);
    for (const { source } of branches[0]!) {
      const parts = branches.map((plans) => plans.find((plan) => plan.source === source));
      if (!parts.every((part) => part !== undefined)) continue;
      const map = parts.slice(1).reduce<Affine | Refusal>(
        (sum, part) => sum.kind === "refusal" ? sum : laws.add(sum, part.map),
        parts[0]!.map,
      );
      if (map.kind === "refusal") {
        refusal = map;
        continue;
      }
      const uses = parts.reduce((sum, part) => sum + part.uses, 0);
      const ops = [...parts.flatMap((part) => part.ops), op];
      const saved = parts.reduce((sum, part) => plus(sum, part.saved), FREE);
      plans.push(priced({ source, map, uses, ops, saved }, value));
    }
    return plans.length === 0 ? refusal : plans;
  }

  /** The terms of an addition that stays: branches join a term where that costs nothing. */
  function grouped(value: Value, op: Op, branches: readonly (readonly Plan[])[]): readonly Term[] {
    const groups: { members: number[]; plans: readonly Plan[] }[] = [];
    branches.forEach((branch, i) => {
      for (const group of groups) {
        const joined = merged(value, op, [...group.members.map((member) => branches[member]!), branch]);
        if ("kind" in joined) continue;
        const separate = plus(cheapest(branch).cost, cheapest(group.plans).cost);
        if (isLess(separate, cheapest(joined).cost)) continue;
        group.members.push(i);
        group.plans = joined;
        return;
      }
      groups.push({ members: [i], plans: branch });
    });
    return groups.map(({ members, plans }) =>
      members.length === 1 ? { value: op.inputs[members[0]!]! } : { plan: cheapest(plans) }
    );
  }

  function priced(plan: Omit<Plan, "cost">, value: Value): Plan {
    // A plan that merges nothing leaves its layer as it is.
    const perPixel = costPerPixel(plan.ops.length > 1 ? executable(plan.map, value.shape) : plan.map);
    const own = { macs: perPixel * pixelsOf(value.shape), layers: changesNothing(plan.map) ? 0 : 1 };
    return { ...plan, cost: minus(plus(own, costToRead(plan.source)), plan.saved) };
  }

  function costToRead(value: Value): Cost {
    return isShared(value) ? FREE : ways.get(value)!.cost;
  }

  function note(op: Op, partners: readonly Op[], refusal: Refusal): void {
    const known = refused.some((other) => other.op === op && other.refusal.law === refusal.law);
    if (!known) refused.push({ op, partners, refusal });
  }

  function noteIfApart(input: Value, op: Op): void {
    if (!isShared(input)) return;
    const { step } = op;
    const merges = ways.get(input)!.plans.some(({ map }) =>
      step.kind === "add" || (step.kind === "affine" && laws.compose(map, step.map).kind === "affine")
    );
    if (merges) apart.set(input, [...apart.get(input) ?? [], op]);
  }
}

function cheapest(plans: readonly Plan[]): Plan {
  return plans.reduce((a, b) => isLess(b.cost, a.cost) ? b : a);
}

/** The cheapest of the plans; where none is cheaper, the addition that stays. */
function cheapestWay(plans: readonly Plan[], sum?: Pick<Ways, "terms" | "cost">): Ways {
  const best = plans.length === 0 ? undefined : cheapest(plans);
  if (best === undefined || (sum !== undefined && !isLess(best.cost, sum.cost))) {
    return { plans, cost: FREE, ...sum };
  }
  return { plans, best, cost: best.cost };
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
