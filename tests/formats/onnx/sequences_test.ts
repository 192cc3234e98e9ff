/** Networks of sequences [N, C, L]: whoever runs them gets the same, wherever the axes stand. */
import { deepEqual, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { openNetwork } from "../../../src/formats/onnx/judge.ts";
import { readOnnx } from "../../../src/formats/onnx/read.ts";
import { writeOnnx } from "../../../src/formats/onnx/write.ts";
import { fuseGraph } from "../../../src/fuse/fuse.ts";
import type { Graph, Operation } from "../../../src/graph/graph.ts";
import { Random } from "../../../src/random.ts";
import { createRuntime } from "../../../src/runtime/runtime.ts";

const FIXTURES = new URL("../../fixtures/onnx/", import.meta.url);
const [BATCH, LENGTH, CHANNELS] = [2, 32, 3] as const;
const random = Random.from(5, "sequences");
/** [N, L, C] */
const numbers = Float32Array.from({ length: BATCH * LENGTH * CHANNELS }, () => random.uniform(-1, 1));

async function graphOf(file: string): Promise<Graph> {
  return readOnnx(new Uint8Array(await readFile(new URL(file, FIXTURES))), file);
}

/** The only output of a file whose input is [N, C, L] or [N, L, C]. */
async function answerOf(bytes: Uint8Array, isChannelsFirst: boolean): Promise<ArrayLike<number>> {
  const network = await openNetwork(bytes, "network");
  const at = (n: number, c: number, l: number) => numbers[(n * LENGTH + l) * CHANNELS + c]!;
  const turned = Float32Array.from(
    numbers,
    (_, i) => at(Math.floor(i / LENGTH / CHANNELS), Math.floor(i / LENGTH) % CHANNELS, i % LENGTH),
  );
  const tensor = isChannelsFirst
    ? { numbers: turned, shape: [BATCH, CHANNELS, LENGTH] }
    : { numbers, shape: [BATCH, LENGTH, CHANNELS] };
  const answer = await network.run(new Map([["x", tensor]]));
  await network.release();
  return [...answer.values()][0]!.numbers;
}

function assertAlike(found: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  deepEqual(found.length, expected.length, what);
  const scale = Math.max(...Array.from(expected, Math.abs));
  const far = Math.max(...Array.from(expected, (value, i) => Math.abs(value - found[i]!)));
  ok(far < 2e-6 * scale, `${what}: ${far / scale}`);
}

for (const file of ["repvgg1d-17.onnx", "unet1d-17.onnx"]) {
  Deno.test(`onnxruntime, our runtime and a file that is new agree on ${file}, before and after fusion`, async () => {
    const graph = await graphOf(file);
    const expected = await answerOf(writeOnnx(graph), true);
    for (const form of [graph, fuseGraph(graph).graph]) {
      const plan = await createRuntime({ kernels: "javascript" }).compile(form, { batch: BATCH });
      deepEqual(plan.inputShapes, [[BATCH, LENGTH, CHANNELS]]);
      assertAlike(plan.run([numbers])[0]!, expected, "our runtime");
      plan.dispose();
      const { original: _, ...rest } = form;
      const operations = form.operations.map(({ origin: _gone, ...operation }) => operation as Operation);
      assertAlike(await answerOf(writeOnnx({ ...rest, operations }), false), expected, "a new file");
    }
  });
}

Deno.test("readOnnx() takes three axes for a sequence only where something reads them as one", async () => {
  const { values, inputs, operations } = await graphOf("repvgg1d-17.onnx");
  deepEqual(values[inputs[0]!.value]!.shape, [BATCH, LENGTH, CHANNELS]);
  ok(operations.every(({ op }) => op !== "opaque"));
});
