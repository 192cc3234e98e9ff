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
import type { Shape } from "../graph/graph.ts";
import type { Target } from "../graph/target.ts";
import { type Affine, changesNothing } from "./affine.ts";
import { isPerChannel } from "./channels.ts";
import { type Cost, FREE, isLess, minus, plus } from "./cost.ts";
import { executable, macsPerPixel } from "./executable.ts";
import type { Join } from "./joins.ts";
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

/** An input of a join that stays: a value as it is, or one that is made by a plan. */
export type Term =
  & { readonly shape: Shape }
  & ({ readonly value: Value } | { readonly plan: Plan });

/** A join that stays. */
export interface StayingJoin {
  /** The step that joins; a map that stood behind it may have gone into its terms. */
  readonly op: Op;
  readonly join: Join;
  readonly terms: readonly Term[];
  readonly cost: Cost;
}

/** The ways to a value, and the cheapest of them. */
export interface Ways {
  /** Every single map to it, from the nearest source to the farthest. */
  readonly plans: readonly Plan[];
  readonly cost: Cost;
  /** The cheapest, where that is cheaper than a join that stays. */
  readonly best?: Plan;
  /** Without both, the value is made by a layer that stays. */
  readonly join?: StayingJoin;
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
export function plansOf({ values }: StepGraph, laws: Laws, target?: Target): Plans {
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
      const own = { source: op.inputs[0]!, map: step.map, uses: 1, ops: [op], saved: FREE };
      const plans = extended(value, op, [priced(own, value.shape)]);
      const alone = cheapestWay(plans);
      const join = joinBefore(op, step.map);
      if (join === undefined) return alone;
      const pays = isLess(join.cost, alone.cost) && join.cost.layers < alone.cost.layers;
      if (pays) return { plans, join, cost: join.cost };
      noteIfKept(op, join);
      return alone;
    }
    if (step.kind === "join") return joined(value, op, step.join);
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
        const outcome = laws.compose(before.map, plan.map, isOpen(before.source));
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
        result.set(before.source, priced(longer, value.shape));
      }
    }
    return [...result.values()];
  }

  function joined(value: Value, op: Op, join: Join): Ways {
    const branches = op.inputs.map(candidates);
    const all = branches.map((_, i) => i);
    const whole = join.part === undefined ? undefined : merged(value.shape, op, join, branches, all);
    if (whole !== undefined && "kind" in whole && join.groups !== "neighbours") {
      note(op, branches.flatMap((plans) => plans.at(-1)!.ops), whole);
    }
    const plans = whole === undefined || "kind" in whole
      ? behind(value, op, join)
      : extended(value, op, whole);
    const terms = grouped(op, join, branches);
    return cheapestWay(plans, staying(op, join, terms));
  }

  function staying(op: Op, join: Join, terms: readonly Term[]): StayingJoin {
    const costs = terms.map((term) => "value" in term ? costToRead(term.value) : term.plan.cost);
    return { op, join, terms, cost: costs.reduce(plus, { macs: 0, layers: 1 }) };
  }

  /** The maps of the only input, each behind the operation, which is done with what they read. */
  function behind(value: Value, op: Op, join: Join): readonly Plan[] {
    const [input, ...others] = op.inputs as [Value, ...Value[]];
    if (join.behind === undefined || others.length > 0 || isShared(input)) return [];
    return ways.get(input)!.plans.flatMap((plan) => {
      const map = join.behind!(plan.map);
      if (map === undefined) return [];
      const inputs = [plan.source];
      const shape = value.shape!.with(-1, map.inChannels);
      const moved: Op = { ...op, inputs, shape };
      const source: Value = {
        ...value,
        op: moved,
        shape,
        id: undefined,
        readers: 1,
        isOutput: false,
      };
      ways.set(source, { plans: [], cost: plus(costToRead(plan.source), { macs: 0, layers: 1 }) });
      return [priced({ ...plan, source, map, uses: 1, ops: [...plan.ops, op] }, value.shape)];
    });
  }

  /** The join that the operation reads, with the map in its terms. */
  function joinBefore(op: Op, map: Affine): StayingJoin | undefined {
    const [input] = op.inputs as [Value];
    const before = isShared(input) ? undefined : ways.get(input)!.join;
    if (before === undefined || !isPerChannel(map)) return undefined;
    const channels = before.terms.map(({ shape }) => channelsOf(shape)!);
    const terms = before.terms.map((term, i) => {
      const part = before.join.before(map, channels, i);
      return part && { shape: term.shape, plan: cheapest(followed(term, op, part)) };
    });
    return terms.every((term) => term !== undefined) ? staying(before.op, before.join, terms) : undefined;
  }

  /** The ways to a term and on through a map. */
  function followed(term: Term, { unit, operation, inputs }: Op, map: Affine): readonly Plan[] {
    const { shape } = term;
    const op: Op = { step: { kind: "affine", map }, unit, operation, inputs, shape };
    return ("plan" in term ? [term.plan] : candidates(term.value)).flatMap((plan) => {
      const outcome = laws.compose(plan.map, map);
      return outcome.kind === "refusal"
        ? []
        : [priced({ ...plan, map: outcome, ops: [...plan.ops, op] }, shape, true)];
    });
  }

  /** The plans that a branch can bring into an addition: first of all itself, unchanged. */
  function candidates(value: Value): readonly Plan[] {
    const map = laws.identity(channelsOf(value.shape)!);
    const itself = priced({ source: value, map, uses: 1, ops: [], saved: FREE }, value.shape);
    return isShared(value) ? [itself] : [itself, ...ways.get(value)!.plans];
  }

  /** One plan for every source that all members share and where the join is exact, or why there is none. */
  function merged(
    shape: Shape,
    op: Op,
    join: Join,
    branches: readonly (readonly Plan[])[],
    members: readonly number[],
  ): readonly Plan[] | Refusal {
    const plans: Plan[] = [];
    const channels = members.map((member) => channelsOf(op.inputs[member]!.shape)!);
    const chosen = members.map((member) => branches[member]!);
    let refusal = differentSources(chosen);
    for (const { source } of chosen[0]!) {
      const parts = chosen.map((plans) => plans.find((plan) => plan.source === source));
      if (!parts.every((part) => part !== undefined)) continue;
      const map = parts.map((part, i) => join.part!(part.map, channels, i, laws))
        .reduce((sum, part) =>
          sum.kind === "refusal" ? sum : part.kind === "refusal" ? part : laws.add(sum, part)
        );
      if (map.kind === "refusal") {
        refusal = map;
        continue;
      }
      const uses = parts.reduce((sum, part) => sum + part.uses, 0);
      const ops = [...parts.flatMap((part) => part.ops), op];
      const saved = parts.reduce((sum, part) => plus(sum, part.saved), FREE);
      plans.push(priced({ source, map, uses, ops, saved }, shape));
    }
    return plans.length === 0 ? refusal : plans;
  }

  /** The terms of a join that stays: inputs become one term where that costs nothing. */
  function grouped(op: Op, join: Join, branches: readonly (readonly Plan[])[]): readonly Term[] {
    const groups: { members: number[]; plans: readonly Plan[]; shape: Shape }[] = [];
    branches.forEach((branch, i) => {
      const { shape } = op.inputs[i]!;
      for (const group of join.groups === "any" ? groups : join.groups === "none" ? [] : groups.slice(-1)) {
        const members = [...group.members, i];
        const total = join.groups === "any"
          ? shape
          : shape!.with(-1, members.reduce((sum, n) => sum + channelsOf(op.inputs[n]!.shape)!, 0));
        const joined = merged(total, op, join, branches, members);
        if ("kind" in joined) continue;
        const separate = plus(cheapest(branch).cost, cheapest(group.plans).cost);
        if (isLess(separate, cheapest(joined).cost)) continue;
        group.members.push(i);
        group.plans = joined;
        group.shape = total;
        return;
      }
      groups.push({ members: [i], plans: branch, shape });
    });
    return groups.map(({ members, plans, shape }) =>
      members.length === 1 ? { value: op.inputs[members[0]!]!, shape } : { plan: cheapest(plans), shape }
    );
  }

  /** @param isNew Whether no layer is the plan as it is. */
  function priced(plan: Omit<Plan, "cost">, shape: Shape, isNew = plan.ops.length > 1): Plan {
    const perPixel = macsPerPixel(isNew ? executable(plan.map, shape, target) : plan.map, shape);
    const own = { macs: perPixel * pixelsOf(shape), layers: changesNothing(plan.map) ? 0 : 1 };
    return { ...plan, cost: minus(plus(own, costToRead(plan.source)), plan.saved) };
  }

  function costToRead(value: Value): Cost {
    return isShared(value) ? FREE : ways.get(value)!.cost;
  }

  function note(op: Op, partners: readonly Op[], refusal: Refusal): void {
    const known = refused.some((other) => other.op === op && other.refusal.law === refusal.law);
    if (!known) refused.push({ op, partners, refusal });
  }

  /** Says which inputs of a join cannot take in the map behind it. */
  function noteIfKept(op: Op, { op: { unit, inputs }, terms }: StayingJoin): void {
    const kept = terms.filter((term) => "plan" in term && term.plan.ops.length === 1);
    const names = kept.map((term) => `"${"plan" in term ? term.plan.source.unit.name : ""}"`);
    if (inputs.length < 2 || names.length === 0) return;
    note(
      op,
      [],
      refuse(
        "concatenate",
        `"${unit.name}" joins what ${names.join(" and ")} ${
          names.length > 1 ? "give" : "gives"
        }, which cannot take it in`,
        "Let it join convolutions and dense layers that nothing else reads, or put it directly behind each.",
      ),
    );
  }

  /** Says what a step would merge with that reads a shared value, or why it would not even so. */
  function noteIfApart(input: Value, op: Op): void {
    if (!isShared(input)) return;
    const { step } = op;
    const { plans } = ways.get(input)!;
    if (plans.length === 0) return;
    if (step.kind === "affine") {
      const outcomes = plans.map(({ map, source }) => laws.compose(map, step.map, isOpen(source)));
      const refusal = outcomes.find((outcome) => outcome.kind === "refusal");
      const merges = outcomes.some(({ kind }) => kind === "affine");
      if (!merges && refusal?.kind === "refusal") note(op, plans[0]!.ops, refusal);
      if (!merges) return;
    } else if (step.kind !== "join" || step.join.part === undefined || step.join.groups === "neighbours") {
      return;
    }
    apart.set(input, [...apart.get(input) ?? [], op]);
  }
}

/** Whether its height or width is not fixed. */
function isOpen({ shape }: Value): boolean {
  return shape?.slice(1, -1).includes(null) ?? true;
}

function cheapest(plans: readonly Plan[]): Plan {
  return plans.reduce((a, b) => isLess(b.cost, a.cost) ? b : a);
}

/** The cheapest of the plans; where none is cheaper, the join that stays. */
function cheapestWay(plans: readonly Plan[], join?: StayingJoin): Ways {
  const best = plans.length === 0 ? undefined : cheapest(plans);
  if (best === undefined || (join !== undefined && !isLess(best.cost, join.cost))) {
    return join === undefined ? { plans, cost: FREE } : { plans, join, cost: join.cost };
  }
  return { plans, best, cost: best.cost, ...(join === undefined ? {} : { join }) };
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
