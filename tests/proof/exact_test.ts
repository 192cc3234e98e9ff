import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { crop, ExactNetwork } from "../../src/proof/exact.ts";
import { Random } from "../../src/random.ts";
import type { PlainArray } from "../../src/runtime/reference.ts";
import { toArtifacts } from "../fuse/artifacts.ts";
import { randomizeWeights } from "../fuse/random_weights.ts";
import { chain } from "../fuse/forms.ts";
import { SPECIMENS } from "../fuse/specimens.ts";

await tf.setBackend("cpu");

function image(shape: readonly number[]): PlainArray {
  const random = Random.from(5, "image");
  return {
    data: Float64Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.uniform(-1, 1)),
    shape,
  };
}

/** What makes images larger. */
function decoder(): tf.LayersModel {
  return chain(
    [5, 4, 3],
    tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: "same", activation: "relu" }),
    tf.layers.upSampling2d({ size: [2, 3] }),
    tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: "same" }),
    tf.layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: "same" }),
    tf.layers.batchNormalization({}),
  );
}

for (const [name, build] of Object.entries({ ...SPECIMENS, "a decoder": decoder })) {
  Deno.test(`ExactNetwork computes ${name} as TensorFlow.js does, and any pixel of it as in the whole`, async () => {
    const model = build();
    const artifacts = randomizeWeights(await toArtifacts(model), 3);
    const graph = readLayersModel(artifacts);
    const [{ value }] = graph.inputs as [typeof graph.inputs[number]];
    const given = new Map([[value, image([1, ...model.inputs[0]!.shape.slice(1) as number[]])]]);
    const exact = new ExactNetwork(graph, given);
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
    const { data, shape } = given.get(value)!;
    const expected = [loaded.predict(tf.tensor(Float32Array.from(data), [...shape]))].flat() as tf.Tensor[];
    graph.outputs.forEach((output, i) => {
      const found = exact.compute(output).data;
      const wanted = expected[i]!.dataSync();
      const scale = Math.max(...Array.from(wanted, Math.abs));
      assert.equal(found.length, wanted.length);
      wanted.forEach((number, at) => assert.ok(Math.abs(number - found[at]!) <= 1e-5 * scale));
    });
    for (const { outputs: [output] } of graph.operations) {
      const whole = exact.compute(output!);
      if (whole.shape.length !== 4) continue;
      const [, height, width] = whole.shape as [number, number, number, number];
      for (const [row, column] of [[0, 0], [height - 1, width - 1], [height >> 1, width >> 1]] as const) {
        const window = [[row, row + 1], [column, column + 1]] as const;
        assert.deepEqual(new ExactNetwork(graph, given).compute(output!, window), {
          ...crop(whole, window),
          data: Float64Array.from(crop(whole, window).data),
        });
      }
    }
  });
}

Deno.test("ExactNetwork computes from the nearest tensors that are given, and not from what is given for the result", () => {
  const values = [0, 1, 2].map(() => ({ shape: [null, 1, 1, 1], dtype: "float32" }));
  const scale = (name: string, input: number) =>
    ({ op: "scale", name, inputs: [input], outputs: [input + 1], factors: [2], offsets: [1] }) as const;
  const graph = {
    name: "two scales",
    values,
    inputs: [{ name: "image", value: 0 }],
    outputs: [2],
    operations: [scale("first", 0), scale("second", 1)],
    weights: new Map(),
  };
  const one = (number: number) => ({ data: Float64Array.of(number), shape: [1, 1, 1, 1] });
  const compute = (given: [number, number][]) =>
    new ExactNetwork(graph, new Map(given.map(([value, number]) => [value, one(number)]))).compute(2).data[0];
  assert.equal(compute([[0, 3]]), 15);
  assert.equal(compute([[0, 3], [1, 10], [2, 99]]), 21);
});
