import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import type { LawName } from "../../src/graph/refusal.ts";
import { fuse } from "../../src/formats/tfjs/fuse.ts";
import type { RefusedMerge } from "../../src/fuse/report.ts";
import { toArtifacts } from "./artifacts.ts";
import { assertEquivalent, bothForms, chain, sum, through } from "./forms.ts";

const { averagePooling2d, batchNormalization, conv2d, depthwiseConv2d, reLU, zeroPadding2d } = tf.layers;

const bn = (name: string, axis = -1) => batchNormalization({ name, axis });
const conv = (name: string, kernelSize: number, filters = 4, strides = 1) =>
  conv2d({ name, filters, kernelSize, strides, padding: "same", useBias: false });

const image = () => tf.input({ shape: [6, 6, 4], name: "image" });
const model = (inputs: tf.SymbolicTensor, ...outputs: tf.SymbolicTensor[]) => tf.model({ inputs, outputs });

/** What stands in the way, the network, and what the report says about it. */
interface Case {
  readonly when: string;
  readonly network: () => tf.LayersModel;
  readonly law: LawName;
  readonly layer: string;
  readonly partners: readonly string[];
  readonly reason: RegExp;
}

const CASES: readonly Case[] = [
  {
    when: "an activation stands inside a branch",
    network: () => {
      const x = image();
      return model(
        x,
        sum("add", through(x, conv("a", 3), reLU({ name: "relu" }), bn("a_bn")), through(x, bn("b"))),
      );
    },
    law: "add",
    layer: "add",
    partners: ["a_bn", "b"],
    reason: /start from different tensors: those of "relu" and "image"/,
  },
  {
    when: "the branches have different strides",
    network: () => {
      const x = image();
      const unstrided = conv2d({ name: "b", filters: 4, kernelSize: 4 });
      return model(x, sum("add", through(x, conv("a", 3, 4, 2)), through(x, unstrided)));
    },
    law: "add",
    layer: "add",
    partners: ["a", "b"],
    reason: /strides 2x2 and 1x1/,
  },
  {
    when: "zeros are padded after a BatchNorm",
    network: () => chain([6, 6, 4], bn("bn"), conv("conv", 3)),
    law: "compose",
    layer: "conv",
    partners: ["bn"],
    reason: /zeros are padded after a bias/,
  },
  {
    when: "zeros are padded after a kxk convolution",
    network: () => chain([6, 6, 4], conv("first", 3, 1), conv("second", 3, 1)),
    law: "compose",
    layer: "second",
    partners: ["first"],
    reason: /zeros are padded after a 3x3 map of stride 1x1/,
  },
  {
    when: "a second layer reads the tensor between",
    network: () => {
      const x = image();
      const shared = through(x, conv("conv", 3));
      return model(x, through(shared, bn("bn"), reLU({ name: "r1" })), through(shared, reLU({ name: "r2" })));
    },
    law: "oneReader",
    layer: "conv",
    partners: ["bn"],
    reason: /2 layers read it/,
  },
  {
    when: "the tensor between is an output of the network",
    network: () => {
      const x = image();
      const between = through(x, conv("conv", 3));
      return model(x, between, through(between, bn("bn")));
    },
    law: "oneReader",
    layer: "conv",
    partners: ["bn"],
    reason: /output of the network/,
  },
  {
    when: "the merge would cost more and an activation follows",
    network: () => {
      const wide = conv2d({ name: "wide", filters: 8, kernelSize: 1 });
      return chain([6, 6, 8], conv("narrow", 1, 2), wide, reLU({ name: "relu" }));
    },
    law: "cost",
    layer: "wide",
    partners: ["narrow"],
    reason: /2304 MACs instead of 1152/,
  },
  {
    when: "the merge would cost more",
    network: () =>
      chain([6, 6, 8], conv("narrow", 1, 2), conv2d({ name: "wide", filters: 8, kernelSize: 1 })),
    law: "cost",
    layer: "wide",
    partners: ["narrow"],
    reason: /2304 MACs instead of 1152/,
  },
  {
    when: "an average pooling pads",
    network: () =>
      chain(
        [6, 6, 4],
        averagePooling2d({ name: "pool", poolSize: 3, strides: 1, padding: "same" }),
        bn("bn"),
      ),
    law: "averagePool",
    layer: "pool",
    partners: [],
    reason: /divides by the number of pixels on the image/,
  },
  {
    when: "a depthwise convolution is dilated",
    network: () =>
      chain([6, 6, 4], depthwiseConv2d({ name: "dw", kernelSize: 3, dilationRate: 2 }), bn("bn")),
    law: "depthwise",
    layer: "dw",
    partners: [],
    reason: /ignores the dilation rate/,
  },
  {
    when: "a strided layer's input has no fixed size",
    network: () => chain([null, null, 4], conv("conv", 3, 4, 2), bn("bn")),
    law: "padding",
    layer: "conv",
    partners: [],
    reason: /stride is 2x2 and the size of its input is not fixed/,
  },
  {
    when: "a BatchNorm normalizes another axis",
    network: () => chain([6, 6, 4], conv("conv", 3), bn("rows", 1)),
    law: "batchNorm",
    layer: "rows",
    partners: [],
    reason: /axis 1/,
  },
  {
    when: "images are channels first",
    network: () =>
      chain([4, 6, 6], zeroPadding2d({ name: "pad", padding: 1, dataFormat: "channelsFirst" }), bn("bn", 1)),
    law: "layout",
    layer: "pad",
    partners: [],
    reason: /channels first/,
  },
  {
    when: "a layer is called in training mode",
    network: () => {
      const x = image();
      const normal = bn("bn").apply(through(x, conv("conv", 3)), { training: true }) as tf.SymbolicTensor;
      return model(x, normal);
    },
    law: "inference",
    layer: "bn",
    partners: [],
    reason: /training mode/,
  },
];

for (const { when, network, law, layer, partners, reason } of CASES) {
  Deno.test(`fuse() refuses and says why when ${when}`, async () => {
    const { refusals } = fuse(await toArtifacts(network())).report;
    const refusal = refusals.find((refusal) => refusal.law === law && refusal.layer === layer);
    assert.ok(refusal !== undefined, JSON.stringify(refusals));
    assert.deepEqual(refusal.partners, partners);
    assert.match(refusal.reason, reason);
    assert.notEqual(refusal.advice, "");
  });
}

Deno.test("fuse() leaves a network with a refused merge as right as it was", async () => {
  for (const { network, law } of CASES) {
    // TensorFlow.js runs a layer in training mode only when it is asked again, and no channels-first BatchNorm at all.
    if (law === "inference" || law === "layout") continue;
    assertEquivalent(await bothForms(network()));
  }
});

Deno.test("fuse() does not blame a second reader for what would not merge in any case", async () => {
  const x = image();
  const shared = through(x, conv("conv", 3));
  const network = model(x, through(shared, conv("padded", 3)), through(shared, reLU()));
  const { refusals } = fuse(await toArtifacts(network)).report;
  assert.deepEqual(refusals.map(({ layer, law }) => [layer, law]), [["padded", "compose"]]);
});

Deno.test("fuse() says once what stands in the way of a padding that several layers read", async () => {
  const x = image();
  const padded = through(x, conv("conv", 3), zeroPadding2d({ name: "pad", padding: 1 }));
  const branches = ["a", "b"].map((name) => through(padded, conv2d({ name, filters: 4, kernelSize: 3 })));
  const { refusals } = fuse(await toArtifacts(model(x, sum("add", ...branches)))).report;
  const found = refusals.map(({ layer, law, partners }) => ({ layer, law, partners }));
  assert.deepEqual(found, [{ layer: "add", law: "compose", partners: ["conv"] }]);
});

Deno.test("fuse() does not pad at the end what a stride may leave unread, where the size is open", async () => {
  const strided = conv2d({ name: "strided", filters: 4, kernelSize: 2, strides: 2, useBias: false });
  const forms = await bothForms(chain([null, null, 4], strided, conv("padded", 2)));
  for (const size of [5, 6]) assertEquivalent(forms, size);
  assert.deepEqual(forms.report.refusals.map(({ layer, law }) => [layer, law]), [["padded", "compose"]]);
});

Deno.test("fuse() refuses nothing in a network that merges whole", async () => {
  const x = image();
  const added = sum(
    "add",
    through(x, conv("a", 3), bn("a_bn")),
    through(x, conv("b", 1), bn("b_bn")),
    through(x, bn("c")),
  );
  const { refusals } = fuse(await toArtifacts(model(x, through(added, reLU())))).report;
  assert.deepEqual(refusals, [] as RefusedMerge[]);
});
