import assert from "node:assert/strict";
import type { MemberResult } from "../../src/ablate/report.ts";
import { summarizeAblation } from "../../src/ablate/report.ts";
import { spreadOf } from "../../src/ablate/spread.ts";
import { membersOf, parsePlan, variantsOf } from "../../src/ablate/plan.ts";
import { intervalOf } from "../../src/ablate/student.ts";
import { variantNetwork, VARIANTS, variantsFor, variantsWith } from "../../src/ablate/variants.ts";
import { renderAblationTable } from "../../src/cli/ablation_table.ts";
import { block as example } from "../../examples/my_block.ts";
import { GateError } from "../../src/errors.ts";
import { presetConfig } from "../../src/model/presets.ts";

const cost = (parameters: number) => ({
  layers: 8,
  convolutions: 6,
  parameters,
  macs: 10 * parameters,
  bytes: 4 * parameters,
});

function member(variant: string, seed: number, fusedAccuracy: number, deployed = 100): MemberResult {
  return {
    variant,
    seed,
    run: `${variant}-seed${seed}`,
    fusedAccuracy,
    trainingSeconds: 10,
    trainingCost: cost(200),
    deployCost: cost(deployed),
  };
}

Deno.test("spreadOf() is the mean and the sample standard deviation", () => {
  assert.deepEqual(spreadOf([2, 4, 4, 4, 5, 5, 7, 9]), { mean: 5, deviation: Math.sqrt(32 / 7) });
  assert.deepEqual(spreadOf([3]), { mean: 3, deviation: 0 });
});

Deno.test("summarizeAblation() groups seeds by training form, in the order of the forms", () => {
  const members = [member("dbb", 1, 0.5), member("plain", 1, 0.25), member("dbb", 2, 1)];
  const { variants } = summarizeAblation("runs/a", members, false);
  assert.deepEqual(variants.map(({ variant, fusedAccuracies }) => [variant, fusedAccuracies]), [
    ["plain", [0.25]],
    ["dbb", [0.5, 1]],
  ]);
  const table = renderAblationTable({ variants });
  assert.match(table, /plain 3x3 +25\.00 ± 0\.00 +\+0\.00 /);
  assert.match(table, /Diverse Branch Block +75\.00 ± 35\.36 +\+25\.00 /);
  assert.match(table, /All deploy as the same network/);
});

Deno.test("summarizeAblation() refuses when deploy costs differ that must be equal, and only then", () => {
  const plain = member("plain", 1, 0.5);
  assert.throws(() => summarizeAblation("a", [plain, member("dbb", 1, 0.5, 101)], true), (error) => {
    assert.ok(error instanceof GateError);
    assert.match(error.message, /plain-seed1 and dbb-seed1 do not cost the same/);
    return true;
  });
  const { variants } = summarizeAblation("a", [plain, member("mobileone", 1, 0.5, 50)], true);
  assert.match(renderAblationTable({ variants }), /MobileOne \*[^]*\* Its deploy form is another network/);
});

Deno.test("variantNetwork() keeps the sizes of the base and takes the block of the form", () => {
  const base = { ...presetConfig("tiny"), padding: "explicit" as const };
  for (const variant of VARIANTS) {
    const network = variantNetwork(variant, base);
    assert.equal(network.block, variant.block);
    assert.deepEqual([network.padding, network.stem, network.stages.length], ["explicit", base.stem, 2]);
  }
  const plain = variantNetwork(VARIANTS[0]!, base);
  assert.ok(plain.block === "repvgg");
  assert.deepEqual(plain.branches, { conv1x1: false, identity: false });
});

const near = (actual: number | null, expected: number) =>
  assert.ok(Math.abs(actual! - expected) < 1e-3, `${actual}`);

Deno.test("intervalOf() is Student's t", () => {
  // s² = 3.66 / 4, and t(4) = 2.7764: 1 ± 2.7764 · √(0.915 / 5)
  const { mean, low, high, count } = intervalOf([1.2, 0.4, 2.1, -0.3, 1.6]);
  assert.equal(count, 5);
  near(mean, 1);
  near(low, -0.1877);
  near(high, 2.1877);
  const many = intervalOf(Array.from({ length: 41 }, (_, i) => i));
  near(many.high! - many.mean, 2.02108 * Math.sqrt(143.5 / 41));
});

Deno.test("intervalOf() has no ends for a single value", () => {
  assert.deepEqual(intervalOf([3]), { mean: 3, low: null, high: null, count: 1 });
});

Deno.test("summarizeAblation() pairs differences by seed, at each depth with its own baseline", () => {
  const at = (depth: number, variant: string, seed: number, accuracy: number, cost = 100 * depth) => ({
    ...member(variant, seed, accuracy, cost),
    depth,
  });
  const { variants } = summarizeAblation("a", [
    ...[at(13, "plain", 1, 0.5), at(13, "plain", 2, 0.8), at(13, "dbb", 1, 0.6), at(13, "dbb", 2, 0.9)],
    ...[at(6, "plain", 1, 0.7), at(6, "dbb", 1, 0.6), at(6, "dbb", 9, 0.1)],
  ], false);
  assert.deepEqual(variants.map(({ depth, variant }) => [depth, variant]), [
    [6, "plain"],
    [6, "dbb"],
    [13, "plain"],
    [13, "dbb"],
  ]);
  assert.equal(variants[2]!.gain, undefined);
  near(variants[1]!.gain!.mean, -0.1);
  assert.deepEqual([variants[1]!.gain!.count, variants[1]!.gain!.low], [1, null]);
  // The seeds differ by 0.3, and the differences not at all.
  near(variants[3]!.gain!.low, 0.1);
  near(variants[3]!.gain!.high, 0.1);
  const table = renderAblationTable({ variants });
  assert.match(table, /depth .*training form/);
  assert.match(table, /13 +Diverse Branch Block .* \+10\.00 \(\+10\.00 to \+10\.00\)/);
});

Deno.test("variantsFor() is the plain network and the forms that answer the question", () => {
  assert.deepEqual(variantsFor("branch", VARIANTS), ["plain", "1x1", "identity", "repvgg"]);
  assert.deepEqual(variantsFor("branch", VARIANTS, "dbb"), ["plain", "dbb"]);
  assert.deepEqual(variantsFor("depth", VARIANTS), ["plain", "repvgg"]);
  const own = { block: example, file: { path: "my_block.ts", sha256: "0" } };
  assert.deepEqual(variantsFor("depth", variantsWith(own), "my-block"), ["plain", "my-block"]);
  assert.deepEqual(variantsFor("block", variantsWith(own)), [
    ...[
      "plain",
      "repvgg",
      "qarepvgg",
      "acnet",
      "dbb",
      "fastvit",
      "unireplknet",
      "mobileone",
      "repvit",
      "my-block",
    ],
  ]);
});

Deno.test("variantsOf() wants a person's own block as the plan has it, and knows early plans", () => {
  const own = { block: example, file: { path: "my_block.ts", sha256: "1" } };
  const plan = (more: object) =>
    parsePlan({ variants: ["plain", "my-block"], seeds: [1], file: {}, flags: {}, ...more }, "plan.json");
  const paths = (more: object, block?: typeof own) =>
    membersOf(plan(more), variantsOf(plan(more), "a", block), "a").map(({ path }) => path);
  assert.deepEqual(paths({ block: own.file, depths: [6] }, own), [
    "a/plain-depth6-seed1",
    "a/my-block-depth6-seed1",
  ]);
  assert.throws(() => variantsOf(plan({ block: own.file }), "a"), /only run where somebody names it/);
  assert.throws(() => variantsOf(plan({ block: { ...own.file, sha256: "2" } }), "a", own), /not the one/);
  assert.throws(() => variantsOf(plan({}), "a"), /no training form my-block/);
  assert.deepEqual(paths({ variants: ["dbb"] }), ["a/dbb-seed1"]);
});
