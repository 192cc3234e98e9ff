/** Small inputs that failed once: each is proved in the range that it takes, and a thousandth in one kernel shows. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { InputError } from "../../src/errors.ts";
import { loadModelArtifacts } from "../../src/formats/keras/load.ts";
import { fuse, type Fusion } from "../../src/formats/tfjs/fuse.ts";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { openModel } from "../../src/model/open_model.ts";
import { proofInputsOf } from "../../src/proof/inputs.ts";
import { verifyFusion } from "../../src/proof/tensorflow.ts";
import { batches, plant } from "./plant.ts";

await tf.setBackend("cpu");

const CASES = "tests/fixtures/cases";

for (const name of readdirSync(CASES)) {
  const folder = `${CASES}/${name}`;
  const files = readdirSync(folder);
  if (!files.includes("model.json")) continue;
  Deno.test(`the proof of ${name} passes, and fails with any kernel wrong by 0.1%`, async () => {
    let fusion: Fusion;
    let training: tf.LayersModel;
    try {
      const artifacts = await loadModelArtifacts(folder);
      fusion = fuse(artifacts);
      training = await openModel(artifacts, name);
    } catch (error) {
      // What is refused at the door has its own test.
      assert.ok(error instanceof InputError);
      return;
    }
    const flat = fusion.flat && await openModel(fusion.flat(), name);
    const fused = await openModel(fusion.artifacts, name);
    const inputs = proofInputsOf(fusion.source, 16);
    const prove = () =>
      verifyFusion({
        training,
        flat,
        fused,
        fusion,
        inputs: batches({ ...inputs, count: Math.min(8, inputs.count) }),
      });
    assert.ok((await prove()).pass);
    assert.deepEqual((await plant(fused, prove)).missed, []);
  });
}

Deno.test("proofInputsOf() takes bytes where a network divides by 255, and where it takes whole numbers", async () => {
  for (
    const [name, isWhole] of [["04c-rescaling-inside-pixels-0-to-255", false], [
      "04d-rescaling-inside-int32-pixels",
      true,
    ]] as const
  ) {
    const graph = readLayersModel(await loadModelArtifacts(`${CASES}/${name}`));
    const [input] = proofInputsOf(graph).inputs;
    assert.deepEqual([input!.low, input!.high, input!.isWhole], [0, 255, isWhole]);
  }
});
