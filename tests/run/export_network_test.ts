import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { copyFile, readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { MODULE_FORMAT } from "../../src/deploy/module_format.ts";
import { ONNX_FORMAT } from "../../src/deploy/onnx_format.ts";
import { TFJS_FORMAT } from "../../src/deploy/tfjs_format.ts";
import { GateError, InputError } from "../../src/errors.ts";
import { saveLayersModel } from "../../src/formats/tfjs/layers_model.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import { exportNetwork } from "../../src/run/export_network.ts";
import { SILENT } from "../deploy/tiny_source.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

await startBackend();

const reason = new InputError("it is no classifier.");
const plain = { precision: "float32", progress: SILENT, reason } as const;

/** An open-sized network from images to images, with a BatchNorm. */
async function saveImageModel(folder: string) {
  const input = tf.input({ shape: [null, null, 3] });
  const convolution = tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: "same" }).apply(input);
  const normalized = tf.layers.batchNormalization().apply(convolution);
  const output = tf.layers.conv2d({ filters: 3, kernelSize: 3, padding: "same" }).apply(normalized);
  const model = tf.model({ inputs: input, outputs: output as tf.SymbolicTensor });
  await saveLayersModel(`${folder}/model`, await artifactsOf(model));
  model.dispose();
  return { kind: "model", path: `${folder}/model`, folder: `${folder}/model` } as const;
}

Deno.test("exportNetwork() writes a network from images of open sizes to images as tfjs, rounded or not, and as ONNX", () =>
  inTemporaryFolder(async (folder) => {
    const source = await saveImageModel(folder);
    for (
      const [format, precision] of [
        [TFJS_FORMAT, "float32"],
        [TFJS_FORMAT, "uint8"],
        [ONNX_FORMAT, "float32"],
        [ONNX_FORMAT, "float16"],
      ] as const
    ) {
      const { output, record } = await exportNetwork(source, { ...plain, format, precision });
      assert.ok(record.proof.maxRelativeDifference <= record.proof.tolerance);
      const names = [...record.files.map(({ path }) => path), "export.json"].sort();
      assert.deepEqual((await readdir(output)).sort(), names);
      // And once more, over what is there.
      await exportNetwork(source, { ...plain, format, precision });
    }
  }));

Deno.test("exportNetwork() gives an ONNX file back with what TensorFlow.js cannot say", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/yolo.onnx`;
    await copyFile(fileURLToPath(new URL("../fixtures/onnx/yolo-17.onnx", import.meta.url)), path);
    const source = { kind: "file", path, folder, format: "onnx" } as const;
    const { output, record } = await exportNetwork(source, { ...plain, format: ONNX_FORMAT });
    assert.equal(record.proof.maxRelativeDifference, 0);
    assert.ok((await readFile(`${output}/model.onnx`)).length > 1000);
  }));

Deno.test("exportNetwork() says why where a format takes classifiers alone, and leaves nothing that fails", () =>
  inTemporaryFolder(async (folder) => {
    const source = await saveImageModel(folder);
    await assert.rejects(exportNetwork(source, { ...plain, format: MODULE_FORMAT }), reason);
    const strict = { ...plain, format: ONNX_FORMAT, tolerance: 0 };
    await assert.rejects(exportNetwork(source, strict), GateError);
    assert.deepEqual((await readdir(`${folder}/model`)).filter((name) => name === "onnx"), []);
  }));
