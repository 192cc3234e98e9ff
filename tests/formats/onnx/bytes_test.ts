import { deepEqual, equal, ok } from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema } from "onnx-buf";
import { lightOnnx, onnxBytes, onnxParts } from "../../../src/formats/onnx/bytes.ts";
import { parseOnnx } from "../../../src/formats/onnx/read.ts";

const FOLDER = new URL("../../fixtures/onnx/", import.meta.url);

Deno.test("onnxBytes() writes what a writer of protocol buffers writes, and onnxParts() copies no large tensor", async () => {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith(".onnx"));
  ok(names.length > 0);
  for (const name of names) {
    const file = new Uint8Array(await readFile(new URL(name, FOLDER)));
    const model = parseOnnx(file, name);
    deepEqual(onnxBytes(model), toBinary(ModelProtoSchema, model), name);
    const parts = new Set(onnxParts(model));
    const large = model.graph!.initializer.filter(({ rawData }) => rawData.length >= 1024);
    ok(large.every(({ rawData }) => parts.has(rawData)), name);
  }
});

Deno.test("lightOnnx() names the large tensors of a file, which lie beside it as they are", async () => {
  const file = new Uint8Array(await readFile(new URL("repvgg-17.onnx", FOLDER)));
  const model = parseOnnx(file, "repvgg");
  const { bytes, external } = lightOnnx(model);
  ok(external.size > 0);
  const light = parseOnnx(bytes, "light");
  for (const [i, { rawData, externalData }] of light.graph!.initializer.entries()) {
    const location = externalData.find(({ key }) => key === "location")?.value;
    const numbers = location === undefined ? rawData : external.get(location)!;
    deepEqual(numbers, model.graph!.initializer[i]!.rawData);
    equal(numbers.length < 1024, location === undefined);
  }
});
