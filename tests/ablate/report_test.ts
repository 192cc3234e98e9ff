import assert from "node:assert/strict";
import type { MemberResult } from "../../src/ablate/report.ts";
import { spreadOf, summarizeAblation } from "../../src/ablate/report.ts";
import { variantNetwork, VARIANTS } from "../../src/ablate/variants.ts";
import { renderAblationTable } from "../../src/cli/ablation_table.ts";
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
  assert.match(table, /Diverse Branch Block +75\.00 ± 35\.36 +\+50\.00 /);
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
