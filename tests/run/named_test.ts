import assert from "node:assert/strict";
import { defaultOutput, exportModel } from "../../src/run/export_run.ts";
import { findFormat } from "../../src/deploy/formats.ts";
import { InputError } from "../../src/errors.ts";
import { saveLayersModel } from "../../src/formats/tfjs/layers_model.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { findNamed, findSource } from "../../src/run/named.ts";
import { openClassifier } from "../../src/run/open_classifier.ts";
import { readModelSource } from "../../src/run/read_source.ts";
import { SILENT, tinySource } from "../deploy/tiny_source.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

await startBackend();

/** Exports a network in a format to `<folder>/<format>`. */
async function exportTo(folder: string, name: string): Promise<void> {
  await exportModel(await tinySource(), {
    format: findFormat(name),
    precision: "float32",
    output: `${folder}/${name}`,
    progress: SILENT,
  });
}

Deno.test("findNamed() takes a folder and the file in it for the same thing, whichever it is", () =>
  inTemporaryFolder(async (folder) => {
    await saveLayersModel(`${folder}/plain`, (await tinySource()).artifacts);
    await exportTo(folder, "tfjs");
    await exportTo(folder, "onnx");
    await Deno.copyFile(`${folder}/onnx/model.onnx`, `${folder}/alone.onnx`);
    const kinds: Record<string, string> = {
      "plain": "model",
      "plain/": "model",
      "plain/model.json": "model",
      "tfjs": "export",
      "tfjs//": "export",
      "tfjs/model.json": "export",
      "onnx": "export",
      "onnx/model.onnx": "export",
      "alone.onnx": "file",
    };
    for (const [named, kind] of Object.entries(kinds)) {
      assert.equal((await findNamed(`${folder}/${named}`, "fused")).kind, kind, named);
      const { classifier, card } = await openClassifier(`${folder}/${named}`);
      assert.equal((await classifier.classify(new Uint8Array(32 * 32 * 3))).length, 10, named);
      assert.deepEqual(card.inputSize, [32, 32, 3]);
      await classifier.dispose();
    }
  }));

Deno.test("findSource() takes a LayersModel of any kind, and refuses other formats by name", () =>
  inTemporaryFolder(async (folder) => {
    await exportTo(folder, "tfjs");
    await exportTo(folder, "onnx");
    for (const named of ["tfjs", "tfjs/model.json"]) {
      assert.equal((await findSource(`${folder}/${named}`, "trained")).kind, "model");
      const { card, form } = await readModelSource(`${folder}/${named}`);
      assert.deepEqual([card.classNames[0], form], ["circle", "fused"]);
    }
    await assert.rejects(findSource(`${folder}/onnx`, "trained"), (error) => {
      assert.ok(error instanceof InputError);
      assert.match(error.message, /is a network in the format onnx: expected a run, or a model\.json/);
      return true;
    });
    await assert.rejects(findSource(`${folder}/nowhere`, "trained"), /nowhere is not a run/);
  }));

Deno.test("findSource() takes a folder with a model.json for a model, whatever the folder is called", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/weights.pth`;
    await Deno.mkdir(path);
    await Deno.writeTextFile(`${path}/model.json`, "{}");
    assert.deepEqual(await findSource(path, "trained"), { kind: "model", path, folder: path });
  }));

Deno.test("findNamed() says what a file is that is no network, and what takes it", () =>
  inTemporaryFolder(async (folder) => {
    const files: Record<string, [content: string, says: RegExp]> = {
      "picture.png": ["GIF89a", /picture\.png is a picture.*\.onnx/],
      "page.bin2": ["<!doctype html>", /an HTML page/],
      "weights.renamed": ["PK\x03\x04", /a zip archive, as PyTorch's torch\.save writes/],
    };
    for (const [name, [content, says]] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/${name}`, content);
      await assert.rejects(
        findNamed(`${folder}/${name}`, "trained"),
        (error) => error instanceof InputError && says.test(error.message),
      );
    }
  }));

Deno.test("readModelSource() lets the exports of a fused network go beside it, not into what fuse makes anew", () =>
  inTemporaryFolder(async (folder) => {
    await saveLayersModel(`${folder}/fused`, (await tinySource()).artifacts);
    const place = { format: findFormat("onnx"), precision: "float32" } as const;
    assert.equal(
      defaultOutput(await readModelSource(`${folder}/fused`), place),
      `${folder}/fused/export/onnx`,
    );
    await Deno.writeTextFile(`${folder}/fused/fusion.json`, "{}");
    assert.equal(defaultOutput(await readModelSource(`${folder}/fused`), place), `${folder}/export/onnx`);
  }));
