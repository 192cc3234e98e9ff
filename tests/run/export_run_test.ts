import assert from "node:assert/strict";
import { GateError, InputError } from "../../src/errors.ts";
import { exportModel } from "../../src/run/export_run.ts";
import type { ExportFormat } from "../../src/deploy/export_format.ts";
import { loadLayersModelArtifacts } from "../../src/formats/tfjs/layers_model.ts";
import { readManifest } from "../../src/deploy/manifest.ts";
import { ONNX_FORMAT } from "../../src/deploy/onnx_format.ts";
import { SAFETENSORS_FORMAT } from "../../src/deploy/safetensors_format.ts";
import { TFJS_FORMAT } from "../../src/deploy/tfjs_format.ts";
import { sha256 } from "../../src/files/hash.ts";
import { exists } from "../../src/files/read.ts";
import { openClassifier } from "../../src/run/open_classifier.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { parseNetworkConfig } from "../../src/model/config.ts";
import { tinyDataset } from "../train/tiny.ts";
import { EXPLICIT_NETWORK, SILENT, tinySource } from "../deploy/tiny_source.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

await startBackend();

const FLOAT32 = { precision: "float32", progress: SILENT } as const;

/** A format whose files compute something else than the source: one logit is off by a ten-thousandth of the scale. */
const WRONG_FORMAT: ExportFormat = {
  ...ONNX_FORMAT,
  async open(folder, card) {
    const right = await ONNX_FORMAT.open(folder, card);
    return {
      async classify(pixels) {
        const logits = (await right.classify(pixels)).slice();
        logits[3]! += 1e-4 * logits.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        return logits;
      },
      dispose: () => right.dispose(),
    };
  },
};

Deno.test("exportModel() leaves nothing behind when the files do not compute what the source does", () =>
  inTemporaryFolder(async (folder) => {
    const source = await tinySource();
    await assert.rejects(
      exportModel(source, { ...FLOAT32, format: WRONG_FORMAT, output: `${folder}/out` }),
      (error) => {
        assert(error instanceof GateError);
        assert.match(
          error.message,
          /onnx export does not compute what tiny\/fused does: over 200 images .* 1\.0e-4/,
        );
        return true;
      },
    );
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  }));

Deno.test("exportModel() keeps an earlier export when a new one fails", () =>
  inTemporaryFolder(async (folder) => {
    const source = await tinySource();
    const output = `${folder}/out`;
    await exportModel(source, { ...FLOAT32, format: ONNX_FORMAT, output });
    const before = await Deno.readTextFile(`${output}/manifest.json`);
    await assert.rejects(exportModel(source, { ...FLOAT32, format: WRONG_FORMAT, output }), GateError);
    assert.equal(await Deno.readTextFile(`${output}/manifest.json`), before);
    await (await openClassifier(output)).classifier.dispose();
  }));

Deno.test("exportModel() describes every file, the proof and how to feed the network", () =>
  inTemporaryFolder(async (folder) => {
    const source = await tinySource();
    const output = `${folder}/out`;
    await exportModel(source, { ...FLOAT32, format: ONNX_FORMAT, output, dataset: tinyDataset() });
    const manifest = await readManifest(`${output}/manifest.json`);
    const bytes = await Deno.readFile(`${output}/model.onnx`);
    assert.deepEqual(manifest.files, [
      { path: "model.onnx", bytes: bytes.length, sha256: await sha256(bytes) },
    ]);
    assert.deepEqual(manifest.classNames, tinyDataset().classNames);
    assert.deepEqual(manifest.inputSize, [32, 32, 3]);
    assert.deepEqual(manifest.normalization, { mean: [127.5, 127.5, 127.5], scale: [127.5, 127.5, 127.5] });
    assert.deepEqual(manifest.network, EXPLICIT_NETWORK);
    assert.equal(manifest.proof!.images, 20 + 50, "the test images, and random ones");
    assert.equal(manifest.form, "fused");
  }));

Deno.test("exportModel() refuses a precision that the format cannot hold", async () => {
  await assert.rejects(
    exportModel(await tinySource(), { format: ONNX_FORMAT, precision: "uint8", progress: SILENT }),
    (error) => {
      assert(error instanceof InputError);
      assert.match(error.message, /onnx cannot hold kernels as uint8: it takes float32, float16/);
      return true;
    },
  );
});

Deno.test("exportModel() refuses PyTorch's names where PyTorch would pad otherwise, and says what to do", () =>
  inTemporaryFolder(async (folder) => {
    const same = parseNetworkConfig({ ...EXPLICIT_NETWORK, padding: "same" });
    const output = `${folder}/out`;
    await assert.rejects(
      exportModel(await tinySource("fused", same), { ...FLOAT32, format: SAFETENSORS_FORMAT, output }),
      (error) => {
        assert(error instanceof InputError);
        assert.match(error.message, /differs from PyTorch's padding at stride 4 on 32 pixels/);
        assert.match(error.hint!, /repfuse train --set padding=explicit/);
        return true;
      },
    );
    assert(!await exists(output));
  }));

Deno.test("exportModel() says what a precision costs on the test set", () =>
  inTemporaryFolder(async (folder) => {
    const dataset = tinyDataset();
    const output = `${folder}/out`;
    const { manifest, quantization } = await exportModel(await tinySource(), {
      format: TFJS_FORMAT,
      precision: "uint8",
      output,
      dataset,
      progress: SILENT,
    });
    assert.deepEqual(manifest.quantization, quantization!.accuracy);
    assert.equal(quantization!.accuracy!.images, dataset.test.count);
    const { weightSpecs } = await loadLayersModelArtifacts(output);
    assert.equal(
      quantization!.kernels.length,
      weightSpecs!.filter((spec) => spec.quantization !== undefined).length,
    );
    assert(manifest.files.some(({ path }) => path === "quantization.json"));
  }));

Deno.test("openClassifier() refuses a file that is not the one its manifest describes", () =>
  inTemporaryFolder(async (folder) => {
    const output = `${folder}/out`;
    await exportModel(await tinySource(), { ...FLOAT32, format: ONNX_FORMAT, output });
    const bytes = await Deno.readFile(`${output}/model.onnx`);
    bytes[bytes.length >> 1]! ^= 1;
    await Deno.writeFile(`${output}/model.onnx`, bytes);
    for (const named of [output, `${output}/model.onnx`]) {
      await assert.rejects(openClassifier(named), (error) => {
        assert(error instanceof InputError);
        assert.match(error.message, /model\.onnx is not the file that its manifest\.json describes/);
        return true;
      });
    }
  }));

Deno.test("exportModel() lets a difference through that the person allows", () =>
  inTemporaryFolder(async (folder) => {
    const { manifest } = await exportModel(await tinySource(), {
      ...FLOAT32,
      format: WRONG_FORMAT,
      tolerance: 1e-3,
      output: `${folder}/out`,
    });
    assert.equal(manifest.proof!.tolerance, 1e-3);
    assert(manifest.proof!.maxRelativeDifference > 5e-5);
  }));

Deno.test("readManifest() refuses a normalization that does not fit the channels", () =>
  inTemporaryFolder(async (folder) => {
    const output = `${folder}/out`;
    const { manifest } = await exportModel(await tinySource(), { ...FLOAT32, format: ONNX_FORMAT, output });
    const path = `${folder}/manifest.json`;
    await Deno.writeTextFile(
      path,
      JSON.stringify({ ...manifest, normalization: { mean: [1], scale: [1] } }),
    );
    await assert.rejects(readManifest(path), /expected one mean and one scale per channel/);
  }));

Deno.test("readManifest() refuses an early one that leaves open what the outputs are, and it can be written again", () =>
  inTemporaryFolder(async (folder) => {
    const settings = { ...FLOAT32, format: TFJS_FORMAT, output: `${folder}/out` };
    const { manifest: { givesProbabilities: _, ...early } } = await exportModel(await tinySource(), settings);
    await Deno.writeTextFile(`${settings.output}/manifest.json`, JSON.stringify(early));
    await assert.rejects(
      openClassifier(settings.output),
      (error) => error instanceof InputError && error.message.includes("(givesProbabilities)"),
    );
    await exportModel(await tinySource(), settings);
    await (await openClassifier(settings.output)).classifier.dispose();
  }));
