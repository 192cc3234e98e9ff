import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../../src/errors.ts";
import type { Graph, Opaque } from "../../src/graph/graph.ts";
import { computedWeight } from "../../src/graph/weights.ts";
import { packGraph } from "../../src/runtime/pack_graph.ts";
import { unpackGraph } from "../../src/runtime/read_graph.ts";
import { createRuntime } from "../../src/runtime/runtime.ts";

const AXIS = { size: 2, dilation: 1, stride: 1, before: 0, after: 0 };
const value = (...shape: number[]) => ({ shape: [null, ...shape], dtype: "float32" });

/** A network with one operation of most kinds. */
const GRAPH: Graph = {
  name: "tiny",
  values: [
    value(3, 3, 2),
    value(2, 2, 3),
    value(2, 2, 3),
    value(2, 2, 3),
    value(3),
    value(3),
    value(2),
    value(2),
    value(4),
  ],
  inputs: [{ name: "image", value: 0 }],
  outputs: [8, 4],
  operations: [
    {
      op: "convolution",
      name: "conv",
      inputs: [0],
      outputs: [1],
      kernel: { name: "kernel", shape: [2, 2, 2, 3] },
      bias: { name: "bias", shape: [3] },
      axes: [AXIS, AXIS],
      groups: 1,
      activation: "linear",
    },
    { op: "activation", name: "relu", inputs: [1], outputs: [2], activation: "relu" },
    { op: "add", name: "sum", inputs: [2, 2], outputs: [3] },
    { op: "globalMaxPool", name: "pool", inputs: [3], outputs: [4] },
    {
      op: "batchNorm",
      name: "norm",
      inputs: [4],
      outputs: [5],
      mean: { name: "mean", shape: [3] },
      variance: { name: "variance", shape: [3] },
      epsilon: 0.1,
    },
    {
      op: "dense",
      name: "dense",
      inputs: [5],
      outputs: [6],
      kernel: { name: "matrix", shape: [3, 2] },
      activation: "tanh",
    },
    { op: "softmax", name: "softmax", inputs: [6], outputs: [7], axis: 1 },
    { op: "concatenate", name: "twice", inputs: [7, 6], outputs: [8], axis: 1 },
  ],
  weights: new Map(
    ([["kernel", [2, 2, 2, 3]], ["bias", [3]], ["mean", [3]], ["variance", [3]], ["matrix", [3, 2]]] as const)
      .map(([name, shape]) => {
        const count = shape.reduce((a: number, b) => a * b, 1);
        return [
          name,
          computedWeight(shape, Float32Array.from({ length: count }, (_, i) => 0.5 + Math.sin(i))),
        ];
      }),
  ),
};

const copy = () => JSON.parse(JSON.stringify(packGraph(GRAPH).json));
const images = Float32Array.from({ length: 2 * 18 }, (_, i) => Math.cos(i));

async function outputsOf(graph: Graph): Promise<Float32Array[]> {
  return (await createRuntime({ kernels: "javascript" }).compile(graph, { batch: 2 })).run([images]);
}

Deno.test("unpackGraph() gives back what packGraph() was given, through JSON, with several outputs", async () => {
  const { weights } = packGraph(GRAPH);
  const again = unpackGraph(copy(), weights);
  assert.deepEqual(again.operations, GRAPH.operations);
  assert.deepEqual(again.values, GRAPH.values);
  const [expected, found] = [await outputsOf(GRAPH), await outputsOf(again)];
  assert.deepEqual(found, expected);
  assert.deepEqual(found.map(({ length }) => length), [2 * 4, 2 * 3]);
});

Deno.test("unpackGraph() gives a graph or one InputError, whatever is put in the place of any part", () => {
  const { weights } = packGraph(GRAPH);
  const paths = pathsOf(copy());
  const junk = fc.oneof(
    fc.constantFrom(
      undefined,
      null,
      -1,
      1.5,
      NaN,
      2 ** 31,
      2 ** 53,
      1e308,
      "",
      "__proto__",
      "opaque",
      [],
      {},
    ),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(fc.constantFrom(...paths), junk, (path, part) => {
      const json = copy();
      const parent = path.slice(0, -1).reduce((at, key) => at[key], json);
      parent[path.at(-1)!] = part;
      try {
        unpackGraph(json, weights);
      } catch (error) {
        assert.ok(error instanceof InputError, `${path.join(".")}: ${error}`);
      }
    }),
    { numRuns: 3000 },
  );
});

/** The way to every part of a JSON value. */
// deno-lint-ignore no-explicit-any
function pathsOf(json: any): string[][] {
  if (typeof json !== "object" || json === null) return [];
  return Object.keys(json).flatMap((key) => [[key], ...pathsOf(json[key]).map((path) => [key, ...path])]);
}

Deno.test("unpackGraph() names what is wrong", () => {
  const { weights } = packGraph(GRAPH);
  const refusal = (change: (json: ReturnType<typeof copy>) => void, numbers = weights) => {
    const json = copy();
    change(json);
    try {
      unpackGraph(json, numbers);
    } catch (error) {
      return (error as Error).message;
    }
    return "nothing";
  };
  assert.match(refusal((json) => json.format = "x"), /the graph\.format: it is "x"/);
  assert.match(refusal((json) => json.operations[1].op = "opaque"), /operations\[1\]\.op: it is "opaque"/);
  assert.match(refusal((json) => json.operations[1].activation = 7), /operations\[1\]\.activation: it is 7/);
  assert.match(
    refusal((json) => json.operations[2].inputs = [6]),
    /"sum" reads the value 6, which nothing has made/,
  );
  assert.match(refusal((json) => json.operations[0].outputs = [0]), /"conv" makes the value 0/);
  assert.match(
    refusal((json) => json.values[1].shape = [null, 5, 2, 3]),
    /"conv" .* gives \[1,2,2,3\], but .* \[1,5,2,3\]/,
  );
  assert.match(refusal((json) => json.operations[0].kernel.shape = [2, 2, 3, 2]), /needs "kernel" of shape/);
  assert.match(refusal((json) => json.operations[0].kernel.name = "nobody"), /no weight "nobody"/);
  assert.match(refusal(() => {}, weights.subarray(1)), /the weights have 38 numbers; the network needs 39/);
  assert.match(refusal((json) => json.weights.pop()), /the weights have 39 numbers; the network needs 33/);
});

Deno.test("packGraph() and compile() refuse an opaque operation by its name and kind", async () => {
  const origin = { name: "enlarge", kind: "UpSampling2D", call: 0, isNested: false, original: undefined };
  const opaque: Opaque = {
    op: "opaque",
    name: "enlarge",
    inputs: [0],
    outputs: [1],
    origin,
    weights: [],
    isConvolution: false,
    macs: null,
  };
  const graph: Graph = {
    ...GRAPH,
    values: GRAPH.values.slice(0, 2),
    operations: [opaque],
    outputs: [1],
  };
  const refusal = (error: unknown) =>
    error instanceof InputError && /"enlarge" .* UpSampling2D/.test(error.message);
  assert.throws(() => packGraph(graph), refusal);
  await assert.rejects(createRuntime({ kernels: "javascript" }).compile(graph, { batch: 1 }), refusal);
});

Deno.test("run() refuses arrays of another length, and compile() a batch that is none", async () => {
  const runtime = createRuntime({ kernels: "javascript" });
  const plan = await runtime.compile(GRAPH, { batch: 1 });
  assert.throws(() => plan.run([images]), /36 numbers: expected \[1,3,3,2\]/);
  await assert.rejects(runtime.compile(GRAPH, { batch: 0 }), InputError);
});
