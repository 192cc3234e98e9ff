/** The blocks and networks of the reference implementations: the fused form against their outputs and their own fusion. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import {
  type Fixture,
  fixtureTensor,
  readFixture,
  readFixtures,
  trainingForm,
} from "../model/reference_fixture.ts";
import { toArtifacts, weightOf } from "./artifacts.ts";
import { type Forms, formsOf } from "./forms.ts";

/** Of the largest output: float32 through a whole network, against PyTorch. */
const OUTPUT_TOLERANCE = 1e-5;

/** Of the largest weight. */
const WEIGHT_TOLERANCE = 1e-6;

/** Where BatchNorm stands before the padding, the reference's own fusion is wrong, and there is nothing exact to merge. */
const NOT_ONE_CONVOLUTION = "fastvit-bnconv-53";

await tf.setBackend("cpu");

function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  assert.equal(actual.length, expected.length);
  const values = Array.from(expected);
  const scale = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return values.reduce((largest, value, i) => Math.max(largest, Math.abs(value - actual[i]!)), 0) / scale;
}

async function fixtureForms(fixture: Fixture): Promise<Forms> {
  return await formsOf(await toArtifacts(trainingForm(fixture)));
}

for (const fixture of readFixtures()) {
  Deno.test(`fuse() reproduces the output of ${fixture.name}`, async () => {
    const { fused } = await fixtureForms(fixture);
    const [x, y] = [fixtureTensor(fixture, "x"), fixtureTensor(fixture, "y")];
    const output = tf.tidy(() => (fused.predict(tf.tensor(x.values, x.shape)) as tf.Tensor).dataSync());
    const difference = relativeDifference(output, y.values);
    assert.ok(difference <= OUTPUT_TOLERANCE, `differs by ${difference} of the scale`);
  });

  if (!fixture.tensors.has("fused/weight") || fixture.name === NOT_ONE_CONVOLUTION) continue;
  Deno.test(`fuse() makes the kernel and bias of ${fixture.name} that the reference makes`, async () => {
    const { after, report } = await fixtureForms(fixture);
    const [region] = report.regions;
    assert.equal(report.after.convolutions, 1);
    assert.equal(report.regions.length, 1);
    const layer = region!.fused.layer;
    const kernel = region!.className === "DepthwiseConv2D" ? "depthwise_kernel" : "kernel";
    const expected = (name: string) => fixtureTensor(fixture, `fused/${name}`).values;
    assert.ok(
      relativeDifference(weightOf(after, `${layer}/${kernel}`), expected("weight")) <= WEIGHT_TOLERANCE,
    );
    assert.ok(relativeDifference(weightOf(after, `${layer}/bias`), expected("bias")) <= WEIGHT_TOLERANCE);
  });
}

Deno.test(`fuse() refuses to merge ${NOT_ONE_CONVOLUTION}, where the reference is wrong at the border`, async () => {
  const { report } = await fixtureForms(readFixture(NOT_ONE_CONVOLUTION));
  const padded = report.refusals.filter((refusal) => refusal.law === "compose");
  assert.deepEqual(padded.map((refusal) => refusal.layer), ["block/conv5x5", "block/conv3x3"]);
});

Deno.test("fuse() makes one convolution of every block of the reference networks", async () => {
  for (const name of ["net-repvgg", "net-mobileone"]) {
    const { fused, report } = await fixtureForms(readFixture(name));
    const classes = new Set(fused.layers.map((layer) => layer.getClassName()));
    assert.ok(!classes.has("BatchNormalization") && !classes.has("Add"));
    assert.deepEqual(report.refusals, []);
  }
});
