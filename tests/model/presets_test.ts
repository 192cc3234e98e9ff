import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { createDeployNetwork, createNetwork } from "../../src/model/network.ts";
import { PRESET_NAMES, presetConfig } from "../../src/model/presets.ts";

Deno.test("presetConfig() follows tables 2 and 3 of the RepVGG paper", () => {
  const table: Record<string, { stem: number; depths: number[]; widths: number[] }> = {
    A0: { stem: 48, depths: [2, 4, 14, 1], widths: [48, 96, 192, 1280] },
    A1: { stem: 64, depths: [2, 4, 14, 1], widths: [64, 128, 256, 1280] },
    A2: { stem: 64, depths: [2, 4, 14, 1], widths: [96, 192, 384, 1408] },
    B0: { stem: 64, depths: [4, 6, 16, 1], widths: [64, 128, 256, 1280] },
    B1: { stem: 64, depths: [4, 6, 16, 1], widths: [128, 256, 512, 2048] },
    B2: { stem: 64, depths: [4, 6, 16, 1], widths: [160, 320, 640, 2560] },
    B3: { stem: 64, depths: [4, 6, 16, 1], widths: [192, 384, 768, 2560] },
  };
  for (const [name, expected] of Object.entries(table)) {
    const config = presetConfig(name);
    assert.equal(config.stem.width, expected.stem, name);
    assert.deepEqual(config.stages.map((stage) => stage.depth), expected.depths, name);
    assert.deepEqual(config.stages.map((stage) => stage.width), expected.widths, name);
    assert.ok([config.stem, ...config.stages].every((stage) => stage.stride === 2), name);
    assert.deepEqual([config.inputSize, config.classCount], [[224, 224, 3], 1000], name);
  }
});

Deno.test("presetConfig() takes the size and classes of the data at hand", () => {
  const config = presetConfig("toy", { inputSize: [28, 28, 1], classCount: 7 });
  assert.deepEqual([config.inputSize, config.classCount], [[28, 28, 1], 7]);
});

Deno.test("presetConfig() knows every name it lists, in any case", () => {
  for (const name of PRESET_NAMES) {
    assert.deepEqual(presetConfig(name), presetConfig(name.toUpperCase()));
  }
});

Deno.test("presetConfig() names the nearest preset when there is none of that name", () => {
  assert.throws(
    () => presetConfig("toi"),
    (error: unknown) => error instanceof InputError && error.hint === "Did you mean toy?",
  );
});

/** Trainable parameters: running statistics are not counted, as in the papers. */
function parameters(model: tf.LayersModel): number {
  return model.trainableWeights
    .reduce((sum, weight) => sum + weight.shape.reduce((product: number, size) => product * size!, 1), 0);
}

/** Table 3 and 4 of the RepVGG paper say 8.30, 12.78, ... M for the deploy form; table 9 of MobileOne's 2.1, 4.8, ... M. */
const PARAMETERS: Record<string, { training: number; deploy: number }> = {
  A0: { training: 9_108_968, deploy: 8_309_384 },
  A1: { training: 14_092_264, deploy: 12_789_864 },
  A2: { training: 28_210_600, deploy: 25_499_944 },
  B0: { training: 15_817_960, deploy: 14_339_048 },
  B1: { training: 57_415_016, deploy: 51_829_480 },
  B2: { training: 89_022_376, deploy: 80_315_112 },
  B3: { training: 123_085_288, deploy: 110_960_872 },
  S0: { training: 5_293_272, deploy: 2_078_504 },
  S1: { training: 4_825_192, deploy: 4_764_840 },
  S2: { training: 7_884_648, deploy: 7_808_168 },
  S3: { training: 10_170_600, deploy: 10_078_312 },
  S4: { training: 14_951_248, deploy: 14_838_352 },
};

for (const [name, expected] of Object.entries(PARAMETERS)) {
  Deno.test(`presetConfig() gives ${name} the parameters of its paper`, async () => {
    await tf.setBackend("cpu");
    const config = presetConfig(name);
    for (const [form, create] of [["training", createNetwork], ["deploy", createDeployNetwork]] as const) {
      const model = create(config, { seed: null });
      assert.equal(parameters(model), expected[form], form);
      model.dispose();
    }
  });
}
