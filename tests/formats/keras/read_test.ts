/** The files of Keras 3 hold the networks that its `model.json` holds, and broken ones are refused with the reason. */
import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { io } from "@tensorflow/tfjs";
import { InputError } from "../../../src/errors.ts";
import { readKeras } from "../../../src/formats/keras/read.ts";
import { fuse } from "../../../src/formats/tfjs/fuse.ts";
import { loadLayersModelArtifacts } from "../../../src/formats/tfjs/layers_model.ts";
import { readWeights } from "../../../src/formats/tfjs/weights.ts";
import { Random } from "../../../src/random.ts";
import { type Entry, hdf5, json, kerasArchive, kerasH5, type Variable, zip } from "./keras_files.ts";

const CASES = "tests/fixtures/cases";

/** The configuration that Keras 3 wrote, the variables of its layers, and what `model.json` gives. */
async function kerasModel(name: string) {
  const file = `${CASES}/${name}/model.json`;
  const artifacts = await loadLayersModelArtifacts(file);
  const { modelTopology } = JSON.parse(readFileSync(file, "utf8"));
  const variables = new Map<string, Variable[]>();
  for (const [weight, stored] of readWeights(artifacts)) {
    const [layer, name] = weight.split("/") as [string, string];
    variables.set(layer, [...variables.get(layer) ?? [], {
      name,
      shape: stored.shape,
      values: stored.read(),
    }]);
  }
  return { model: modelTopology.model_config as Entry, variables, artifacts };
}

function weightsOf(artifacts: io.ModelArtifacts): Record<string, number[]> {
  return Object.fromEntries(
    [...readWeights(artifacts)].map(([name, weight]) => [name, [...weight.read()]]).sort(),
  );
}

for (const name of ["01-keras3-functional", "02-keras3-sequential"]) {
  for (const packed of [false, true]) {
    Deno.test(`readKeras() reads a ${packed ? "packed" : "stored"} .keras as the model.json of ${name}`, async () => {
      const { model, variables, artifacts } = await kerasModel(name);
      const found = await readKeras(await kerasArchive(model, variables, packed), "model.keras");
      deepEqual(weightsOf(found), weightsOf(artifacts));
      deepEqual(fuse(found).report, fuse(artifacts).report);
    });
  }

  for (const [prefix, suffix] of [["", ":0"], ["", ""], ["sequential/", ""]] as const) {
    Deno.test(`readKeras() reads an .h5 with weights "${prefix}…${suffix}" as the model.json of ${name}`, async () => {
      const { model, variables, artifacts } = await kerasModel(name);
      const found = await readKeras(await kerasH5(model, variables, prefix, suffix), "model.h5");
      deepEqual(weightsOf(found), weightsOf(artifacts));
      deepEqual(fuse(found).report, fuse(artifacts).report);
    });
  }
}

Deno.test("readKeras() tells more than ten layers of one class apart, and those of nested models", async () => {
  const random = Random.from(1, "keras");
  const variables = new Map<string, Variable[]>();
  const dense = (name: string): Entry => {
    variables.set(name, [{
      name: "kernel",
      shape: [3, 3],
      values: Float32Array.from({ length: 9 }, () => random.normal()),
    }]);
    const config = { name, units: 3, use_bias: false, batch_shape: undefined };
    return { class_name: "Dense", config };
  };
  const input = { class_name: "InputLayer", config: { name: "input", batch_shape: [null, 3] } } as Entry;
  const inner: Entry = {
    class_name: "Sequential",
    config: {
      name: "inner",
      layers: [{ ...input, config: { ...input.config, name: "inner_input" } }, dense("inner_a")],
    },
  };
  const layers = [input, dense("zero"), inner, ...Array.from({ length: 12 }, (_, i) => dense(`dense_${i}`))];
  const model: Entry = { class_name: "Sequential", config: { name: "outer", layers } };
  const found = weightsOf(await readKeras(await kerasArchive(model, variables), "model.keras"));
  for (const [layer, [kernel]] of variables) deepEqual(found[`${layer}/kernel`], [...kernel!.values], layer);
  equal(Object.keys(found).length, variables.size);
});

Deno.test("readKeras() refuses what is no model of Keras, with the reason", async (t) => {
  const { model, variables } = await kerasModel("02-keras3-sequential");
  const archive = await kerasArchive(model, variables);
  const weights = await hdf5((root) => void root.create_group("layers"));
  const metadata = ["metadata.json", json({ keras_version: "3.5.0" })] as const;
  const config = ["config.json", json(model)] as const;
  const patched = (search: number[], patch: (view: DataView, at: number) => void) => {
    const bytes = archive.slice();
    const at = bytes.findLastIndex((_, i) => search.every((byte, k) => bytes[i + k] === byte));
    patch(new DataView(bytes.buffer), at);
    return bytes;
  };
  const huge = await hdf5((root) => {
    const vars = root.create_group("layers").create_group("conv2d").create_group("vars");
    vars.create_dataset({
      name: "0",
      data: new Float32Array(100),
      shape: [10, 10],
      maxshape: [null, null],
      chunks: [10, 10],
      dtype: "<f4",
    }).resize([1e6, 1e6]);
  });
  const cases: Record<string, [Uint8Array, RegExp]> = {
    "a text": [new TextEncoder().encode("<html>"), /neither a zip archive/],
    "nothing": [new Uint8Array(0), /neither a zip archive/],
    "another zip": [zip([["a.txt", json(1)]]), /without "config.json"/],
    "a name that leads out": [zip([["../config.json", json(model)]]), /\.\.\/config\.json lies outside/],
    "an absolute name": [zip([["/etc/passwd", json(model)]]), /lies outside/],
    "a cut archive": [archive.subarray(0, archive.length - 30), /the file is cut/],
    "a huge claimed size": [
      patched([0x50, 0x4b, 1, 2], (view, at) => view.setUint32(at + 24, 0xfffffff0, true)),
      /is stored in \d+ bytes and claims 4294967280/,
    ],
    "a configuration that is no JSON": [
      zip([metadata, ["config.json", new Uint8Array([1])], ["model.weights.h5", weights]]),
      /not a JSON object/,
    ],
    "weights that are cut": [
      zip([metadata, config, ["model.weights.h5", weights.subarray(0, 300)]]),
      /HDF5/,
    ],
    "weights that are missing": [
      zip([metadata, config, ["model.weights.h5", weights]]),
      /"conv2d" \(Conv2D\) has the variables kernel/,
    ],
    "an array of 4 TB": [zip([metadata, config, ["model.weights.h5", huge]]), /claims 1000000000000 numbers/],
    "an .h5 of weights alone": [weights, /holds weights alone/],
  };
  for (const [name, [bytes, reason]] of Object.entries(cases)) {
    await t.step(name, async () => {
      await rejects(readKeras(bytes, "model.keras"), (error) => {
        match((error as Error).message, reason);
        return error instanceof InputError;
      });
    });
  }
});

Deno.test("readKeras() ends with a model or an InputError for every damaged byte", async () => {
  const { model, variables } = await kerasModel("02-keras3-sequential");
  const random = Random.from(7, "damage");
  for (const file of [await kerasArchive(model, variables), await kerasH5(model, variables)]) {
    for (let i = 0; i < 150; i++) {
      const bytes = file.slice();
      bytes[random.integer(bytes.length)] = random.integer(256);
      try {
        await readKeras(bytes, "model.keras");
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    }
  }
});
