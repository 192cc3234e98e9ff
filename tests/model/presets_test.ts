import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
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
