import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createProgress } from "../../src/cli/progress.ts";
import { GateError, InputError } from "../../src/errors.ts";
import { exists } from "../../src/files/read.ts";
import { fuseOnnxFile } from "../../src/run/onnx_fusion.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/onnx/${name}`, import.meta.url));
const progress = createProgress({ quiet: true });

Deno.test("fuseOnnxFile() writes a proved file of the same name beside its record", () =>
  inTemporaryFolder(async (folder) => {
    await copyFile(fixture("repvgg-17.onnx"), `${folder}/my net.onnx`);
    const output = `${folder}/fused`;
    const { file, record } = await fuseOnnxFile(`${folder}/my net.onnx`, {
      output,
      tolerance: 1e-5,
      progress,
    });
    equal(file, "my net.onnx");
    deepEqual((await readdir(output)).sort(), ["fusion.json", "my net.onnx"]);
    deepEqual([record.before.convolutions, record.after.convolutions], [8, 4]);
    ok(record.proof.pass && record.proof.regions.length === 5 && record.proof.images >= 8);
    // Our own folder is replaced; what is not ours is not touched.
    await fuseOnnxFile(`${folder}/my net.onnx`, { output, tolerance: 1e-5, progress });
    await writeFile(`${output}/mine.txt`, "mine");
    await rejects(fuseOnnxFile(`${folder}/my net.onnx`, { output, tolerance: 1e-5, progress }), InputError);
    equal(await readFile(`${output}/mine.txt`, "utf8"), "mine");
  }));

Deno.test("fuseOnnxFile() proves networks of open sizes, and of several outputs", () =>
  inTemporaryFolder(async (folder) => {
    for (const name of ["unet-folded-open-9.onnx", "yolo-17.onnx", "repvit-folded-open-9.onnx"]) {
      const { record } = await fuseOnnxFile(fixture(name), {
        output: `${folder}/${name}`,
        tolerance: 1e-5,
        progress,
      });
      ok(record.proof.pass, name);
      equal(record.proof.outputs.length, name.startsWith("yolo") ? 2 : 1);
    }
  }));

Deno.test("fuseOnnxFile() proves networks of sequences, against float64 as well", () =>
  inTemporaryFolder(async (folder) => {
    for (const name of ["repvgg1d-17.onnx", "unet1d-folded-open-9.onnx"]) {
      const { record } = await fuseOnnxFile(fixture(name), { output: `${folder}/${name}`, progress });
      ok(record.proof.pass, name);
      const merged = record.regions.map((region) => region.name);
      const measured = record.proof.regions.filter(({ name }) => merged.includes(name));
      ok(measured.length > 0 && measured.every(({ rounding }) => rounding !== undefined), name);
    }
  }));

Deno.test("fuseOnnxFile() leaves nothing when the proof fails, and refuses what is no ONNX file", () =>
  inTemporaryFolder(async (folder) => {
    const request = { output: `${folder}/fused`, tolerance: 0, progress };
    await rejects(fuseOnnxFile(fixture("repvgg-17.onnx"), request), GateError);
    equal(await exists(request.output), false);
    await writeFile(`${folder}/page.onnx`, "<!doctype html><title>Not found</title>");
    await rejects(
      fuseOnnxFile(`${folder}/page.onnx`, { ...request, tolerance: 1e-4 }),
      (error) => error instanceof InputError && /page.onnx as an ONNX file/.test(error.message),
    );
  }));
