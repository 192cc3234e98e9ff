import assert from "node:assert/strict";
import { labelsIn, readLabels } from "../../src/data/label_file.ts";
import { InputError } from "../../src/errors.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const NAMES = ["cat", "golden retriever", "crane"];

const FILES: Readonly<Record<string, string>> = {
  "lines": "cat\r\ngolden retriever\n\ncrane\n",
  "a list": JSON.stringify(NAMES),
  "names by their numbers": JSON.stringify({ 2: "crane", 0: "cat", 1: "golden retriever" }),
  "Keras' index": JSON.stringify({ 0: ["n01", "cat"], 1: ["n02", "golden retriever"], 2: ["n03", "crane"] }),
  "Hugging Face's config": JSON.stringify({
    model_type: "x",
    id2label: { 0: NAMES[0], 1: NAMES[1], 2: NAMES[2] },
  }),
  "Teachable Machine's metadata": JSON.stringify({ tmVersion: "2.4.5", labels: NAMES }),
};

for (const [what, text] of Object.entries(FILES)) {
  Deno.test(`readLabels() reads ${what}`, () =>
    inTemporaryFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/my labels.txt`, text);
      assert.deepEqual(await readLabels(`${folder}/my labels.txt`), NAMES);
    }));
}

Deno.test("readLabels() refuses a file without labels", () =>
  inTemporaryFolder(async (folder) => {
    for (const text of ["", "\n \n", "{}", "[1, 2]", '{"0": "a", "2": "b"}']) {
      await Deno.writeTextFile(`${folder}/labels`, text);
      await assert.rejects(readLabels(`${folder}/labels`), InputError, text);
    }
  }));

Deno.test("labelsIn() reads what Ultralytics keeps in ONNX files", () => {
  assert.deepEqual(labelsIn(`{0: 'cat', 1: "dog's", 2: 'it\\'s'}`), ["cat", "dog's", "it's"]);
  assert.equal(labelsIn("{0: 'cat', 5: 'dog'}"), undefined);
  assert.equal(labelsIn("{0: cat}"), undefined);
  assert.deepEqual(labelsIn("cat, dog"), ["cat", "dog"]);
});
