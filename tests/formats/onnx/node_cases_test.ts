/**
 * The test cases of the ONNX standard, where Debian's libonnx-testdata is installed: every file is read, written back and
 * fused, and onnxruntime must answer the same. They are tried twice, the second time with all inputs but the first as
 * constants, as a network has its weights; and where all is understood, the graph alone is said in ONNX anew.
 */
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { deepEqual, ok } from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { type ModelProto, ModelProtoSchema, TensorProtoSchema } from "onnx-buf";
import { InputError } from "../../../src/errors.ts";
import { exists } from "../../../src/files/read.ts";
import { constantOf } from "../../../src/formats/onnx/constant.ts";
import { type JudgeTensor, openNetwork } from "../../../src/formats/onnx/judge.ts";
import { readOnnx } from "../../../src/formats/onnx/read.ts";
import { writeOnnx } from "../../../src/formats/onnx/write.ts";
import { fuseGraph } from "../../../src/fuse/fuse.ts";
import type { Graph } from "../../../src/graph/graph.ts";

const DATA = "/usr/share/libonnx-testdata/data";

/** Before these opsets an operator had to be given an operand that it may lack today. */
const NOT_SAID_ANEW = new Set(["test_Linear_no_bias"]);

type Inputs = ReadonlyMap<string, JudgeTensor>;

/** The inputs of a case, or nothing where they are no numbers. */
async function inputsOf(folder: string, model: ModelProto): Promise<Inputs | undefined> {
  const known = new Set(model.graph!.initializer.map(({ name }) => name));
  const free = model.graph!.input.filter(({ name }) => !known.has(name));
  const inputs = new Map<string, JudgeTensor>();
  for (const [i, { name }] of free.entries()) {
    const file = `${folder}/test_data_set_0/input_${i}.pb`;
    try {
      const { shape, numbers } = constantOf(fromBinary(TensorProtoSchema, await readFile(file)));
      inputs.set(name, { numbers: numbers(), shape });
    } catch {
      return undefined;
    }
  }
  return inputs;
}

/** The same file, with all inputs but the first as initializers. */
async function withConstants(folder: string, model: ModelProto): Promise<Uint8Array<ArrayBuffer>> {
  const graph = model.graph!;
  const [first, ...others] = graph.input.filter(({ name }) =>
    !graph.initializer.some((tensor) => tensor.name === name)
  );
  const initializer = await Promise.all(others.map(async ({ name }, i) => ({
    ...fromBinary(TensorProtoSchema, await readFile(`${folder}/test_data_set_0/input_${i + 1}.pb`)),
    name,
  })));
  const input = first === undefined ? [] : [first];
  return toBinary(ModelProtoSchema, {
    ...model,
    graph: { ...graph, input, initializer: [...graph.initializer, ...initializer] },
  });
}

async function answer(bytes: Uint8Array, inputs: Inputs) {
  const network = await openNetwork(bytes, "network");
  try {
    const taken = fromBinary(ModelProtoSchema, bytes).graph!.input.map(({ name }) => name);
    return await network.run(new Map([...inputs].filter(([name]) => taken.includes(name))));
  } finally {
    await network.release();
  }
}

function checkEqual(name: string, found: Inputs, expected: Inputs, tolerance: number): void {
  deepEqual([...found.keys()], [...expected.keys()], name);
  for (const [output, { numbers, shape }] of expected) {
    const other = found.get(output)!;
    deepEqual(other.shape, shape, name);
    const finite = Array.from(numbers, Math.abs).filter(Number.isFinite);
    const scale = finite.reduce((a, b) => Math.max(a, b), 1e-30);
    Array.from(numbers).forEach((x, i) => {
      const y = other.numbers[i]!;
      ok(Object.is(x, y) || x === y || Math.abs(x - y) <= tolerance * scale, `${name}: ${y} for ${x}`);
    });
  }
}

/** The graph without what its file said of it. */
function bare(graph: Graph): Graph {
  return {
    ...graph,
    operations: graph.operations.map(({ origin: _file, ...operation }) => operation) as Graph["operations"],
  };
}

Deno.test({
  name: "readOnnx() and writeOnnx() keep what every test case of the ONNX standard computes",
  ignore: !(await exists(DATA)),
  async fn() {
    let [compared, understood, notRun] = [0, 0, 0];
    for (const kind of ["node", "simple", "pytorch-converted", "pytorch-operator"]) {
      for (const name of (await readdir(`${DATA}/${kind}`)).sort()) {
        const folder = `${DATA}/${kind}/${name}`;
        const bytes = new Uint8Array(await readFile(`${folder}/model.onnx`));
        const model = fromBinary(ModelProtoSchema, bytes);
        const inputs = await inputsOf(folder, model);
        if (inputs === undefined) continue;
        for (const file of [bytes, await withConstants(folder, model)]) {
          let expected: Inputs;
          try {
            expected = await answer(file, inputs);
          } catch (error) {
            // What onnxruntime itself does not know.
            ok(error instanceof InputError);
            notRun++;
            continue;
          }
          const graph = readOnnx(file, name);
          checkEqual(name, await answer(writeOnnx(graph), inputs), expected, 0);
          checkEqual(name, await answer(writeOnnx(fuseGraph(graph).graph), inputs), expected, 1e-5);
          compared++;
          if (graph.operations.some(({ op }) => op === "opaque") || NOT_SAID_ANEW.has(name)) continue;
          checkEqual(name, await answer(writeOnnx(bare(graph)), inputs), expected, 1e-5);
          understood++;
        }
      }
    }
    ok(compared > 1800 && understood > 200);
  },
});
