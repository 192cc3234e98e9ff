/** From a trained run to every format and back, by the tasks, as a person would. */
import assert from "node:assert/strict";
import { exists } from "../../src/files/read.ts";
import { plainPng } from "../data/image_files.ts";
import { inWorkplace, onlyRun, type Outcome, runTask } from "./task.ts";

interface Answer {
  readonly [key: string]: unknown;
  readonly output: string;
  readonly accuracy: number;
  readonly correct: number;
}

function answerOf({ code, stdout, stderr }: Outcome): Answer {
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  return JSON.parse(stdout) as Answer;
}

const SCRIPT = ["--json", "--quiet"];

Deno.test("a run goes out in every format, evaluates alike in all of them, and predicts", () =>
  inWorkplace(async (folder) => {
    const task = async (...words: [string, ...string[]]) =>
      answerOf(await runTask(folder, ...words, ...SCRIPT));
    const few = ["--config", "small.json", "--set", "padding=explicit", "--epochs", "1"];
    await task("train", ...few);
    await task("fuse");
    const run = onlyRun(folder);

    const outputs: string[] = [];
    for (
      const flags of [["tfjs", "--quantize", "uint16"], ["onnx"], ["onnx", "--form", "training"], [
        "safetensors",
      ], ["module"]]
    ) {
      outputs.push((await task("export", "--format", ...flags)).output);
    }
    assert.deepEqual(
      outputs.map((output) => output.slice(run.length)),
      [
        "/export/tfjs-uint16",
        "/export/onnx",
        "/export/onnx-training",
        "/export/safetensors",
        "/export/module",
      ],
    );
    await Deno.copyFile(`${folder}/${outputs[3]}/model.safetensors`, `${folder}/weights.safetensors`);
    const imported = await task("import", "weights.safetensors", "--image-size", "32");
    assert.equal(imported.output, "runs/imported/weights");

    const trained = await task("evaluate", "--form", "training");
    for (const model of [run, ...outputs.slice(1)]) {
      assert.equal((await task("evaluate", model)).correct, trained.correct, model);
    }
    const onImported = await task("evaluate", imported.output, "--data", "small");
    assert.equal(onImported.correct, trained.correct, "imported");
    assert(await exists(`${folder}/${run}/evaluation/fused/confusion.svg`));
    assert(await exists(`${folder}/${run}/evaluation/fused/worst.png`));

    await Deno.writeFile(`${folder}/picture.png`, await plainPng(50, 40, [1, 2, 3]));
    const expected = await task("predict", "picture.png", "--top", "2");
    const [{ top }] = expected.predictions as [{ top: { name: string }[] }];
    assert.equal(top.length, 2);
    const onnxFile = `${outputs[1]}/model.onnx`;
    const { predictions } = await task("predict", "picture.png", "--top", "2", "--model", onnxFile);
    const [found] = predictions as [{ top: { name: string }[] }];
    assert.deepEqual(found.top.map(({ name }) => name), top.map(({ name }) => name));
  }));

Deno.test("export, evaluate, predict and import say what is wrong and what to do", () =>
  inWorkplace(async (folder) => {
    const cases: [words: [string, ...string[]], says: RegExp][] = [
      [["export"], /no fused run below runs\/.*\n.*deno task fuse/],
      [["export", "--format", "onx"], /no format "onx" \(did you mean onnx\?\)/],
      [["export", "--quantize", "int4"], /It must be one of float32, float16, uint16, uint8/],
      [["evaluate", "lost.onnx"], /Cannot read lost\.onnx .*there is no such file/],
      [["predict", "lost.png"], /no fused run below runs\//],
      [["predict"], /missing required argument 'image'/],
      [
        ["import", "small.json"],
        /Cannot read small\.json as a PyTorch checkpoint: it is a JSON text\.\n.*deno task fuse/,
      ],
    ];
    for (const [words, says] of cases) {
      const { code, stderr, stdout } = await runTask(folder, ...words);
      assert.equal(code, 2, words.join(" "));
      assert.equal(stdout, "");
      assert.match(stderr, says);
    }
  }));
