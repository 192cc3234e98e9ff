import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import assert from "node:assert/strict";
import { ModelProtoSchema, NodeProtoSchema } from "onnx-buf";
import { InputError } from "../../src/errors.ts";
import { exportModel } from "../../src/deploy/export_model.ts";
import { ONNX_FORMAT } from "../../src/deploy/onnx_format.ts";
import { readOnnxCard } from "../../src/classify/onnx_card.ts";
import { openClassifier } from "../../src/run/open_classifier.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { onnxOf } from "../formats/onnx/onnx_judges.ts";
import { SILENT, tinySource } from "../deploy/tiny_source.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

await startBackend();

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
  const card = readOnnxCard(onnxOf(artifacts), "model.onnx");
  assert.deepEqual(card.inputSize, [32, 32, 3]);
  assert.deepEqual(card.classNames.slice(0, 2), ["class 0", "class 1"]);
  assert.deepEqual(card.normalization.mean, [127.5, 127.5, 127.5]);
});

Deno.test("readOnnxCard() refuses NCHW images and what is not ONNX", async () => {
  const { artifacts } = await tinySource();
  const model = fromBinary(ModelProtoSchema, onnxOf(artifacts));
  const { type } = model.graph!.input[0]!;
  assert(type?.value.case === "tensorType");
  const { dim } = type.value.value.shape!;
  dim.splice(1, 3, dim[3]!, dim[1]!, dim[2]!);
  assert.throws(() => readOnnxCard(toBinary(ModelProtoSchema, model), "nchw.onnx"), (error) => {
    assert(error instanceof InputError);
    assert.match(error.message, /nchw\.onnx .* found \[\?,3,32,32\]/);
    return true;
  });
  assert.throws(() => readOnnxCard(Uint8Array.of(255, 255, 255), "broken.onnx"), InputError);
  assert.throws(
    () => readOnnxCard(toBinary(ModelProtoSchema, create(ModelProtoSchema)), "empty.onnx"),
    InputError,
  );
});

Deno.test("readOnnxCard() knows a softmax at the end, and refuses an output that is not [N, classes]", async () => {
  const { artifacts } = await tinySource();
  assert.equal(readOnnxCard(onnxOf(artifacts), "m.onnx").givesProbabilities, false);
  const model = fromBinary(ModelProtoSchema, onnxOf(artifacts));
  const graph = model.graph!;
  const name = graph.output[0]!.name;
  graph.node.push(create(NodeProtoSchema, { opType: "Softmax", input: [name], output: ["probabilities"] }));
  graph.output[0]!.name = "probabilities";
  assert.equal(readOnnxCard(toBinary(ModelProtoSchema, model), "m.onnx").givesProbabilities, true);
  const { type } = graph.output[0]!;
  assert(type?.value.case === "tensorType");
  const { dim } = type.value.value.shape!;
  dim.push(dim[1]!);
  assert.throws(
    () => readOnnxCard(toBinary(ModelProtoSchema, model), "m.onnx"),
    /expected one output \[N, classes\], found \[\?,10,10\]/,
  );
});
