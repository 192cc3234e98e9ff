/** Networks that other people made, through predict, evaluate and export: what a file does not say is asked, said and obeyed. */
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { readPicture } from "../../src/data/pictures/read_picture.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { runTask } from "./task.ts";

const CASES = fileURLToPath(new URL("../fixtures/cases/", import.meta.url));

interface Prediction {
  readonly assumed: readonly string[];
  readonly predictions: readonly { readonly top: readonly { name: string; probability: number }[] }[];
}

/** A folder of a name with a space, with a case in it. */
function withCase(name: string, work: (folder: string) => Promise<void>): Promise<void> {
  return inTemporaryFolder(async (folder) => {
    await cp(`${CASES}${name}`, `${folder}/their network`, { recursive: true });
    await work(folder);
  });
}

async function json<T>(folder: string, ...words: [string, ...string[]]): Promise<T> {
  const { code, stdout, stderr } = await runTask(folder, words[0], ...words.slice(1), "--json");
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as T;
}

Deno.test("a network with its own Rescaling, softmax and labels is fed bytes as they are, everywhere alike", () =>
  withCase("70-foreign-model-takes-0-to-255", async (folder) => {
    const { assumed, predictions: [first] } = await json<Prediction>(
      folder,
      "predict",
      "their network/red.png",
      "--model",
      "their network/model.json",
    );
    assert.deepEqual(assumed, []);
    const { name, probability } = first!.top[0]!;
    assert.equal(name, "red");
    assert(Math.abs(probability - 0.9968) < 5e-5, String(probability));
    for (const format of ["onnx", "module", "web", "tfjs"]) {
      const { output } = await json<{ output: string }>(
        folder,
        "export",
        "their network",
        "--format",
        format,
      );
      const found = await json<Prediction>(folder, "predict", "their network/red.png", "--model", output);
      const [again] = found.predictions[0]!.top;
      assert.deepEqual([again!.name, found.assumed], ["red", []], format);
      assert(Math.abs(again!.probability - probability) < 1e-6, format);
    }
    const place = pathToFileURL(`${folder}/their network/export/module/index.js`).href;
    const { load } = await import(place) as {
      load: () => Promise<(pixels: Uint8Array) => { label: string; probability: number }[]>;
    };
    const { pixels } = await readPicture(`${folder}/their network/red.png`);
    const [best] = (await load())(pixels);
    assert.equal(best!.label, "red");
    assert(Math.abs(best!.probability - probability) < 1e-6);
  }));

Deno.test("evaluate takes all pictures of plain class folders, as classes by their names", () =>
  withCase("70-foreign-model-takes-0-to-255", async (folder) => {
    const data = `${folder}/some photos`;
    await cp(`${folder}/their network/data/train`, data, { recursive: true });
    await Deno.remove(`${data}/green`, { recursive: true });
    await Deno.rename(`${data}/red`, `${data}/Red`);
    const { code, stdout, stderr } = await runTask(
      folder,
      "evaluate",
      "their network",
      "--data",
      "some photos",
    );
    assert.equal(code, 0, stderr);
    assert.match(stderr, /evaluating on 6 pictures of some photos, 2 classes by name: Red = red/);
    assert.match(stdout, /accuracy 100\.00% \(6 of 6\)/);
    const [, report] = /Report: (.*)\n/.exec(stdout)!;
    assert.match(
      await Deno.readTextFile(`${folder}/${report}`),
      /their network classifies 6 of 6 images rightly/,
    );
    await Deno.rename(`${data}/Red`, `${data}/purple`);
    const refused = await runTask(folder, "evaluate", "their network", "--data", "some photos");
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /its class "purple" is none of the network's 3/);
  }));

Deno.test("one sigmoid is two classes, and what was assumed is said", () =>
  withCase("72-binary-sigmoid-one-output", async (folder) => {
    await cp(`${CASES}70-foreign-model-takes-0-to-255/red.png`, `${folder}/red.png`);
    await Deno.writeTextFile(`${folder}/labels.txt`, "cat\ndog\n");
    const args = ["red.png", "--model", "their network"];
    const { stdout } = await runTask(folder, "predict", ...args);
    assert.match(
      stdout,
      /\nassumed: pixels from -1 to 1 \(--pixels, --mean, --std\); classes by their numbers \(--labels\)\n$/,
    );
    const { assumed, predictions: [first] } = await json<Prediction>(
      folder,
      "predict",
      ...args,
      "--labels",
      "labels.txt",
      "--pixels",
      "0..1",
    );
    assert.deepEqual(assumed, []);
    assert.deepEqual(first!.top.map(({ name }) => name).sort(), ["cat", "dog"]);
    assert(Math.abs(first!.top.reduce((sum, { probability }) => sum + probability, 0) - 1) < 1e-12);
  }));

Deno.test("predict refuses a network that gives images, and asks for the size of one that takes any", () =>
  inTemporaryFolder(async (folder) => {
    const picture = `${CASES}70-foreign-model-takes-0-to-255/red.png`;
    const says = async (name: string, pattern: RegExp, ...args: string[]) => {
      const { code, stderr } = await runTask(
        folder,
        "predict",
        picture,
        "--model",
        `${CASES}${name}`,
        ...args,
      );
      assert.equal(code, 2);
      assert.match(stderr, pattern);
    };
    await says(
      "12b-zero-pad-average-pool-valid-branch",
      /expected one output \[N, classes\], found \[\?,7,7,4\]/,
    );
    await says("31-no-fixed-size-stride-2", /Say which it was trained on: --image-size 224/);
    await says("31-no-fixed-size-stride-2", /found \[\?,16,16,4\]/, "--image-size", "32");
    await says("70-foreign-model-takes-0-to-255", /takes 16x16/, "--image-size", "32");
  }));

Deno.test("predict answers for every picture of a folder that it can read, names the network, and lists the others", () =>
  withCase("70-foreign-model-takes-0-to-255", async (folder) => {
    await cp(`${folder}/their network/red.png`, `${folder}/mine/b.jpg`);
    await cp(`${folder}/their network/red.png`, `${folder}/mine/deep/a.png`);
    await cp(`${CASES}../pictures/photo.heic`, `${folder}/mine/deep/c.jpg`);
    const words = ["mine", "lost.png", "--model", "their network", "--top", "1"];
    const said = await runTask(folder, "predict", ...words);
    assert.equal(said.code, 2);
    assert.match(said.stdout, /^their network.* \(tfjs\):\n/);
    assert.match(said.stdout, /mine\/b\.jpg +red[^]*mine\/deep\/a\.png +red/);
    assert.match(
      said.stderr,
      /2 of 4 pictures gave no answer[^]*deep\/c\.jpg: it is a HEIC photo[^]*lost\.png/,
    );
    assert.match(said.stderr, /heif-convert/);
    const { stdout } = await runTask(folder, "predict", ...words, "--json");
    const { predictions, failed } = JSON.parse(stdout) as {
      predictions: { image: string }[];
      failed: { image: string }[];
    };
    assert.deepEqual(predictions.map(({ image }) => image), ["mine/b.jpg", "mine/deep/a.png"]);
    assert.deepEqual(failed.map(({ image }) => image), ["mine/deep/c.jpg", "lost.png"]);
  }));
