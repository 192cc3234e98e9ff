/** The network region by region, of a run and of anybody's model. */
import assert from "node:assert/strict";
import { saveLayersModel } from "../../src/formats/tfjs/layers_model.ts";
import { readSvg } from "../charts/read_svg.ts";
import { foreignNetwork } from "../inspect/networks.ts";
import { inWorkplace, onlyRun, runTask } from "./task.ts";

Deno.test("inspect shows the newest run and leaves its picture there", () =>
  inWorkplace(async (folder) => {
    await runTask(folder, "train", "--config", "small.json", "--epochs", "1");
    const run = onlyRun(folder);
    const { code, stdout, stderr } = await runTask(folder, "inspect");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /stage1\/block2 +\(3x3 BN \+ 1x1 BN \+ BN\) ReLU +3x3 ReLU +7 → 1/);
    assert.match(stdout, /whole network .* → /);
    assert.doesNotMatch(stdout, /Not merged/);
    assert.match(stdout, new RegExp(`Picture: ${run}/network\\.svg`));
    readSvg(await Deno.readTextFile(`${folder}/${run}/network.svg`));

    const json = await runTask(folder, "inspect", run, "--json", "--svg", "runs/other.svg");
    const inspection = JSON.parse(json.stdout);
    assert.equal(inspection.source, run);
    assert.equal(inspection.picture, "runs/other.svg");
    assert.deepEqual([inspection.before.convolutions, inspection.after.convolutions], [6, 3]);
    assert.equal(inspection.regions.length, 3);
    assert.deepEqual(inspection.refusals, []);
    readSvg(await Deno.readTextFile(`${folder}/runs/other.svg`));
  }));

Deno.test("inspect says which law failed, where, and what to change when the model is somebody else's", () =>
  inWorkplace(async (folder) => {
    await saveLayersModel(`${folder}/foreign`, await foreignNetwork());
    const { code, stdout, stderr } = await runTask(folder, "inspect", "foreign/model.json");
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /after_bn {2}\(law: compose\)\n {3}with: +bn_before\n {3}because: .+\n {3}change: +.+/,
    );
    assert.match(stdout, /Next: deno task fuse foreign\/model\.json/);
    const files = Array.from(Deno.readDirSync(`${folder}/foreign`), ({ name }) => name);
    assert.ok(files.every((name) => !name.endsWith(".svg")), `${files}`);
  }));
