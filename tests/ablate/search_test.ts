import assert from "node:assert/strict";
import { membersOf, parsePlan, requestOf, trialsOf, variantsOf } from "../../src/ablate/plan.ts";
import { summarizeAblation } from "../../src/ablate/report.ts";
import { type Trial, winnersOf } from "../../src/ablate/search.ts";
import { depthOf, widthsOf, withCost, withDepth } from "../../src/ablate/shape.ts";
import { renderAblationTable } from "../../src/cli/ablation_table.ts";
import { InputError } from "../../src/errors.ts";
import { costOf } from "../../src/graph/cost.ts";
import { networkGraph } from "../../src/model/graph_network.ts";
import { withBlock } from "../../src/model/config.ts";
import { presetConfig } from "../../src/model/presets.ts";
import { tinyDataset } from "../train/tiny.ts";

const FOLDER = "a";

const plan = parsePlan({
  variants: ["plain", "repvgg", "mobileone"],
  seeds: [1, 2],
  search: { macs: [1e6, 2e6], depths: [5, 9], rates: [0.1, 0.2] },
  file: {},
  flags: {},
}, "plan.json");
const variants = variantsOf(plan, FOLDER);

/** A candidate that did as well as it is deep and its rate is high, but for one. */
function trial(
  variant: string,
  macs: number,
  depth: number,
  rate: number,
  validationAccuracy: number,
): Trial {
  return { variant, macs, depth, rate, run: "", validationAccuracy };
}

Deno.test("withDepth() spreads the blocks over the stages, what is left over to the last", () => {
  const depths = (depth: number) => withDepth(presetConfig("tiny"), depth).stages.map((stage) => stage.depth);
  assert.deepEqual([6, 13, 21, 3].map(depths), [[2, 3], [6, 6], [10, 10], [1, 1]]);
  assert.equal(depthOf(presetConfig("toy")), 21);
  assert.throws(() => withDepth(presetConfig("tiny"), 2), InputError);
});

Deno.test("withCost() finds the widths that come nearest to a cost, in every block, and keeps their ratios", () => {
  for (const block of ["repvgg", "mobileone", "dbb"] as const) {
    for (const depth of [3, 5, 13]) {
      for (const macs of [0.5e6, 1e6, 8e6]) {
        const base = withDepth(withBlock(presetConfig("tiny"), block), depth);
        const found = withCost(base, macs);
        const cost = costOf(networkGraph(found, "deploy")).macs!;
        assert.ok(Math.abs(cost / macs - 1) < 0.15, `${block}, ${depth}, ${macs}: ${cost}`);
        const [stem, first, second] = widthsOf(found) as [number, number, number];
        for (const width of [stem, first, second]) assert.equal(width % 4, 0);
        assert.ok(Math.abs(first - 2 * stem) <= 6 && Math.abs(second - 2 * first) <= 6, `${widthsOf(found)}`);
      }
    }
  }
});

Deno.test("withCost() leaves a network that costs that as it is, and refuses what no width comes near", () => {
  const toy = presetConfig("toy");
  assert.deepEqual(withCost(toy, costOf(networkGraph(toy, "deploy")).macs!), toy);
  assert.throws(() => withCost(toy, 1e4), (error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, /21 blocks to 0\.01 million multiply-adds: the nearest has 0\.\d\d/);
    return true;
  });
});

Deno.test("trialsOf() is every form at every setting with a seed of its own, and only its winners are trained further", () => {
  const trials = trialsOf(plan, variants, FOLDER);
  assert.equal(trials.length, 3 * 2 * 2 * 2);
  assert.equal(new Set(trials.map(({ path }) => path)).size, trials.length);
  assert.deepEqual(trials[0], {
    variant: "plain",
    seed: 0,
    setting: { macs: 1e6, depth: 5, rate: 0.1 },
    path: "a/plain-1M-depth5-rate0.1-seed0",
  });
  const members = membersOf(plan, variants, FOLDER, () => [
    { macs: 1e6, depth: 9, rate: 0.1 },
    { macs: 2e6, depth: 5, rate: 0.2 },
  ]);
  assert.deepEqual(members.slice(0, 4).map(({ path }) => path), [
    "a/plain-1M-depth9-rate0.1-seed1",
    "a/repvgg-1M-depth9-rate0.1-seed1",
    "a/mobileone-1M-depth9-rate0.1-seed1",
    "a/plain-2M-depth5-rate0.2-seed1",
  ]);
  assert.equal(members.length, 2 * 2 * 3);
  assert.deepEqual(membersOf(plan, variants, FOLDER), [], "nothing before the search has ended");
  assert.deepEqual(trialsOf({ ...plan, search: undefined }, variants, FOLDER), []);
});

Deno.test("winnersOf() is the best setting of each cost, the earlier of two alike", () => {
  assert.deepEqual(
    winnersOf([
      trial("plain", 1e6, 5, 0.1, 0.7),
      trial("plain", 1e6, 5, 0.2, 0.9),
      trial("plain", 1e6, 9, 0.1, 0.9),
      trial("plain", 2e6, 5, 0.1, 0.8),
      trial("plain", 2e6, 9, 0.1, 0.95),
    ]),
    [{ macs: 1e6, depth: 5, rate: 0.2 }, { macs: 2e6, depth: 9, rate: 0.1 }],
  );
});

Deno.test("requestOf() gives a member its depth, cost and rate, and the forms that deploy alike the same widths", () => {
  const dataset = tinyDataset();
  const configs = trialsOf(plan, variants, FOLDER).filter(({ setting }) =>
    setting.macs === 2e6 && setting.depth === 9 && setting.rate === 0.2
  ).map((member) => requestOf(plan, member).resolve(dataset));
  for (const { network, training, seed } of configs) {
    assert.deepEqual([depthOf(network), training.learningRate, seed], [9, 0.2, 0]);
  }
  const [plain, repvgg, mobileone] = configs.map(({ network }) => widthsOf(network)) as [
    number[],
    number[],
    number[],
  ];
  assert.deepEqual(plain, repvgg);
  assert.ok(mobileone[0]! > plain[0]!, "MobileOne's deploy form is cheaper at the same widths");
});

Deno.test("summarizeAblation() compares searched forms at one cost, whatever their shapes", () => {
  const cost = (macs: number) => ({ layers: 1, convolutions: 1, parameters: 1, macs, bytes: 4 });
  const result = (variant: string, macs: number, depth: number, seed: number, fusedAccuracy: number) => ({
    ...{ variant, macs, depth, rate: 0.1, seed, fusedAccuracy, run: "", trainingSeconds: 1 },
    ...{ widths: [4, 8], trainingCost: cost(2 * macs), deployCost: cost(macs + depth) },
  });
  const { variants } = summarizeAblation("a", [
    ...[result("plain", 2e6, 5, 1, 0.8), result("repvgg", 2e6, 9, 1, 0.9)],
    ...[result("plain", 1e6, 5, 1, 0.7), result("repvgg", 1e6, 5, 1, 0.6)],
  ], true);
  assert.deepEqual(
    variants.map(({ macs, depth, gain }) => [macs, depth, gain && Math.round(gain.mean * 100)]),
    [
      [1e6, 5, undefined],
      [1e6, 5, -10],
      [2e6, 5, undefined],
      [2e6, 9, 10],
    ],
  );
  const table = renderAblationTable({ variants });
  assert.match(table, /cost +training form +depth +widths +rate/);
  assert.match(table, /2 M +RepVGG: \+ 1x1 \+ identity +9 +4-8 +0\.1 +90\.00/);
});
