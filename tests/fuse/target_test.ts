/** What a format cannot say is written out, and weighed; what it can say stays. */
import assert from "node:assert/strict";
import { fuseGraph } from "../../src/fuse/fuse.ts";
import type { FullShape, Graph, Operation } from "../../src/graph/graph.ts";
import { LAYERS, type Target } from "../../src/graph/target.ts";
import { computedWeight } from "../../src/graph/weights.ts";
import { Random } from "../../src/random.ts";
import { createRuntime } from "../../src/runtime/runtime.ts";

const ANY: Target = { dilatesAll: true, groupsSequences: true, scalesChannels: true };
const CHANNELS = 4;
const DILATED = { size: 3, dilation: 2, stride: 1, before: 2, after: 2 } as const;
const POINT = { size: 1, dilation: 1, stride: 1, before: 0, after: 0 } as const;

const BATCH_NORM = {
  op: "batchNorm",
  gamma: vector("gamma"),
  beta: vector("beta"),
  mean: vector("mean"),
  variance: vector("variance"),
  epsilon: 1e-3,
} as const;
const SCALE = { op: "scale", factors: [1, 2, -3, 4], offsets: [0, 1, 2, 3] } as const;
const RELU = { op: "activation", activation: "relu" } as const;

function vector(name: string) {
  return { name, shape: [CHANNELS] };
}

function depthwise(axes: readonly [typeof DILATED | typeof POINT, typeof DILATED]) {
  const kernel = { name: `kernel${axes[0].size}`, shape: [axes[0].size, 3, 1, CHANNELS] };
  return { op: "convolution", kernel, axes, groups: CHANNELS, activation: "linear" } as const;
}

/** One operation behind the other, all of one shape. */
function chain(shape: FullShape, steps: readonly object[], target?: Target): Graph {
  const random = Random.from(7, "weights");
  const weight = (dims: readonly number[], low: number) => {
    const length = dims.reduce((a, b) => a * b, 1);
    return computedWeight(dims, Float32Array.from({ length }, () => random.uniform(low, 1)));
  };
  return {
    name: "chain",
    values: [shape, ...steps.map(() => shape)].map((shape) => ({ shape, dtype: "float32" })),
    inputs: [{ name: "x", value: 0 }],
    outputs: [steps.length],
    operations: steps.map((step, i) =>
      ({ ...step, name: `${i}`, inputs: [i], outputs: [i + 1] }) as unknown as Operation
    ),
    weights: new Map([
      ...["gamma", "beta", "mean"].map((name) => [name, weight([CHANNELS], -1)] as const),
      ["variance", weight([CHANNELS], 0.1)],
      ["kernel1", weight([1, 3, 1, CHANNELS], -1)],
      ["kernel3", weight([3, 3, 1, CHANNELS], -1)],
    ]),
    ...(target === undefined ? {} : { target }),
  };
}

/** What is left, checked to compute the same. */
async function left(source: Graph): Promise<{ ops: string[]; reasons: string[] }> {
  const { graph, report } = fuseGraph(source);
  const size = source.values[0]!.shape!.slice(1).reduce<number>((a, b) => a * b!, 1);
  const random = Random.from(8, "images");
  const x = Float32Array.from({ length: size }, () => random.uniform(-1, 1));
  const [before, after] = await Promise.all([source, graph].map(async (form) => {
    const plan = await createRuntime({ kernels: "javascript" }).compile(form, { batch: 1 });
    return plan.run([x])[0]!;
  }));
  const scale = Math.max(...before!.map(Math.abs));
  assert(before!.every((value, i) => Math.abs(value - after![i]!) <= 1e-5 * scale));
  return { ops: graph.operations.map(({ op }) => op), reasons: report.refusals.map(({ law }) => law) };
}

const IMAGE = [null, 8, 8, CHANNELS];
const SEQUENCE = [null, 8, CHANNELS];
const VECTOR = [null, CHANNELS];

Deno.test("a BatchNorm folds into a dilated depthwise convolution where the target has such", async () => {
  for (const [shape, axes] of [[IMAGE, [DILATED, DILATED]], [SEQUENCE, [POINT, DILATED]]] as const) {
    const steps = [depthwise(axes), BATCH_NORM];
    assert.deepEqual(await left(chain(shape, steps, ANY)), { ops: ["convolution"], reasons: [] });
    assert.deepEqual(await left(chain(shape, steps)), {
      ops: ["convolution", "batchNorm"],
      reasons: ["cost"],
    });
    assert.deepEqual(await left(chain(shape, steps, LAYERS)), await left(chain(shape, steps)));
  }
});

Deno.test("factors and offsets per channel stay what they are where the target has such, and carry no activation", async () => {
  for (const shape of [IMAGE, SEQUENCE, VECTOR]) {
    const { ops } = await left(chain(shape, [SCALE, BATCH_NORM, RELU], ANY));
    assert.deepEqual(ops, ["scale", "activation"], `${shape}`);
  }
  const { ops } = await left(chain(IMAGE, [SCALE, BATCH_NORM, RELU]));
  assert.deepEqual(ops, ["convolution"]);
});

Deno.test("what can be said in no groups is merged along sequences only where that costs no more", async () => {
  const { ops, reasons } = await left(chain(SEQUENCE, [BATCH_NORM, SCALE]));
  assert.deepEqual([ops, reasons], [["batchNorm", "scale"], ["cost"]]);
});
