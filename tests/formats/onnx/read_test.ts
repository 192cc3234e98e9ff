/** Networks of PyTorch's exporter, read into a graph, fused, and written back: onnxruntime says whether anything changed. */
import { create, equals, fromBinary, toBinary } from "@bufbuild/protobuf";
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
} from "onnx-buf";
import { InputError } from "../../../src/errors.ts";
import { type JudgeTensor, openNetwork } from "../../../src/formats/onnx/judge.ts";
import { readOnnx } from "../../../src/formats/onnx/read.ts";
import { writeOnnx } from "../../../src/formats/onnx/write.ts";
import { fuseGraph } from "../../../src/fuse/fuse.ts";
import { sizeOf } from "../../../src/graph/graph.ts";
import { Random } from "../../../src/random.ts";

const FIXTURES = new URL("../../fixtures/onnx/", import.meta.url);
const files = (await readdir(FIXTURES)).filter((file) => file.endsWith(".onnx")).sort();

/** Convolutions and BatchNorms before and after, of the files that keep BatchNorm apart. */
const COUNTS: Readonly<Record<string, readonly number[]>> = {
  "acnet-17.onnx": [6, 6, 2, 0],
  "dbb-17.onnx": [10, 12, 2, 0],
  // Those that stand behind a concatenation or a convolution that something else reads stay.
  "densenet-17.onnx": [8, 9, 8, 5],
  "mobilenetv2-17.onnx": [11, 11, 11, 0],
  "mobileone-17.onnx": [16, 17, 5, 0],
  "repvgg-17-half.onnx": [8, 10, 4, 0],
  "repvgg-17.onnx": [8, 10, 4, 0],
  // A Conv along three axes stays, and so does what stands behind it.
  "conv3d-17.onnx": [2, 2, 2, 2],
  // A mean over a window becomes a Conv; what stands behind the concatenation goes into one of its two branches.
  "repvgg1d-17.onnx": [9, 10, 7, 0],
  "unet1d-17.onnx": [8, 8, 8, 0],
  // Behind a split the BatchNorm in front of the 1x1 goes into it, and the other has nothing to go into.
  "parts-17.onnx": [4, 4, 4, 1],
  "repvit-17.onnx": [12, 12, 10, 0],
  "resnet18-17.onnx": [20, 20, 20, 0],
  "unet-17.onnx": [11, 11, 11, 0],
  "yolo-17.onnx": [8, 6, 8, 0],
};

const read = async (file: string) => new Uint8Array(await readFile(new URL(file, FIXTURES)));
const parse = (bytes: Uint8Array) => fromBinary(ModelProtoSchema, bytes);
const serialize = (model: ModelProto) => toBinary(ModelProtoSchema, model);
const countOf = (bytes: Uint8Array, opType: string) =>
  parse(bytes).graph!.node.filter((node) => node.opType === opType).length;

/** The largest difference of any output, relative to its largest number. */
async function difference(before: Uint8Array, after: Uint8Array): Promise<number> {
  const random = Random.from(3, "images");
  const answers = [];
  const inputs = new Map<string, JudgeTensor>();
  for (const bytes of [before, after]) {
    const network = await openNetwork(bytes, "network");
    for (const { name, shape: open } of inputs.size === 0 ? network.inputs : []) {
      const shape = open.map((length, axis) => length ?? (axis === 0 ? 2 : open.length > 4 ? 8 : 32));
      const numbers = Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(-1, 1));
      inputs.set(name, { numbers, shape });
    }
    answers.push(await network.run(inputs));
    await network.release();
  }
  const [expected, found] = answers as [typeof answers[0], typeof answers[0]];
  deepEqual([...found.keys()], [...expected.keys()]);
  return Math.max(...[...expected].map(([name, { numbers, shape }]) => {
    deepEqual(found.get(name)!.shape, shape);
    const scale = Math.max(...Array.from(numbers, Math.abs));
    return Math.max(...Array.from(numbers, (x, i) => Math.abs(x - found.get(name)!.numbers[i]!))) / scale;
  }));
}

Deno.test("writeOnnx() gives back the nodes and the numbers of a file that readOnnx() read", async () => {
  equal(files.length, 30);
  for (const file of files) {
    const before = parse(await read(file));
    const after = parse(writeOnnx(readOnnx(serialize(before), file)));
    const byOutput = ({ graph }: ModelProto) =>
      graph!.node.toSorted((a, b) => a.output[0]! < b.output[0]! ? -1 : 1);
    ok(byOutput(before).every((node, i) => equals(NodeProtoSchema, node, byOutput(after)[i]!)), file);
    const rest = (model: ModelProto) =>
      create(ModelProtoSchema, { ...model, graph: { ...model.graph!, node: [] } });
    ok(equals(ModelProtoSchema, rest(before), rest(after)), file);
    equal(await difference(serialize(before), serialize(after)), 0, file);
  }
});

Deno.test("fuseGraph() makes one Conv of every block of an ONNX file, and its outputs stay", async () => {
  for (const file of files) {
    const before = await read(file);
    const after = writeOnnx(fuseGraph(readOnnx(before, file)).graph);
    const found = await difference(before, after);
    ok(found < (file.includes("half") ? 4e-3 : 2e-6), `${file}: ${found}`);
    if (!(file in COUNTS)) continue;
    const counts = [before, after].flatMap((
      bytes,
    ) => [countOf(bytes, "Conv"), countOf(bytes, "BatchNormalization")]);
    deepEqual(counts, COUNTS[file], file);
  }
});

Deno.test("a network in float16 stays one: what merges is rounded to that, and nothing is cast", async () => {
  for (const file of ["repvgg-17-half.onnx", "repvgg1d-17-half.onnx"]) {
    const { graph, report } = fuseGraph(readOnnx(await read(file), file));
    ok(report.regions.every(({ roundingError }) => roundingError > 1e-5 && roundingError < 2 ** -11), file);
    const bytes = writeOnnx(graph);
    equal(countOf(bytes, "Cast"), 0, file);
    const types = parse(bytes).graph!.initializer.map(({ dataType }) => dataType);
    ok(types.includes(DataType.FLOAT16) && !types.includes(DataType.FLOAT), file);
  }
});

Deno.test("a BatchNorm behind a Split stays with the reason that is true", async () => {
  const { report } = fuseGraph(readOnnx(await read("parts-17.onnx"), "parts"));
  deepEqual(
    report.refusals.filter(({ law }) => law === "batchNorm").map(({ layer, reason }) => [
      layer,
      reason.replace(/".*?"/g, "…"),
    ]),
    [[
      "/n/BatchNormalization",
      "no convolution and no dense layer stands directly before it, but the Split of …, and none behind it",
    ]],
  );
});

Deno.test("a kernel that is 0.1% off is seen in what onnxruntime answers", async () => {
  const before = await read("repvgg-17.onnx");
  const { graph } = fuseGraph(readOnnx(before, "repvgg"));
  const [name, weight] = [...graph.weights].find(([name]) => name.endsWith("/kernel"))!;
  const planted = { ...weight, read: () => weight.read().map((value) => value * 1.001) };
  const after = writeOnnx({ ...graph, weights: new Map([...graph.weights, [name, planted]]) });
  ok(await difference(before, after) > 1e-4);
});

Deno.test("what readOnnx() does not know stays as it is: nodes, names, texts, numbers that take no part", async () => {
  const model = parse(await read("repvgg-17.onnx"));
  const graph = model.graph!;
  const last = graph.output[0]!.name;
  model.docString = "of the model";
  model.metadataProps = [create(StringStringEntryProtoSchema, { key: "labels", value: "a,b" })];
  model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: "shop", version: 3n }));
  graph.docString = "of the graph";
  graph.initializer.push(
    create(TensorProtoSchema, { name: "unused", dims: [1n], dataType: DataType.FLOAT, floatData: [5] }),
  );
  const foreign = create(NodeProtoSchema, {
    name: "odd",
    domain: "shop",
    opType: "Odd",
    docString: "of the node",
    input: [last, "", "unused"],
    output: ["odd_0", "odd_1"],
    attribute: [{ name: "speed", type: AttributeType.FLOAT, f: 2.5 }],
  });
  graph.node.push(foreign);
  graph.output[0]!.name = "odd_1";
  const after = parse(writeOnnx(fuseGraph(readOnnx(serialize(model), "odd")).graph));
  ok(equals(NodeProtoSchema, after.graph!.node.find(({ domain }) => domain === "shop")!, foreign));
  equal(after.graph!.node.filter(({ opType }) => opType === "Conv").length, 4);
  const { graph: _before, ...rest } = model;
  const { graph: _after, ...restAfter } = after;
  deepEqual(restAfter, rest);
  equal(after.graph!.docString, "of the graph");
  ok(after.graph!.initializer.some(({ name }) => name === "unused"));
  deepEqual(after.graph!.input.map(({ name }) => name), ["x"]);
  deepEqual(after.graph!.output.map(({ name }) => name), ["odd_1"]);
});

Deno.test("readOnnx() reads weights that lie in another file, and asks for no more than the tensor says", async () => {
  const before = await read("acnet-17.onnx");
  const model = parse(before);
  const tensor = model.graph!.initializer[0]!;
  const bytes = tensor.rawData;
  tensor.rawData = new Uint8Array(0);
  tensor.dataLocation = DataLocation.EXTERNAL;
  const facts = { location: "weights/a.bin", offset: "64" };
  tensor.externalData = Object.entries(facts).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value })
  );
  const asked: unknown[] = [];
  const graph = readOnnx(serialize(model), "acnet", (...request) => {
    asked.push(request);
    return bytes;
  });
  deepEqual(asked, [["weights/a.bin", 64, bytes.length]]);
  equal(await difference(before, writeOnnx(graph)), 0);
  throws(() => readOnnx(serialize(model), "acnet"), InputError);
});

/** Changes of a good file that make it a bad one, and what is said of it. */
const DAMAGED: Readonly<Record<string, { damage: (model: ModelProto) => void; message: RegExp }>> = {
  "a cycle": {
    damage: ({ graph }) => graph!.node[0]!.input[0] = graph!.node.at(-1)!.output[0]!,
    message: /which no node before it makes/,
  },
  "a node that nobody feeds": {
    damage: ({ graph }) => graph!.node[3]!.input[0] = "nothing",
    message: /reads "nothing", which no node before it makes/,
  },
  "one name for two tensors": {
    damage: ({ graph }) => graph!.node[1]!.output[0] = graph!.node[0]!.output[0]!,
    message: /two of its nodes make the tensor/,
  },
  "a tensor of 10^12 numbers": {
    damage: ({ graph }) => graph!.initializer[0]!.dims = [1_000_000n, 1_000_000n],
    message: /has \d+ bytes for \[1000000,1000000\]/,
  },
  "lengths whose product is no number": {
    damage: ({ graph }) => graph!.initializer[0]!.dims = [2n ** 60n, 2n ** 60n],
    message: /its shape is/,
  },
  "a negative length": {
    damage: ({ graph }) => graph!.initializer[0]!.dims = [-1n],
    message: /its shape is \[-1\]/,
  },
  "a kernel of other channels": {
    damage: ({ graph }) => {
      const { initializer, node } = graph!;
      const kernel = initializer.find(({ name }) =>
        name === node.find(({ opType }) => opType === "Conv")!.input[1]
      )!;
      kernel.dims = [kernel.dims[1]!, kernel.dims[0]!, kernel.dims[2]!, kernel.dims[3]!];
    },
    message: /does not fit 3 channels/,
  },
  "no nodes": { damage: ({ graph }) => graph!.node = [], message: /it has no nodes/ },
};

for (const [what, { damage, message }] of Object.entries(DAMAGED)) {
  Deno.test(`readOnnx() refuses ${what} with one sentence`, async () => {
    const model = parse(await read("acnet-17.onnx"));
    damage(model);
    throws(
      () => readOnnx(serialize(model), "bad.onnx"),
      (error) => error instanceof InputError && message.test(error.message),
    );
  });
}

Deno.test("readOnnx() gives a graph that can be fused and written, or one InputError, for any bytes", async () => {
  const random = Random.from(11, "bytes");
  const good = await Promise.all(["acnet-17.onnx", "dbb-folded-open-9.onnx", "repvit-17.onnx"].map(read));
  let [graphs, errors] = [0, 0];
  for (let i = 0; i < 600; i++) {
    const bytes = good[i % good.length]!.slice(0, i % 7 === 0 ? random.integer(10_000) : undefined);
    for (let flips = 0; flips <= i % 4; flips++) bytes[random.integer(bytes.length)] = random.integer(256);
    try {
      writeOnnx(fuseGraph(readOnnx(bytes, "any")).graph);
      graphs++;
    } catch (error) {
      ok(error instanceof InputError, String(error));
      errors++;
    }
  }
  ok(graphs > 50 && errors > 50);
});

Deno.test("what is quantized stays, and says why", async () => {
  const model = parse(await read("repvgg-17.onnx"));
  const [first, second] = model.graph!.node.filter(({ opType }) => opType === "Conv") as [
    NodeProto,
    NodeProto,
  ];
  first.opType = "ConvInteger";
  const kernel = second.input[1]!;
  const outputs = [`${kernel}/integers`, `${kernel}/numbers`] as const;
  const scale = create(TensorProtoSchema, { name: "scale", dataType: DataType.FLOAT, floatData: [0.1] });
  model.graph!.initializer.push(scale);
  model.graph!.node.unshift(
    create(NodeProtoSchema, { opType: "QuantizeLinear", input: [kernel, "scale"], output: [outputs[0]] }),
    create(NodeProtoSchema, {
      opType: "DequantizeLinear",
      input: [outputs[0], "scale"],
      output: [outputs[1]],
    }),
  );
  second.input[1] = outputs[1];
  const { report } = fuseGraph(readOnnx(serialize(model), "quantized"));
  const reasonOf = ({ name }: NodeProto) => report.refusals.find(({ layer }) => layer === name)?.reason ?? "";
  ok(/it is quantized/.test(reasonOf(first)), reasonOf(first));
  ok(/or it is quantized/.test(reasonOf(second)), reasonOf(second));
});

Deno.test("a HardSigmoid of any slope is read, and the Clip that is left of it computes the same", async () => {
  const model = parse(await read("repvgg-17.onnx"));
  const relu = model.graph!.node.find(({ opType }) => opType === "Relu")!;
  relu.opType = "HardSigmoid";
  relu.attribute = [["alpha", 1 / 6], ["beta", 0.5]].map(([name, f]) =>
    create(AttributeProtoSchema, { name: name as string, type: AttributeType.FLOAT, f: f as number })
  );
  const bytes = serialize(model);
  const graph = readOnnx(bytes, "hard");
  deepEqual(graph.operations.filter(({ op }) => op === "opaque"), []);
  const fused = writeOnnx(fuseGraph(graph).graph);
  equal(countOf(fused, "HardSigmoid"), 0);
  ok(await difference(bytes, fused) < 1e-5);
  ok(await difference(bytes, writeOnnx(graph)) === 0);
});
