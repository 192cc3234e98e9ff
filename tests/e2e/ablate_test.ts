/** The ablation from nothing to its table, with an interruption on the way. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readSvg } from "../charts/read_svg.ts";
import { inWorkplace, runTask, startTask, toOutcome } from "./task.ts";

const ABLATE = ["--config", "small.json", "--epochs", "2", "--seeds", "2"];

/** The one ablation in a workplace. */
function onlyAblation(folder: string): string {
  const names = Array.from(Deno.readDirSync(`${folder}/runs`), ({ name }) => name);
  assert.equal(names.length, 1, `${names}`);
  return `runs/${names[0]}`;
}

/** What must not depend on interruptions: accuracies and costs, by training form and seed. */
function resultsOf(report: { members: Record<string, unknown>[] }): unknown[] {
  return report.members.map(({ variant, seed, fusedAccuracy, trainingCost, deployCost }) => ({
    variant,
    seed,
    fusedAccuracy,
    trainingCost,
    deployCost,
  }));
}

async function waitFor(path: string): Promise<void> {
  for (const deadlineMs = Date.now() + 60_000; Date.now() < deadlineMs;) {
    try {
      Deno.lstatSync(path);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  throw new Error(`${path} did not appear`);
}

Deno.test("ablate ends as if it never was interrupted when Ctrl-C is pressed and it is resumed", async () => {
  const variants = ["--variants", "plain,mobileone"];
  let expected: unknown[] = [];
  await inWorkplace(async (folder) => {
    const { code, stdout, stderr } = await runTask(folder, "ablate", ...ABLATE, ...variants, "--json");
    assert.equal(code, 0, stderr);
    const report = JSON.parse(stdout);
    assert.equal(report.finished, true);
    expected = resultsOf(report);
    assert.equal(expected.length, 4);
  });
  await inWorkplace(async (folder) => {
    const child = startTask(folder, "ablate", ...ABLATE, ...variants);
    await waitFor(`${folder}/runs`);
    const ablation = await (async () => {
      while (Array.from(Deno.readDirSync(`${folder}/runs`)).length === 0) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return onlyAblation(folder);
    })();
    // Networks train side by side: the first is finished, and others are under way.
    await waitFor(`${folder}/${ablation}/plain-seed1/snapshot/bn_snapshot.json`);
    child.kill("SIGINT");
    const { code, stderr } = toOutcome(await child.output());
    assert.equal(code, 130, stderr);
    assert.match(stderr, /interrupted: \d of 4 networks of the ablation runs\/ablation-.* are done/);
    assert.match(stderr, new RegExp(`deno task ablate --resume ${ablation}`));
    const snapshot = `${folder}/${ablation}/plain-seed1/snapshot/weights-1of1.bin`;
    const { mtime } = Deno.statSync(snapshot);

    const resumed = await runTask(folder, "ablate", "--resume", "--json");
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.deepEqual(resultsOf(JSON.parse(resumed.stdout)), expected);
    assert.deepEqual(Deno.statSync(snapshot).mtime, mtime, "a finished network was trained again");
    assert.deepEqual(
      JSON.parse(await Deno.readTextFile(`${folder}/${ablation}/ablation.json`)),
      JSON.parse(resumed.stdout),
    );
    readSvg(await Deno.readTextFile(`${folder}/${ablation}/ablation.svg`));

    const again = await runTask(folder, "ablate", "--resume", ablation);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /plain 3x3 .* \+0\.00 /);
    assert.match(again.stdout, /MobileOne \*/);
    const inspect = await runTask(folder, "inspect", `${ablation}/mobileone-seed2`);
    assert.equal(inspect.code, 0, inspect.stderr);
  });
});

Deno.test("ablate deploys every form as one and the same network, but for three that say otherwise", () =>
  inWorkplace(async (folder) => {
    const { code, stdout, stderr } = await runTask(
      folder,
      "ablate",
      ...["--config", "small.json", "--epochs", "1", "--seeds", "1", "--json"],
    );
    assert.equal(code, 0, stderr);
    type Row = { variant: string; deploysPlain: boolean; deployCost: object };
    const { variants } = JSON.parse(stdout) as { variants: Row[] };
    const others = variants.filter(({ deploysPlain }) => !deploysPlain).map(({ variant }) => variant);
    assert.deepEqual(others, ["unireplknet", "mobileone", "repvit"]);
    assert.equal(variants.length, 11);
    const costs = variants.filter(({ deploysPlain }) => deploysPlain).map(({ deployCost }) => deployCost);
    for (const cost of costs) assert.deepEqual(cost, costs[0]);
  }));

Deno.test("ablate --by depth compares the plain network and a person's own block at several depths", () =>
  inWorkplace(async (folder) => {
    const root = fileURLToPath(new URL("../../", import.meta.url));
    const text = await Deno.readTextFile(`${root}examples/my_block.ts`);
    await Deno.writeTextFile(`${folder}/my_block.ts`, text.replace("../src/", `${root}src/`));
    const { code, stdout, stderr } = await runTask(
      folder,
      "ablate",
      ...["--config", "small.json", "--epochs", "1", "--seeds", "2", "--json", "--jobs", "2"],
      ...["--by", "depth", "--depths", "3,5", "--block", "my_block.ts"],
    );
    assert.equal(code, 0, stderr);
    type Row = {
      variant: string;
      depth: number;
      gain?: { count: number };
      deployCost: { convolutions: number };
    };
    const { variants } = JSON.parse(stdout) as { variants: Row[] };
    assert.deepEqual(
      variants.map((
        { variant, depth, gain, deployCost },
      ) => [variant, depth, gain?.count, deployCost.convolutions]),
      [["plain", 3, undefined, 3], ["my-block", 3, 2, 3], ["plain", 5, undefined, 5], ["my-block", 5, 2, 5]],
    );
    const unnamed = await runTask(folder, "ablate", "--resume");
    assert.equal(unnamed.code, 2);
    assert.match(unnamed.stderr, /--block my_block\.ts/);
    const again = await runTask(folder, "ablate", "--resume", "--block", "my_block.ts");
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /5 +my block: /);
  }));

Deno.test("ablate --by shape trains candidates on validation images alone, then each form's best anew, and resumes", () =>
  inWorkplace(async (folder) => {
    const search = ["--by", "shape", "--costs", "0.1,0.2", "--depths", "2,3", "--rates", "0.05"];
    const { code, stdout, stderr } = await runTask(
      folder,
      "ablate",
      ...["--config", "small.json", "--epochs", "1", "--seeds", "2", "--json", ...search],
    );
    assert.equal(code, 0, stderr);
    type Row = {
      variant: string;
      macs: number;
      depth: number;
      gain?: { count: number };
      deployCost: { macs: number };
    };
    const { variants, trials, finished } = JSON.parse(stdout) as {
      variants: Row[];
      trials: (Row & { run: string; validationAccuracy: number })[];
      finished: boolean;
    };
    assert.ok(finished);
    assert.equal(trials.length, 2 * 2 * 2);
    assert.deepEqual(variants.map(({ macs, variant }) => [macs, variant]), [
      [1e5, "plain"],
      [1e5, "repvgg"],
      [2e5, "plain"],
      [2e5, "repvgg"],
    ]);
    for (const { macs, variant, depth, deployCost, gain } of variants) {
      assert.ok(Math.abs(deployCost.macs / macs - 1) < 0.15, `${variant} at ${macs}: ${deployCost.macs}`);
      const own = trials.filter((trial) => trial.variant === variant && trial.macs === macs);
      const best = Math.max(...own.map(({ validationAccuracy }) => validationAccuracy));
      assert.equal(own.find((trial) => trial.depth === depth)!.validationAccuracy, best);
      assert.equal(gain?.count, variant === "plain" ? undefined : 2);
    }
    assert.throws(() => Deno.statSync(`${folder}/${trials[0]!.run}/fused`), "a candidate is not fused");
    readSvg(await Deno.readTextFile(`${folder}/${onlyAblation(folder)}/ablation.svg`));
    const again = await runTask(folder, "ablate", "--resume");
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /8 candidates, 8 of them done/);
    assert.match(again.stdout, /cost +training form +depth +widths/);
    const wrong = await runTask(
      folder,
      "ablate",
      "--config",
      "small.json",
      "--by",
      "shape",
      "--costs",
      "0.00001",
    );
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /the nearest has/);
  }));
