/** The same benchmark of a small run in every place that is installed. */
import assert from "node:assert/strict";
import type { WhereReport } from "../../src/bench/where/where_report.ts";
import { CHROMIUM } from "../deploy/page/chromium.ts";
import { inWorkplace, onlyRun, runTask } from "./task.ts";

Deno.test("bench --where compares all engines in Deno, Node.js and a browser", () =>
  inWorkplace(async (folder) => {
    await runTask(folder, "train", "--config", "small.json", "--epochs", "1");
    await runTask(folder, "fuse");
    const places = ["deno", "node", ...(CHROMIUM === undefined ? [] : ["browser"])];
    const { code, stdout, stderr } = await runTask(
      folder,
      ...["bench", "--where", places.join(), "--rounds", "2", "--batches", "2", "--json"] as const,
    );
    assert.equal(code, 0, stderr);
    const report = JSON.parse(stdout) as WhereReport;
    const all = navigator.hardwareConcurrency;
    const expected = places.map((where) => `${where} 1`);
    if (CHROMIUM !== undefined && all > 1) expected.push(`browser ${all}`);
    assert.deepEqual(report.places.map(({ where, threads }) => `${where} ${threads}`), expected);
    for (const { times, runtime, maxRelativeDifference } of report.places) {
      assert.match(runtime, /^(Deno|Node\.js|Chrome) \d+/);
      assert.equal(times.length, 2 * 4, "forms, engines");
      assert.ok(times.every(({ medianMs }) => medianMs > 0));
      assert.ok(maxRelativeDifference < 1e-4);
    }
    assert.deepEqual(
      JSON.parse(await Deno.readTextFile(`${folder}/${onlyRun(folder)}/bench-where.json`)),
      report,
    );
    assert.deepEqual(
      Array.from(Deno.readDirSync(`${folder}/${onlyRun(folder)}`), (entry) => entry.name)
        .filter((name) => name.includes("contest")),
      [],
      "what the contest needed is gone",
    );
  }));

Deno.test("bench --where names the places that there are", () =>
  inWorkplace(async (folder) => {
    const { code, stderr } = await runTask(folder, "bench", "--where", "deno,moon");
    assert.equal(code, 2);
    assert.match(stderr, /It must be one of deno, node, browser/);
  }));
