/** Every planted fault is caught by the proof itself: the comparison of both forms, not a unit test. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { fuseArtifactsUnder } from "../../src/formats/tfjs/fuse.ts";
import { LAWS, type Laws } from "../../src/fuse/laws.ts";
import type { FusionProof } from "../../src/proof/equivalence.ts";
import { verifyFusion } from "../../src/proof/tensorflow.ts";
import { toArtifacts, toModel } from "./artifacts.ts";
import { PLANTED_BUGS } from "./planted_bugs.ts";
import { randomizeWeights } from "./random_weights.ts";
import { SPECIMENS } from "./specimens.ts";

const WEIGHT_SEED = 11;

/** Planted faults at least. */
const WANTED = 25;

await tf.setBackend("cpu");
const specimens = await Promise.all(
  Object.entries(SPECIMENS).map(async ([name, build]) => {
    const artifacts = randomizeWeights(await toArtifacts(build()), WEIGHT_SEED);
    return { name, artifacts, training: await toModel(artifacts) };
  }),
);

/** The proof for one specimen fused under these laws. */
async function prove(specimen: typeof specimens[number], laws: Laws): Promise<FusionProof> {
  const fusion = fuseArtifactsUnder(laws, specimen.artifacts);
  const fused = await toModel(fusion.artifacts);
  const { training } = specimen;
  const proof = await verifyFusion({ training, fused, fusion, inputs: images(training) });
  fused.dispose();
  return proof;
}

function* images({ inputs }: tf.LayersModel): Generator<tf.Tensor> {
  for (const seed of [1, 2]) {
    yield tf.randomNormal([4, ...inputs[0]!.shape.slice(1) as number[]], 0, 1, "float32", seed);
  }
}

for (const specimen of specimens) {
  Deno.test(`verifyFusion() passes ${specimen.name} when no fault is planted`, async () => {
    const before = tf.memory().numTensors;
    const proof = await prove(specimen, LAWS);
    assert.ok(proof.pass, JSON.stringify(proof));
    assert.ok(proof.maxRelativeDifference <= 1e-5);
    assert.equal(tf.memory().numTensors, before);
  });
}

for (const [name, laws] of Object.entries(PLANTED_BUGS)) {
  Deno.test(`verifyFusion() fails when ${name}`, async () => {
    const proofs = await Promise.all(specimens.map((specimen) => prove(specimen, laws)));
    assert.ok(proofs.some((proof) => !proof.pass));
  });
}

Deno.test("there are enough planted faults", () => {
  assert.ok(Object.keys(PLANTED_BUGS).length >= WANTED);
});
