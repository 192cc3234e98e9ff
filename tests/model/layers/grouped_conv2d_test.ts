import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../../../src/errors.ts";
import { GroupedConv2D, type GroupedConv2DConfig } from "../../../src/model/layers/grouped_conv2d.ts";
import { artifactsOf } from "../../../src/model/artifacts.ts";
import { modelOf } from "../artifacts.ts";

const anyLayer = fc.record({
  groups: fc.integer({ min: 1, max: 4 }),
  inputsPerGroup: fc.integer({ min: 1, max: 3 }),
  filtersPerGroup: fc.integer({ min: 1, max: 3 }),
  kernelSize: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  stride: fc.integer({ min: 1, max: 2 }),
  dilation: fc.integer({ min: 1, max: 2 }),
  padding: fc.constantFrom("same" as const, "valid" as const),
  useBias: fc.boolean(),
}).filter(({ stride, dilation }) => stride === 1 || dilation === 1);

/** The dense kernel [kh, kw, C, filters] whose blocks outside the groups are zero. */
function denseKernel(kernel: tf.Tensor, groups: number): tf.Tensor4D {
  const [, , inputs, filters] = kernel.shape as [number, number, number, number];
  const perGroup = filters / groups;
  const blocks = tf.split(kernel, groups, -1).map((block, group) =>
    tf.pad(block, [[0, 0], [0, 0], [group * inputs, (groups - 1 - group) * inputs], [0, 0]])
  );
  assert.equal(blocks[0]!.shape.at(-1), perGroup);
  return tf.concat(blocks, -1) as tf.Tensor4D;
}

Deno.test("GroupedConv2D equals the convolution whose kernel is zero outside the groups", async () => {
  await tf.setBackend("cpu");
  fc.assert(
    fc.property(
      anyLayer,
      ({ groups, inputsPerGroup, filtersPerGroup, kernelSize, stride, dilation, ...rest }) =>
        tf.tidy(() => {
          const layer = new GroupedConv2D({
            ...rest,
            kernelSize,
            groups,
            filters: groups * filtersPerGroup,
            strides: [stride, stride],
            dilationRate: [dilation, dilation],
            activation: "relu",
          });
          const x = tf.randomNormal([2, 7, 6, groups * inputsPerGroup], 0, 1, "float32", 1) as tf.Tensor4D;
          layer.build(x.shape);
          layer.setWeights(
            layer.getWeights().map((weight) => tf.randomNormal(weight.shape, 0, 1, "float32", 2)),
          );
          const [kernel, bias] = layer.getWeights();
          const y = layer.apply(x) as tf.Tensor;
          const dense = tf.conv2d(x, denseKernel(kernel!, groups), stride, rest.padding, "NHWC", dilation);
          const expected = tf.relu(bias === undefined ? dense : dense.add(bias));
          assert.deepEqual(y.shape, expected.shape);
          assert.deepEqual(y.shape, layer.computeOutputShape(x.shape));
          assert.ok(y.sub(expected).abs().max().dataSync()[0]! < 1e-5);
        }),
    ),
    { numRuns: 60 },
  );
});

Deno.test("GroupedConv2D survives saving and loading, configuration and weights", async () => {
  const config: GroupedConv2DConfig = {
    name: "stage1/block1/grouped",
    filters: 6,
    kernelSize: [3, 1],
    strides: [2, 2],
    padding: "same",
    groups: 2,
    activation: "relu",
    kernelInitializer: tf.initializers.randomNormal({ stddev: 0.3, seed: 5 }),
  };
  const input = tf.input({ shape: [8, 8, 4] });
  const output = new GroupedConv2D(config).apply(input) as tf.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs: output });
  const { modelTopology, ...artifacts } = await artifactsOf(model);
  const loaded = await modelOf({ ...artifacts, modelTopology: JSON.parse(JSON.stringify(modelTopology)) });
  const [, before] = model.layers;
  const [, after] = loaded.layers;
  assert.deepEqual(after!.getConfig(), before!.getConfig());
  tf.tidy(() => {
    const x = tf.randomNormal([1, 8, 8, 4]);
    const outputs = [model, loaded].map((form) => (form.predict(x) as tf.Tensor).dataSync());
    assert.deepEqual(outputs[1], outputs[0]);
  });
});

Deno.test("GroupedConv2D has the gradient of its own finite differences", () => {
  tf.tidy(() => {
    const layer = new GroupedConv2D({
      filters: 4,
      kernelSize: [3, 3],
      groups: 2,
      padding: "same",
      useBias: false,
    });
    const x = tf.randomNormal([1, 4, 4, 4], 0, 1, "float32", 1);
    layer.build(x.shape);
    const start = tf.clone(layer.getWeights()[0]!);
    const direction = tf.randomNormal(start.shape, 0, 1, "float32", 2);
    const loss = () => tf.sum(tf.square(layer.apply(x) as tf.Tensor)) as tf.Scalar;
    const { grads } = tf.variableGrads(loss);
    const [gradient] = Object.values(grads);
    const slope = tf.sum(tf.mul(gradient!, direction)).dataSync()[0]!;
    const step = 1e-2;
    const lossAt = (t: number) => {
      layer.setWeights([tf.add(start, tf.mul(direction, t))]);
      return loss().dataSync()[0]!;
    };
    const difference = (lossAt(step) - lossAt(-step)) / (2 * step);
    assert.ok(Math.abs(difference / slope - 1) < 1e-2, `${difference} is not near ${slope}`);
  });
});

Deno.test("GroupedConv2D refuses groups that divide neither filters nor channels", () => {
  assert.throws(() => new GroupedConv2D({ filters: 5, kernelSize: [1, 1], groups: 2 }), InputError);
  const layer = new GroupedConv2D({ filters: 4, kernelSize: [1, 1], groups: 2 });
  assert.throws(() => layer.build([null, 4, 4, 3]), InputError);
});
