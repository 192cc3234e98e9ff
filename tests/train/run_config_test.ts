import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { fingerprintOf, parseRunConfigInput, requestConfig } from "../../src/train/run_config.ts";
import { recipeFor } from "../../src/train/recipe.ts";
import { tinyDataset } from "./tiny.ts";

const resolve = (...[file, flags]: Parameters<typeof requestConfig>) =>
  requestConfig(file, flags).resolve(tinyDataset());

Deno.test("requestConfig() is the toy preset on Shapes10 when nothing is given", () => {
  const request = requestConfig({}, {});
  assert.deepEqual(request.data, { source: "shapes10" });
  const config = request.resolve(tinyDataset());
  assert.equal(config.preset, "toy");
  assert.deepEqual(config.network.inputSize, [32, 32, 3]);
  assert.equal(config.network.classCount, 10);
});

Deno.test("requestConfig() lets flags win over the file, and the file over defaults", () => {
  const config = resolve(
    { seed: 5, preset: "A0", training: { epochs: 3, batchSize: 8 } },
    { seed: 6, training: { epochs: 4 } },
  );
  assert.equal(config.seed, 6);
  assert.equal(config.preset, "A0");
  assert.deepEqual([config.training.epochs, config.training.batchSize, config.training.momentum], [
    4,
    8,
    0.9,
  ]);
});

Deno.test("requestConfig() describes any network when the file does, sized for the data", () => {
  const network = { block: "repvgg", stem: { width: 8 }, stages: [{ depth: 1, width: 8 }] };
  const config = resolve({ network }, {});
  assert.equal(config.preset, "custom-repvgg");
  assert.equal(config.network.stem.width, 8);
  assert.equal(config.network.classCount, 10);
});

Deno.test("requestConfig() changes a preset when the file names one", () => {
  const config = resolve({ preset: "toy", network: { padding: "explicit" } }, {});
  assert.equal(config.network.padding, "explicit");
  assert.equal(config.network.stem.width, 16);
});

Deno.test("requestConfig() keeps the sizes and takes the defaults of the block when a flag names another block", () => {
  const file = {
    network: {
      block: "repvgg",
      padding: "explicit",
      branches: { identity: false },
      stem: { width: 8 },
      stages: [{ depth: 1, width: 8 }],
    },
  };
  const { preset, network } = resolve(file, { network: { block: "mobileone", convBranches: 2 } });
  assert.equal(preset, "custom-mobileone");
  assert.ok(network.block === "mobileone");
  assert.deepEqual([network.stem.width, network.padding, network.convBranches], [8, "explicit", 2]);
  assert.equal(resolve({}, { network: { block: "dbb" } }).preset, "toy-dbb");
  assert.equal(resolve({ preset: "toy", network: { block: "acnet" } }, {}).network.block, "acnet");
});

Deno.test("requestConfig() merges nested keys, so that one branch can be switched off", () => {
  const file = { preset: "toy", network: { branches: { conv1x1: false } } };
  const { network } = resolve(file, { network: { block: "repvgg", branches: { identity: false } } });
  assert.ok(network.block === "repvgg");
  assert.deepEqual(network.branches, { conv1x1: false, identity: false });
});

Deno.test("requestConfig() refuses a key that the block does not have", () => {
  assert.throws(
    () => resolve({}, { network: { block: "dbb", branches: { identity: false } } }),
    /branches is not a known key/,
  );
});

Deno.test("parseRunConfigInput() fills in no default, so that flags that were kept do not hide the file", () => {
  const flags = { data: {}, training: { epochs: 2 } };
  assert.deepEqual(parseRunConfigInput(flags, "flags"), flags);
});

Deno.test("requestConfig() names the nearest key when one is mistyped", () => {
  assert.throws(() => requestConfig({ training: { epoch: 3 } }, {}), (error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, /epoch .*epochs/);
    return true;
  });
});

Deno.test("requestConfig() refuses when network and data have different sizes", () => {
  assert.throws(
    () => resolve({ preset: "toy", network: { inputSize: [64, 64, 3] } }, {}),
    /takes 64x64x3 images .* tiny has 32x32x3 images/,
  );
});

Deno.test("requestConfig() refuses R-Drop without dropout", () => {
  assert.throws(() => requestConfig({}, { training: { rDropAlpha: 1 } }), /needs a dropout above 0/);
});

Deno.test("fingerprintOf() changes with network, training, seed and data", async () => {
  const base = resolve({}, {});
  const others = [
    resolve({}, { seed: 2 }),
    resolve({}, { training: { momentum: 0.8 } }),
    resolve({ preset: "toy", network: { padding: "explicit" } }, {}),
    { ...base, data: { ...base.data, checksum: "other" } },
  ];
  const hashes = await Promise.all([base, ...others].map(fingerprintOf));
  assert.equal(new Set(hashes).size, hashes.length);
  assert.equal(await fingerprintOf(resolve({}, {})), hashes[0]);
});

Deno.test("requestConfig() chooses batch size and epochs for a person's images, and says so; what is asked for wins", () => {
  const dataset = { ...tinyDataset(), name: "photos", imageSize: 48 };
  const chosenFor = (training: Record<string, unknown>) => {
    const messages: string[] = [];
    const request = requestConfig({}, { data: { source: "photos" }, training });
    const config = request.resolve(dataset, (message) => messages.push(message));
    return { ...config, messages };
  };
  const { training, data, messages } = chosenFor({});
  const held = Math.round(dataset.train.count * training.validationShare);
  const { batchSize, epochs } = recipeFor({ ...dataset, count: dataset.train.count - held });
  assert.deepEqual([training.batchSize, training.epochs, data.imageSize], [batchSize, epochs, 48]);
  assert.match(
    messages.join(),
    /^photos: \d+ training images .* epochs in batches of \d+ at a rate of [\d.]+; --image-size/,
  );
  const asked = chosenFor({ batchSize: 3, epochs: 7, learningRate: 0.1 });
  assert.deepEqual([asked.training.batchSize, asked.training.epochs, asked.messages], [3, 7, []]);
  assert.match(chosenFor({ batchSize: 3, epochs: 7 }).messages.join(), /at a rate of 0\.0094;/);
});
