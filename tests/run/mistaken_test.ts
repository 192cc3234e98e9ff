/** What people name in the place of a network: each is called what it is, whatever the task, with what takes it. */
import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { findNamed, findNetwork } from "../../src/run/named.ts";
import { openClassifier } from "../../src/run/open_classifier.ts";
import { readModelSource } from "../../src/run/read_source.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 12\n";
const PAGE = "<!doctype html><html>";
const PNG = "\x89PNG\r\n\x1a\n";
const SAFETENSORS = "\x02\0\0\0\0\0\0\0{}";

const FILES: readonly [name: string, content: string, says: RegExp, hint: RegExp][] = [
  ...["model.onnx", "model.pth", "model.safetensors", "model.keras", "model.h5", "model.json", "model"]
    .flatMap(
      (name): [string, string, RegExp, RegExp][] => [
        [name, POINTER, /is a Git LFS pointer/, /git lfs pull/],
        [name, PAGE, /is an HTML page/, /direct link/],
        [name, PNG, /is a picture/, /repfuse predict .* --model NETWORK/],
        [name, "", /is an empty file/, /download it again/],
        [name, "\x18\0\0\0TFL3\0\0", /is a TFLite model/, /converted from/],
      ],
    ),
  ...["model.onnx", "model.json", "model.h5", "model"].map(
    (name): [string, string, RegExp, RegExp] => [
      name,
      SAFETENSORS,
      /is a safetensors file/,
      /imported first: repfuse import/,
    ],
  ),
  ["model.onnx", "PK\x03\x04", /is a zip archive.*expected an ONNX file/, /repfuse import/],
  ["model.onnx", '{"a": 1}', /is a JSON text/, /repfuse fuse/],
  ["model.onnx", "\x89HDF\r\n\x1a\n", /is an HDF5 file/, /named \.h5/],
  ["photo.jpg", "\xff\xd8\xff\xe0", /is a picture: expected a run, a model\.json/, /repfuse predict/],
  ["saved_model.pb", "\x08\x01", /is a file of no format that is known here/, /tf2onnx/],
  ["notes.txt", "hello", /is a file of no format that is known here/, /repfuse import/],
];

/** What every task begins with. */
const DOORS = {
  "fuse, inspect and bench": (path: string) => findNetwork(path, "trained"),
  "export": (path: string) => readModelSource(path),
  "predict and evaluate": (path: string) => openClassifier(path),
};

const refusal = (says: RegExp, hint: RegExp) => (error: unknown): boolean => {
  assert.ok(error instanceof InputError, String(error));
  assert.match(error.message, says);
  assert.match(error.hint ?? "", hint);
  return true;
};

for (const [tasks, open] of Object.entries(DOORS)) {
  Deno.test(`${tasks} say what a file is that is no network`, () =>
    inTemporaryFolder(async (folder) => {
      const place = `${folder}/a folder`;
      await Deno.mkdir(place);
      for (const [name, content, says, hint] of FILES) {
        const path = `${place}/${name}`;
        await Deno.writeFile(path, Uint8Array.from(content, (character) => character.charCodeAt(0)));
        await assert.rejects(open(path), refusal(says, hint), `${name}: ${JSON.stringify(content)}`);
        await Deno.remove(path);
      }
    }));

  Deno.test(`${tasks} say what a folder is that holds no network`, () =>
    inTemporaryFolder(async (folder) => {
      const refuses = (name: string, says: RegExp, hint = /^/) =>
        assert.rejects(open(`${folder}/${name}`), refusal(says, hint), name);
      for (const name of ["empty", "tf", "one", "weights", "other", "graph"]) {
        await Deno.mkdir(`${folder}/${name}`);
      }
      await Deno.writeTextFile(`${folder}/tf/saved_model.pb`, "");
      await Deno.writeTextFile(`${folder}/one/best.onnx`, "");
      await Deno.writeTextFile(`${folder}/weights/best.pth`, "");
      await Deno.writeTextFile(`${folder}/other/notes.txt`, "");
      await Deno.writeTextFile(
        `${folder}/graph/model.json`,
        JSON.stringify({ format: "graph-model", modelTopology: { node: [] }, weightsManifest: [] }),
      );
      await refuses("empty", /is an empty folder/);
      await refuses("tf", /is a SavedModel/, /tf2onnx/);
      await refuses("one", /it holds best\.onnx/, /one\/best\.onnx/);
      await refuses("weights", /it holds best\.pth/, /repfuse import .*best\.pth/);
      await refuses("other", /other is not a run: it has no config\.json/);
      await refuses("nowhere", /nowhere is not a run: there is no such file or folder/);
      if (tasks !== "fuse, inspect and bench") await refuses("graph", /is a GraphModel/, /tfjs_layers_model/);
    }));
}

Deno.test("findNetwork() sends weights of PyTorch to import, which predict takes as they are", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/weights.safetensors`;
    await Deno.writeFile(path, Uint8Array.from(SAFETENSORS, (character) => character.charCodeAt(0)));
    await assert.rejects(findNetwork(path, "trained"), refusal(/a file of weights/, /repfuse import/));
    assert.equal((await findNamed(path, "fused")).kind, "file");
  }));
