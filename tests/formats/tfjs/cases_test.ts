/**
 * Models that other programs wrote (`tests/fixtures/cases`): what is read is right, what cannot be read is refused with the
 * reason, and what is written plain TensorFlow.js loads.
 */
import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../../src/errors.ts";
import { fuse } from "../../../src/formats/tfjs/fuse.ts";
import { loadLayersModelArtifacts, saveLayersModel } from "../../../src/formats/tfjs/layers_model.ts";
import { plainArtifacts } from "../../../src/formats/tfjs/plain_artifacts.ts";
import { withPrecision } from "../../../src/formats/tfjs/precision.ts";
import { readLayersModel } from "../../../src/formats/tfjs/read.ts";
import { readWeights } from "../../../src/formats/tfjs/weights.ts";
import "../../../src/model/layers/grouped_conv2d.ts";
import { assertEquivalent, formsOf } from "../../fuse/forms.ts";
import { inTemporaryFolder } from "../../temporary_folder.ts";

const CASES = "tests/fixtures/cases";

function load(name: string): Promise<tf.io.ModelArtifacts> {
  return loadLayersModelArtifacts(`${CASES}/${name}`);
}

/** Convolutions of the training form and of the fused one. */
const READ: Readonly<Record<string, readonly [before: number, after: number]>> = {
  "01-keras3-functional": [2, 1],
  "02-keras3-sequential": [1, 1],
  "03c-weight-names-with-inner-scope": [1, 1],
  "04-rescaling-list-scale": [1, 1],
  "04e-rescaling-offset-0-then-conv-same": [1, 1],
  "06-conv2d-groups-2": [1, 1],
  "07-unet-conv2dtranspose": [5, 5],
  "07b-cropping2d-then-conv-bn": [1, 1],
  "12b-zero-pad-average-pool-valid-branch": [2, 1],
  "21-variance-negative-by-rounding": [1, 1],
  "22-user-defined-metadata": [1, 1],
  "25-gap-bn-dense": [1, 1],
  "25b-dense-bn": [1, 1],
  "33g-nested-sequential-old-array-format": [4, 3],
  "38-quantized-uint8": [2, 1],
};

for (const [name, convolutions] of Object.entries(READ)) {
  Deno.test(`fuse() of ${name} gives the same network, without BatchNorm`, async () => {
    const forms = await formsOf(await load(name));
    assertEquivalent(forms);
    const { before, after } = forms.report;
    deepEqual([before.convolutions, after.convolutions], convolutions);
    const classes = forms.fused.layers.map((layer) => layer.getClassName());
    ok(!classes.includes("BatchNormalization"), `${classes}`);
  });
}

Deno.test("loadLayersModelArtifacts() reads a Keras 3 Sequential as its layers by hand", async () => {
  await tf.setBackend("cpu");
  const artifacts = await load("02-keras3-sequential");
  const model = await tf.loadLayersModel({ load: () => Promise.resolve(artifacts) });
  const weights = readWeights(artifacts);
  tf.tidy(() => {
    const w = (name: string) => tf.tensor(weights.get(name)!.read(), [...weights.get(name)!.shape]);
    const bn = (part: string) => w(`batch_normalization/${part}`) as tf.Tensor1D;
    const x = tf.randomNormal<tf.Rank.R4>([2, 8, 8, 3], 0, 1, "float32", 3);
    const y = tf.conv2d(x, w("conv2d/kernel") as tf.Tensor4D, 1, "same");
    const z = tf.batchNorm(y, bn("moving_mean"), bn("moving_variance"), bn("beta"), bn("gamma"), 1e-3).relu();
    ok((model.predict(x) as tf.Tensor).sub(z).abs().max().dataSync()[0]! < 1e-5);
  });
});

const REFUSED: Readonly<Record<string, RegExp>> = {
  "23-two-backbones-of-equal-names": /2 layers are named "conv1"/,
  "33d-nested-sequential-without-input-shape":
    /"augment".*The first layer in a Sequential model must get an inputShape/,
  "80-weights-path-outside-folder": /names the weight file "\.\.\/.*expected a plain name/,
};

for (const [name, reason] of Object.entries(REFUSED)) {
  Deno.test(`loadLayersModelArtifacts() refuses ${name} with the reason`, async () => {
    await rejects(load(name), (error) => error instanceof InputError && reason.test(error.message));
  });
}

/** BatchNorms that nothing can take in: they stay, and the report says why. */
const KEPT: Readonly<Record<string, readonly [layer: string, reason: RegExp]>> = {
  "28-bn-before-conv-with-softmax": ["bn", /softmax of "conv"/],
};

for (const [name, [layer, reason]] of Object.entries(KEPT)) {
  Deno.test(`fuse() of ${name} says why "${layer}" stays`, async () => {
    const forms = await formsOf(await load(name));
    assertEquivalent(forms);
    const refusals = forms.report.refusals.filter((refusal) => refusal.layer === layer);
    ok(refusals.some((refusal) => reason.test(refusal.reason)), JSON.stringify(forms.report.refusals));
    const kept = forms.fused.layers.filter((layer) => layer.getClassName() === "BatchNormalization");
    deepEqual(kept.map((layer) => layer.name), [layer]);
  });
}

Deno.test("fuse() keeps a Rescaling whose input holds integers", async () => {
  const { fused, report } = await formsOf(await load("05c-int32-input-rescaling-valid"));
  ok(fused.layers.some((layer) => layer.getClassName() === "Rescaling"));
  deepEqual([report.before.convolutions, report.after.convolutions], [1, 1]);
});

Deno.test("readLayersModel() refuses an input of a type that TensorFlow.js has not", async () => {
  const artifacts = await load("05-uint8-input-rescaling");
  throws(() => readLayersModel(artifacts), /its input "input_1" takes uint8/);
});

/** A Keras 3 model with one thing changed. */
async function changed(
  change: (topology: string) => string,
  weights: (name: string) => string = (name) => name,
): Promise<tf.io.ModelArtifacts> {
  const { modelTopology, weightsManifest } = JSON.parse(
    readFileSync(`${CASES}/01-keras3-functional/model.json`, "utf8"),
  );
  const { weightData } = await load("01-keras3-functional");
  const weightSpecs = (weightsManifest[0].weights as tf.io.WeightsManifestEntry[]).map((spec) => ({
    ...spec,
    name: weights(spec.name),
  }));
  return {
    modelTopology: JSON.parse(change(JSON.stringify(modelTopology))),
    weightSpecs,
    weightData: weightData!,
  };
}

Deno.test("readLayersModel() names the layer when one letter of its name is changed, wherever that is", async (t) => {
  const names = ["conv_a", "bn_a", "conv_b", "bn_b", "input_layer"];
  for (const name of names) {
    const text = JSON.stringify((await changed((topology) => topology)).modelTopology);
    const places = [...text.matchAll(new RegExp(`"${name}"`, "g"))].map(({ index }) => index + 1);
    for (const place of places) {
      await t.step(`${name} at ${place}`, async () => {
        const other = String.fromCharCode(name.charCodeAt(0) ^ 1);
        const broken = await changed((topology) =>
          topology.slice(0, place) + other + topology.slice(place + 1)
        );
        throws(() => readLayersModel(broken), (error) => {
          match((error as Error).message, new RegExp(`"${other}${name.slice(1)}|"${name}`));
          return error instanceof InputError;
        });
      });
    }
  }
});

for (
  const scope of ["functional_1/", "outer/functional_1/"]
) {
  Deno.test(`readLayersModel() finds the weights of Keras 3 below the scope ${scope}`, async () => {
    const plain = readWeights(await load("01-keras3-functional"));
    const { weights } = readLayersModel(await changed((topology) => topology, (name) => scope + name));
    deepEqual([...weights.keys()], [...plain.keys()]);
  });
}

Deno.test("readLayersModel() reads the words of Keras 3 as those of TensorFlow.js", async () => {
  const policy = '"dtype": "mixed_float16"';
  const model = await changed((topology) =>
    topology.replaceAll('"activation":"linear"', `"activation":"silu",${policy}`)
  );
  const forms = await formsOf(plainArtifacts(model));
  assertEquivalent(forms);
  throws(
    () =>
      readLayersModel({
        ...model,
        modelTopology: JSON.parse(JSON.stringify(model.modelTopology).replaceAll("silu", "hard_sigmoid")),
      }),
    /"hard_sigmoid" is relu6/,
  );
});

Deno.test("fuse() takes kernels in every quantization, and computes with the numbers that they stand for", async (t) => {
  const plain = await load("01-keras3-functional");
  for (const precision of ["uint8", "uint16", "float16"] as const) {
    await t.step(precision, async () => {
      const quantized = withPrecision(plain, precision);
      assertEquivalent(await formsOf(quantized));
      const expected = fuse(withPrecision(quantized, "float32"));
      deepEqual(fuse(quantized).artifacts.weightData, expected.artifacts.weightData);
    });
  }
});

Deno.test("saveLayersModel() keeps the labels in userDefinedMetadata", async () => {
  await inTemporaryFolder(async (folder) => {
    await saveLayersModel(folder, fuse(await load("22-user-defined-metadata")).artifacts);
    const { userDefinedMetadata } = await loadLayersModelArtifacts(folder);
    deepEqual(userDefinedMetadata, { labels: ["cat", "dog", "hen", "owl"] });
  });
});

Deno.test("loadLayersModelArtifacts() reads no file outside of the folder, whatever its name looks like", async () => {
  await inTemporaryFolder(async (folder) => {
    cpSync(`${CASES}/01-keras3-functional`, folder, { recursive: true });
    const text = readFileSync(`${folder}/model.json`, "utf8");
    for (
      const name of ["/etc/hostname", "a/b.bin", "..", "..\\\\a.bin", "C:a.bin", "", "file:///etc/hostname"]
    ) {
      writeFileSync(`${folder}/model.json`, text.replace("group1-shard1of1.bin", name));
      await rejects(loadLayersModelArtifacts(folder), /expected a plain name/);
    }
  });
});

Deno.test("loadLayersModelArtifacts() refuses a GraphModel by name, with the way round", async () => {
  await inTemporaryFolder(async (folder) => {
    const topology = { node: [], library: {}, versions: {} };
    for (const format of ["graph-model", undefined]) {
      writeFileSync(
        `${folder}/model.json`,
        JSON.stringify({ format, modelTopology: topology, weightsManifest: [] }),
      );
      await rejects(loadLayersModelArtifacts(folder), (error) => {
        ok(error instanceof InputError);
        match(error.message, /is a GraphModel/);
        match(`${error.hint}`, /--output_format=tfjs_layers_model/);
        return true;
      });
    }
  });
});

Deno.test("readLayersModel() of a GraphModel in memory says what it is", () => {
  const artifacts = { modelTopology: { node: [] }, weightSpecs: [], weightData: new ArrayBuffer(0) };
  throws(() => readLayersModel(artifacts), /GraphModel/);
  equal(artifacts.weightSpecs.length, 0);
});
