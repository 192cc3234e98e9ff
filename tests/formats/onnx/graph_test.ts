/** What a graph can say and no layer of TensorFlow.js does. */
import { fromBinary } from "@bufbuild/protobuf";
import { deepEqual, equal, throws } from "node:assert/strict";
import { ModelProtoSchema, TensorProto_DataType as DataType } from "onnx-buf";
import { InputError } from "../../../src/errors.ts";
import { openSession } from "../../../src/formats/onnx/judge.ts";
import { writeOnnx } from "../../../src/formats/onnx/write.ts";
import type { Axis } from "../../../src/graph/axis.ts";
import type { FullShape, Graph, Operation } from "../../../src/graph/graph.ts";
import { computedWeight } from "../../../src/graph/weights.ts";

/** An operation by what it is, and the shape of what it gives. */
type Step = readonly [operation: Partial<Operation> & Pick<Operation, "op">, shape: FullShape];

/** Operations one after the other, named "a", "b" and so on. */
function chain(shape: FullShape, steps: readonly Step[], overrides: Partial<Graph> = {}): Graph {
  const operations = steps.map(([operation], i) => ({
    name: String.fromCharCode(97 + i),
    inputs: [i],
    outputs: [i + 1],
    ...operation,
  } as Operation));
  return {
    name: "chain",
    values: [shape, ...steps.map(([, shape]) => shape)].map((shape) => ({ shape, dtype: "float32" })),
    inputs: [{ name: "x", value: 0 }],
    outputs: [steps.length],
    operations,
    weights: new Map(),
    ...overrides,
  };
}

async function run(graph: Graph, numbers: readonly number[], shape: readonly number[]): Promise<number[]> {
  const session = await openSession(writeOnnx(graph), graph.name);
  try {
    return [...await session.run(Float32Array.from(numbers), shape)];
  } finally {
    await session.release();
  }
}

const axis = (overrides: Partial<Axis>): Axis => ({
  size: 1,
  dilation: 1,
  stride: 1,
  before: 0,
  after: 0,
  ...overrides,
});

Deno.test("writeOnnx() leaves the pixels unread that a window leaves unread, at either end", async () => {
  const row = [1, 2, 3, 4, 5, 6, 7];
  const pooled = (horizontal: Axis, length: number) =>
    run(
      chain([null, 1, 7, 1], [[{ op: "maxPool", axes: [axis({}), horizontal] }, [null, 1, length, 1]]]),
      row,
      [
        1,
        1,
        7,
        1,
      ],
    );
  deepEqual(await pooled(axis({ size: 2, before: -2 }), 4), [4, 5, 6, 7]);
  deepEqual(await pooled(axis({ size: 2, after: -3 }), 3), [2, 3, 4]);
  deepEqual(await pooled(axis({ size: 2, stride: 3, after: -2 }), 2), [2, 5]);
  deepEqual(await pooled(axis({ size: 2, stride: 2, before: 1, after: -2 }), 3), [1, 3, 5]);
  deepEqual(await pooled(axis({ size: 2, dilation: 3 }), 4), [4, 5, 6, 7]);
});

Deno.test("writeOnnx() refuses a mean over a dilated window, which opset 17 does not have", () => {
  const axes = [axis({}), axis({ size: 2, dilation: 3 })] as const;
  const graph = chain([null, 1, 7, 1], [[{ op: "averagePool", axes }, [null, 1, 4, 1]]]);
  throws(
    () => writeOnnx(graph),
    new InputError("Cannot write chain as ONNX:\n  - a (averagePool): its window is dilated"),
  );
});

Deno.test("writeOnnx() scales each channel by itself, of images and of features", async () => {
  const scale = { op: "scale", factors: [2, 3], offsets: [10] } as const;
  const image = chain([null, 1, 2, 2], [[scale, [null, 1, 2, 2]]]);
  deepEqual(await run(image, [1, 2, 3, 4], [1, 1, 2, 2]), [12, 16, 16, 22]);
  const features = chain([null, 2], [[scale, [null, 2]]]);
  deepEqual(await run(features, [1, 2, 3, 4], [2, 2]), [12, 16, 16, 22]);
});

Deno.test("writeOnnx() keeps the axes of a global pooling that keeps them", async () => {
  const pooled = (op: "globalAveragePool" | "globalMaxPool") =>
    run(chain([null, 2, 1, 2], [[{ op }, [null, 1, 1, 2]]]), [1, 2, 3, 6], [1, 2, 1, 2]);
  deepEqual(await pooled("globalAveragePool"), [2, 4]);
  deepEqual(await pooled("globalMaxPool"), [3, 6]);
});

Deno.test("writeOnnx() heeds the slope and the limit of an activation", async () => {
  const f = (activate: object) =>
    run(chain([null, 3], [[{ op: "activation", ...activate }, [null, 3]]]), [-8, 1, 9], [1, 3]);
  deepEqual(await f({ activation: "leaky_relu", alpha: 0.5 }), [-4, 1, 9]);
  deepEqual(await f({ activation: "relu", limit: 4 }), [0, 1, 4]);
  deepEqual(await f({ activation: "relu6" }), [0, 1, 6]);
  deepEqual((await f({ activation: "elu", alpha: 0.5 })).map((y) => y.toFixed(2)), ["-0.50", "1.00", "9.00"]);
});

Deno.test("writeOnnx() declares integers as they are, and computes with float32", async () => {
  const graph = chain([null, 2], [[{ op: "scale", factors: [0.5], offsets: [1] }, [null, 2]]]);
  for (const [dtype, expected] of [["int32", DataType.INT32], ["uint8", DataType.UINT8]] as const) {
    const values = graph.values.map((info, i) => i === 0 ? { ...info, dtype } : info);
    deepEqual(await run({ ...graph, values }, [1, 200], [1, 2]), [1.5, 101]);
    const { graph: written } = fromBinary(ModelProtoSchema, writeOnnx({ ...graph, values }));
    const type = written!.input[0]!.type!.value;
    equal(type.case === "tensorType" && type.value.elemType, expected);
    deepEqual(written!.node.map(({ opType }) => opType), ["Cast", "Mul", "Add"]);
  }
});

Deno.test("writeOnnx() refuses data types that it cannot declare, by name", () => {
  const graph = chain([null, 2], [[{ op: "identity" }, [null, 2]]]);
  const withTypes = (...dtypes: string[]) => ({
    ...graph,
    values: graph.values.map((info, i) => ({ ...info, dtype: dtypes[i]! })),
  });
  const finding = (text: string) => new InputError(`Cannot write chain as ONNX:\n  - ${text}`);
  throws(() => writeOnnx(withTypes("string", "float32")), finding("x (input): its data type is string"));
  throws(
    () => writeOnnx(withTypes("int32", "int32")),
    finding("a (identity): the data type of its output is int32"),
  );
});

Deno.test("writeOnnx() gives no two tensors the same name", async () => {
  const ref = { name: "b/scaled", shape: [2, 2] };
  const graph = chain([null, 2], [
    [{ op: "dense", kernel: ref, activation: "swish", name: "b" }, [null, 2]],
    [{ op: "dense", kernel: ref, activation: "linear", name: "b/sigmoid" }, [null, 2]],
    [{ op: "identity", name: "b/gemm" }, [null, 2]],
    [{ op: "identity", name: "b/scaled" }, [null, 2]],
  ], { weights: new Map([["b/scaled", computedWeight([2, 2], Float32Array.of(1, 0, 0, 2))]]) });
  const swish = (x: number) => x / (1 + Math.exp(-x));
  const found = await run(graph, [1, -1], [1, 2]);
  deepEqual(found.map((x) => x.toFixed(5)), [swish(1), 2 * swish(-2)].map((x) => x.toFixed(5)));
  const { graph: written } = fromBinary(ModelProtoSchema, writeOnnx(graph));
  const names = [
    ...written!.node.flatMap(({ output }) => output),
    ...written!.initializer.map(({ name }) => name),
  ];
  equal(new Set(names).size, names.length);
  equal(
    written!.node.filter(({ opType }) => opType === "Gemm").length,
    2,
    "what swish reads twice is written once",
  );
  deepEqual(written!.output.map(({ name }) => name), ["b/scaled"]);
});

Deno.test("writeOnnx() gives images back NHWC, also where the network reads them further", async () => {
  const padded = [null, 2, 2, 2] as const;
  const graph = chain([null, 1, 2, 2], [
    [{ op: "pad", padding: [1, 0, 0, 0] }, padded],
    [{ op: "identity" }, padded],
  ], { outputs: [1] });
  deepEqual(await run(graph, [1, 2, 3, 4], [1, 1, 2, 2]), [0, 0, 0, 0, 1, 2, 3, 4]);
});

Deno.test("writeOnnx() refuses features along another axis than the second", () => {
  const vector = { name: "m", shape: [4] };
  const graph = chain([null, 3, 2, 2, 4], [
    [{ op: "batchNorm", mean: vector, variance: vector, epsilon: 1e-3 }, [null, 3, 2, 2, 4]],
    [{ op: "dense", kernel: { name: "k", shape: [4, 4] }, activation: "linear" }, [null, 3, 2, 2, 4]],
  ]);
  throws(
    () => writeOnnx(graph),
    /a \(batchNorm\): its input is neither images, sequences nor \[N, features\]/,
  );
});

Deno.test("writeOnnx() gives what goes in", async () => {
  deepEqual(await run(chain([null, 1, 1, 2], []), [1, 2], [1, 1, 1, 2]), [1, 2]);
});
