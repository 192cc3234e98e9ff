/** The exported PyTorch networks against ours, block by block. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { relativeDifference } from "../../src/bench/same_outputs.ts";
import { checkTorchTraining, torchTrainFiles } from "../../src/deploy/torch_train/files.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { createNetwork } from "../../src/model/network.ts";
import { BLOCK_KINDS, type NetworkConfig, parseNetworkConfig } from "../../src/model/config.ts";
import { Random } from "../../src/random.ts";
import { trainingSchema } from "../../src/train/config.ts";
import type { RunConfig } from "../../src/train/run_config.ts";
import { graphOf } from "../model/artifacts.ts";
import { networkOf } from "../model/block_network.ts";
import { randomizeWeights } from "../model/weights.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { pythonWithTorch, runPython } from "./torch_train.ts";

await startBackend();

const SIZE = 13;
const PYTHON = pythonWithTorch();

/** Every kind of block in its defaults, and what else decides which layers there are. */
const NETWORKS: readonly Record<string, unknown>[] = [
  ...BLOCK_KINDS.map((block) => ({ block })),
  { block: "repvgg", branches: { conv1x1: true, identity: false }, groups: 4, groupsEvery: 1 },
  { block: "repvgg", squeezeExcite: true, activation: "gelu", postAdditionBn: true },
  { block: "qarepvgg", squeezeExcite: true, activation: "swish" },
  { block: "acnet", kernelSize: 5, activation: "mish", groups: 2 },
  { block: "dbb", groups: 8, groupsEvery: 1, activation: "elu" },
  { block: "fastvit", kernelSizes: [3, 5, 3], skipIncludeBn: false, activation: "relu6" },
  { block: "fastvit", useBnConv: true },
  { block: "fastvit", useBnConv: true, bnConvPadding: "afterBn" },
  { block: "unireplknet", kernelSize: 5, groups: 8, groupsEvery: 1 },
  {
    block: "mobileone",
    convBranches: 2,
    stages: [{ depth: 2, width: 8, squeezeExciteBlocks: 1 }, { depth: 1, width: 16 }],
  },
];

/** Those whose plain form is carried over. */
const PLAIN = NETWORKS.filter(({ block, kernelSize }) =>
  ["repvgg", "qarepvgg", "mobileone"].includes(block as string) ||
  (block === "dbb" && kernelSize === undefined)
);

function runOf(network: NetworkConfig, training: Record<string, unknown> = {}): RunConfig {
  const data = { source: "photos", checksum: "none", classNames: ["a", "b", "c", "d"] };
  return { preset: "test", seed: 1, data, network, training: trainingSchema.parse(training) };
}

/** Reads a network's images as float32, and writes its logits; arguments are folders. */
const PROGRAM = `
import json, sys
from pathlib import Path
import numpy, torch
sys.path.insert(0, sys.argv[1])
from network import Network, plain_twin
from weights import put, read_safetensors
for folder in map(Path, sys.argv[1:]):
    config = json.loads((folder / "config.json").read_text())
    network = config["network"]
    network = Network(plain_twin(network) if config["training"]["form"] == "plain" else network, 1)
    put(network, read_safetensors(folder / "start.safetensors"), "start")
    height, width, channels = config["network"]["inputSize"]
    x = numpy.fromfile(folder / "x", "<f4").reshape(-1, height, width, channels).transpose(0, 3, 1, 2)
    with torch.no_grad():
        network(torch.tensor(x))[0].numpy().tofile(folder / "y")
`;

Deno.test({
  name: "torch-train: every block computes in PyTorch what it computes here, in both forms and paddings",
  ignore: PYTHON === undefined,
  fn: () =>
    inTemporaryFolder(async (folder) => {
      const cases = (["same", "explicit"] as const).flatMap((padding) => [
        ...NETWORKS.map((block) => runOf(networkOf(block, SIZE, padding))),
        ...PLAIN.map((block) => runOf(networkOf(block, SIZE, padding), { form: "plain" })),
      ]);
      const expected: Float32Array[] = [];
      for (const [i, config] of cases.entries()) {
        const { network, training: { form } } = config;
        const model = randomizeWeights(createNetwork(network, { seed: 1, form }));
        const start = await graphOf(model);
        const random = Random.from(i, "images");
        const x = Float32Array.from({ length: 2 * SIZE * (SIZE + 1) * 3 }, () => random.uniform(-1, 1));
        expected.push(tf.tidy(() =>
          (model.predict(tf.tensor(x, [2, SIZE, SIZE + 1, 3])) as tf.Tensor).dataSync() as Float32Array
        ));
        model.dispose();
        await Deno.mkdir(`${folder}/${i}`);
        await Deno.writeFile(`${folder}/${i}/x`, new Uint8Array(x.buffer));
        for (const [name, content] of await torchTrainFiles({ config, start, dataFolder: "photos" })) {
          await Deno.writeFile(
            `${folder}/${i}/${name}`,
            typeof content === "string" ? new TextEncoder().encode(content) : content,
          );
        }
      }
      await runPython(PYTHON!, [
        "-c",
        PROGRAM,
        ...cases.map((_, i) =>
          `${folder}/${i}`
        ),
      ]);
      for (const [i, config] of cases.entries()) {
        const y = new Float32Array((await Deno.readFile(`${folder}/${i}/y`)).buffer);
        const difference = relativeDifference(expected[i]!, y);
        assert(
          difference < 1e-5,
          `${JSON.stringify(config.network)}, ${config.training.form}: ${difference}`,
        );
      }
    }),
});

Deno.test("checkTorchTraining() names what is not carried over", () => {
  const own = parseNetworkConfig({
    ...networkOf({ block: "repvgg" }, SIZE, "same"),
    block: "file",
    file: { path: "mine.ts", sha256: "0" },
  });
  const plain = networkOf({ block: "repvgg" }, SIZE, "same");
  const dilated = { ...plain, stages: plain.stages.map((stage) => ({ ...stage, dilation: 2 })) };
  const refusals: [RunConfig, RegExp][] = [
    [runOf(own), /mine\.ts/],
    [runOf(parseNetworkConfig(dilated)), /dilation/],
    [
      runOf(networkOf({ block: "acnet", kernelSize: 5 }, SIZE, "same"), { form: "plain" }),
      /plain form of acnet with 5x5/,
    ],
    [runOf(networkOf({ block: "repvit" }, SIZE, "same"), { form: "plain" }), /plain form of repvit/],
    [runOf(networkOf({ block: "repvgg" }, SIZE, "same"), { form: "deploy" }), /fine-tuning/],
    [
      {
        ...runOf(networkOf({ block: "repvgg" }, SIZE, "same")),
        training: { ...trainingSchema.parse({}), lookahead: 5 } as RunConfig["training"],
      },
      /lookahead/,
    ],
  ];
  for (const [config, message] of refusals) assert.throws(() => checkTorchTraining(config), message);
  checkTorchTraining(runOf(networkOf({ block: "repvgg" }, SIZE, "same"), { mixup: 0.2, keep: "best" }));
});
