/**
 * The default gate on the networks of the papers, with random signed BatchNorm statistics: every correct fusion passes, and
 * none does with one kernel wrong by a thousandth. CI takes small images and a few kernels of each; all of them at one size:
 *
 *     deno test -A tests/proof/gate_test.ts -- --size=224 --planted=all A0 B1g2 S4
 *
 * A name with "timm/" before it goes through a state dict in timm's names, as `import` reads it.
 */
import type * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { writeLayersModel } from "../../src/formats/tfjs/write.ts";
import { networkModules } from "../../src/model/torch/modules.ts";
import { importTorchNetwork } from "../../src/model/torch/network.ts";
import { torchState } from "../../src/model/torch/write_weights.ts";
import { fuse } from "../../src/formats/tfjs/fuse.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import { type NetworkConfig, parseNetworkConfig } from "../../src/model/config.ts";
import { createNetwork } from "../../src/model/network.ts";
import { openModel } from "../../src/model/open_model.ts";
import { presetConfig } from "../../src/model/presets.ts";
import { type FusionProof, largest } from "../../src/proof/equivalence.ts";
import { proofInputsOf } from "../../src/proof/inputs.ts";
import { verifyFusion } from "../../src/proof/tensorflow.ts";
import { randomizeBatchNorm } from "../fuse/randomize_batch_norm.ts";
import { batches, plant } from "./plant.ts";

await startBackend();

const flags = new Map(
  Deno.args.filter((word) => word.startsWith("--")).map((word) => {
    const [key, value = ""] = word.slice(2).split("=");
    return [key, value];
  }),
);
const named = Deno.args.filter((word) => !word.startsWith("--"));
const sizeOf = (name: string) => Number(flags.get("size") ?? (name.startsWith("timm/") ? 64 : 32));
const planted = flags.get("planted") === "all" ? Infinity : Number(flags.get("planted") ?? 4);

/** Those of RepVGG's repository that are no preset. */
function configOf(name: string, size: number): NetworkConfig {
  const inputSize: [number, number, number] = [size, size, 3];
  const [, base, groups] = /^(B\d)g(\d)$/.exec(name) ?? [];
  if (base !== undefined) {
    return parseNetworkConfig(
      { ...presetConfig(base, { inputSize }), groups: Number(groups), groupsEvery: 2 },
      name,
    );
  }
  if (name !== "D2se") return presetConfig(name, { inputSize });
  const widths = [160, 320, 640, 2560];
  const stages = [8, 14, 24, 1].map((depth, i) => ({ depth, width: widths[i]!, stride: 2 }));
  return parseNetworkConfig({ ...presetConfig("B1", { inputSize }), squeezeExcite: true, stages }, name);
}

/** The network in its training form, with random signed statistics. */
async function trainingForm(name: string, size: number): Promise<tf.io.ModelArtifacts> {
  const config = configOf(name.replace("timm/", ""), size);
  const network = createNetwork(config, { seed: 1 });
  const artifacts = randomizeBatchNorm(await artifactsOf(network), 7);
  network.dispose();
  if (!name.startsWith("timm/")) return artifacts;
  const tensors = torchState(readLayersModel(artifacts), networkModules(config, "timm"));
  assert.ok([...tensors.keys()].every((tensor) => /^(stem|stages|head)\./.test(tensor)));
  const imported = importTorchNetwork({ tensors, metadata: {} }, { imageSize: [size, size] });
  assert.deepEqual([imported.dialect, imported.form], ["timm", "training"]);
  return writeLayersModel(imported.graph);
}

for (const name of named.length > 0 ? named : ["A0", "S0", "S4", "timm/A0", "timm/S0"]) {
  const size = sizeOf(name);
  Deno.test(`the default gate passes ${name} at ${size} pixels, and no kernel of it that is wrong by 0.1%`, async () => {
    const artifacts = await trainingForm(name, size);
    const fusion = fuse(artifacts);
    const [training, fused] = [await openModel(artifacts, name), await openModel(fusion.artifacts, name)];
    const inputs = proofInputsOf(fusion.source);
    const prove = (count: number) =>
      verifyFusion({ training, fused, fusion, inputs: batches({ ...inputs, count }) });
    const proof = await prove(inputs.count);
    console.log(`${name}: ${describe(proof)}`);
    assert.ok(proof.pass, describe(proof));
    const { layers, tried, missed } = await plant(
      fused,
      () => prove(2 * inputs.batch),
      planted,
    );
    assert.deepEqual(missed, []);
    console.log(`${name}: ${tried} of ${layers} kernels were planted, all found`);
    training.dispose();
    fused.dispose();
  });
}

function describe({ images, regions, outputs: [output], changedPredictions, ties }: FusionProof): string {
  const worst = regions.toSorted((a, b) => largest(b) / b.allowed - largest(a) / a.allowed)[0]!;
  return `${images} images, outputs ${JSON.stringify(output)}, worst ${JSON.stringify(worst)}, ` +
    `${changedPredictions} changed, ${ties} ties`;
}
