import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  ModelProtoSchema,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation,
} from "onnx-buf";
import { exportModel } from "../../src/run/export_run.ts";
import { ONNX_FORMAT } from "../../src/deploy/onnx_format.ts";
import { readOnnxCard } from "../../src/classify/onnx_card.ts";
import { openNetwork } from "../../src/formats/onnx/judge.ts";
import { readOnnx } from "../../src/formats/onnx/read.ts";
import { Random } from "../../src/random.ts";
import { openClassifier } from "../../src/run/open_classifier.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { onnxOf } from "../formats/onnx/onnx_judges.ts";
import { SILENT, tinySource } from "../deploy/tiny_source.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

await startBackend();

const cardOf = (bytes: Uint8Array) => readOnnxCard(readOnnx(bytes, "m.onnx"), "m.onnx").card;

Deno.test("openClassifier() runs a lone .onnx file of ours by what the file itself tells", () =>
  inTemporaryFolder(async (folder) => {
    const source = await tinySource();
    const output = `${folder}/out`;
    await exportModel(source, { format: ONNX_FORMAT, precision: "float32", output, progress: SILENT });
    await Deno.rename(`${output}/model.onnx`, `${folder}/alone.onnx`);
    const { card, classifier } = await openClassifier(`${folder}/alone.onnx`);
    assert.deepEqual({ ...card }, source.card);
    assert.equal((await classifier.classify(new Uint8Array(2 * 32 * 32 * 3))).length, 20);
    await classifier.dispose();
  }));

Deno.test("readOnnxCard() reads the images' size off the input of a file that says no more", async () => {
  const { artifacts } = await tinySource();
  const card = cardOf(onnxOf(artifacts));
  assert.deepEqual(card.inputSize, [32, 32, 3]);
  assert.deepEqual(card.classNames.slice(0, 2), ["class 0", "class 1"]);
  assert.deepEqual(card.normalization.mean, [127.5, 127.5, 127.5]);
});

Deno.test("openClassifier() runs a file of somebody else's whose images are NCHW, and of a fixed number", async () => {
  const path = fileURLToPath(new URL("../fixtures/onnx/repvgg-17.onnx", import.meta.url));
  const { card, classifier } = await openClassifier(path);
  assert.deepEqual(card.inputSize, [32, 32, 3]);
  const random = Random.from(5, "pixels");
  const pixels = Uint8Array.from({ length: 2 * 32 * 32 * 3 }, () => random.integer(256));
  const found = await classifier.classify(pixels);
  // The file takes two images at once: three go in two turns.
  const three = await classifier.classify(Uint8Array.of(...pixels, ...pixels.subarray(0, 3072)));
  assert.deepEqual([...three], [...found, ...found.subarray(0, 10)]);
  await classifier.dispose();
  const network = await openNetwork(new Uint8Array(await readFile(path)), path);
  const numbers = Float32Array.from({ length: pixels.length }, (_, i) => {
    const [image, rest] = [Math.floor(i / 3072), i % 3072];
    const [channel, place] = [Math.floor(rest / 1024), rest % 1024];
    return (pixels[image * 3072 + place * 3 + channel]! - 127.5) / 127.5;
  });
  const [expected] = [...(await network.run(new Map([["x", { numbers, shape: [2, 3, 32, 32] }]]))).values()];
  await network.release();
  assert.deepEqual([...found], Array.from(expected!.numbers));
});

Deno.test("readOnnxCard() knows a softmax at the end", async () => {
  const { artifacts } = await tinySource();
  assert.equal(cardOf(onnxOf(artifacts)).givesProbabilities, false);
  const model = fromBinary(ModelProtoSchema, onnxOf(artifacts));
  const graph = model.graph!;
  const name = graph.output[0]!.name;
  graph.node.push(create(NodeProtoSchema, { opType: "Softmax", input: [name], output: ["probabilities"] }));
  graph.output[0]!.name = "probabilities";
  assert.equal(cardOf(toBinary(ModelProtoSchema, model)).givesProbabilities, true);
});

Deno.test("readOnnxCard() refuses an output that is not [N, classes]", async () => {
  const file = new Uint8Array(await readFile(new URL("../fixtures/onnx/unet-17.onnx", import.meta.url)));
  assert.throws(() => cardOf(file), /expected one output \[N, classes\], found \[2,32,32,2\]/);
});

Deno.test("readOnnxCard() reads off the graph what early files of ours do not say, and the rest off their metadata", async () => {
  const { artifacts, card } = await tinySource();
  const { classNames, inputSize, normalization } = card;
  const model = fromBinary(ModelProtoSchema, onnxOf(artifacts));
  model.metadataProps = Object.entries({ classNames, inputSize, normalization })
    .map(([key, value]) => create(StringStringEntryProtoSchema, { key, value: JSON.stringify(value) }));
  const read = () => cardOf(toBinary(ModelProtoSchema, model));
  assert.deepEqual(read(), { classNames, inputSize, normalization, givesProbabilities: false });
  const graph = model.graph!;
  graph.node.push(
    create(NodeProtoSchema, { opType: "Softmax", input: [graph.output[0]!.name], output: ["p"] }),
  );
  graph.output[0]!.name = "p";
  assert.deepEqual(read(), { classNames, inputSize, normalization, givesProbabilities: true });
});

/** A file of somebody else's with such metadata. */
async function fileWith(metadata: Readonly<Record<string, string>>): Promise<Uint8Array> {
  const { artifacts } = await tinySource();
  const model = fromBinary(ModelProtoSchema, onnxOf(artifacts));
  model.metadataProps = Object.entries(metadata)
    .map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
  return toBinary(ModelProtoSchema, model);
}

Deno.test("readOnnxCard() reads labels and the range of pixels where others keep them", async () => {
  const names = Array.from({ length: 10 }, (_, i) => `thing ${i}`);
  const python = `{${names.map((name, i) => `${i}: '${name}'`).join(", ")}}`;
  const byUltralytics = cardOf(
    await fileWith({ names: python, "Image.NominalPixelRange": "NominalRange_0_255" }),
  );
  assert.deepEqual(byUltralytics.classNames, names);
  assert.deepEqual(byUltralytics.normalization, { mean: [0, 0, 0], scale: [1, 1, 1] });
  const tooFew = cardOf(await fileWith({ labels: JSON.stringify(names.slice(1)) }));
  assert.equal(tooFew.classNames[0], "class 0");
  const bgr = await fileWith({ "Image.BitmapPixelFormat": "Bgr8" });
  assert.throws(() => cardOf(bgr), /takes pixels as Bgr8, blue before red/);
});

Deno.test("openClassifier() runs a file of open sizes on images of the size that is said", async () => {
  const path = fileURLToPath(new URL("../fixtures/onnx/repvgg-folded-open-9.onnx", import.meta.url));
  await assert.rejects(openClassifier(path), /Cannot tell how large the images/);
  const { card, assumed, classifier } = await openClassifier(path, "fused", undefined, {
    imageSize: 24,
    pixels: "0..1",
  });
  assert.deepEqual([card.inputSize, card.normalization.scale], [[24, 24, 3], [255, 255, 255]]);
  assert.deepEqual(assumed, ["classes by their numbers (--labels)"]);
  const random = Random.from(6, "pixels");
  const pixels = Uint8Array.from({ length: 24 * 24 * 3 }, () => random.integer(256));
  const found = await classifier.classify(pixels);
  await classifier.dispose();
  const network = await openNetwork(new Uint8Array(await readFile(path)), path);
  const numbers = Float32Array.from(
    { length: pixels.length },
    (_, i) => pixels[(i % 576) * 3 + Math.floor(i / 576)]! / 255,
  );
  const [expected] = [...(await network.run(new Map([["x", { numbers, shape: [1, 3, 24, 24] }]]))).values()];
  await network.release();
  assert.deepEqual([...found], Array.from(expected!.numbers));
});

Deno.test("openClassifier() runs a file whose weights lie beside it", () =>
  inTemporaryFolder(async (folder) => {
    const { artifacts, card } = await tinySource();
    const model = fromBinary(ModelProtoSchema, onnxOf(artifacts));
    const path = `${folder}/whole.onnx`;
    await Deno.writeFile(path, toBinary(ModelProtoSchema, model));
    const [largest] = [...model.graph!.initializer].sort((a, b) => b.rawData.length - a.rawData.length);
    await Deno.writeFile(`${folder}/weights.bin`, largest!.rawData);
    largest!.rawData = new Uint8Array(0);
    largest!.dataLocation = TensorProto_DataLocation.EXTERNAL;
    largest!.externalData = [create(StringStringEntryProtoSchema, { key: "location", value: "weights.bin" })];
    await Deno.writeFile(`${folder}/apart.onnx`, toBinary(ModelProtoSchema, model));
    const pixels = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 31) % 256);
    const answers: number[][] = [];
    for (const name of ["whole", "apart"]) {
      const { classifier } = await openClassifier(`${folder}/${name}.onnx`);
      answers.push([...await classifier.classify(pixels)]);
      await classifier.dispose();
    }
    assert.equal(answers[0]!.length, card.classNames.length);
    assert.deepEqual(answers[1], answers[0]);
  }));
