/** The three tasks in a row, as a person and as a script meet them. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { loadLayersModelArtifacts } from "../../src/formats/tfjs/layers_model.ts";
import { inWorkplace, onlyRun, runTask, runTaskOnFullDisk } from "./task.ts";

Deno.test("train, fuse and bench work bare in a row and print what scripts rely on", () =>
  inWorkplace(async (folder) => {
    const train = await runTask(folder, "train", "--", "--config", "small.json", "--json");
    assert.equal(train.code, 0, train.stderr);
    const trained = JSON.parse(train.stdout);
    assert.equal(trained.run, onlyRun(folder));
    assert.equal(trained.epochs, 4);
    for (const key of ["testAccuracy", "imagesPerSecond", "seconds"]) {
      assert.equal(typeof trained[key], "number");
    }

    const fuse = await runTask(folder, "fuse", "--json", "--quiet");
    assert.equal(fuse.code, 0, fuse.stderr);
    assert.equal(fuse.stderr, "");
    const fused = JSON.parse(fuse.stdout);
    assert.equal(fused.output, `${trained.run}/fused`);
    assert.equal(fused.images, 240);
    assert.equal(fused.changedPredictions, 0);
    assert.ok(fused.maxRelativeDifference < 1e-5);
    assert.deepEqual([fused.convolutionsBefore, fused.convolutionsAfter], [6, 3]);
    assert.ok(fused.parametersAfter < fused.parametersBefore);

    const bench = await runTask(folder, "bench", "--rounds", "12", "--json");
    assert.equal(bench.code, 0, bench.stderr);
    const { results, speedup } = JSON.parse(bench.stdout);
    assert.deepEqual(results.map((row: { form: string; batch: number }) => [row.form, row.batch]), [
      ["training", 1],
      ["fused", 1],
      ["fused, runtime", 1],
      ["training", 32],
      ["fused", 32],
      ["fused, runtime", 32],
    ]);
    for (const key of ["medianMs", "p95Ms", "imagesPerSecond"]) assert.ok(results[0][key] > 0, key);
    for (const { ratio, low, high } of speedup) assert.ok(low <= ratio && ratio <= high);

    const record = JSON.parse(await Deno.readTextFile(`${folder}/${fused.output}/fusion.json`));
    const snapshot = JSON.parse(
      await Deno.readTextFile(`${folder}/${trained.run}/snapshot/bn_snapshot.json`),
    );
    assert.equal(record.snapshotHash, snapshot.hash);
    assert.equal(record.source, trained.run);
  }));

Deno.test("fuse leaves a model that plain TensorFlow.js loads, of Conv2D with ReLU and a head alone", () =>
  inWorkplace(async (folder) => {
    await runTask(folder, "train", "--config", "small.json", "--epochs", "1");
    assert.equal((await runTask(folder, "fuse")).code, 0);
    const artifacts = await loadLayersModelArtifacts(`${folder}/${onlyRun(folder)}/fused`);
    await tf.setBackend("cpu");
    const model = await tf.loadLayersModel({ load: () => Promise.resolve(artifacts) });
    assert.deepEqual(model.layers.map((layer) => layer.getClassName()), [
      "InputLayer",
      "Conv2D",
      "Conv2D",
      "Conv2D",
      "GlobalAveragePooling2D",
      "Dense",
    ]);
    for (const layer of model.layers.slice(1, 4)) {
      assert.equal(layer.getConfig().activation, "relu");
    }
    model.dispose();
  }));

Deno.test("fuse exits 3 and leaves no model when the proof fails", () =>
  inWorkplace(async (folder) => {
    await runTask(folder, "train", "--config", "small.json", "--epochs", "1");
    assert.equal((await runTask(folder, "fuse")).code, 0);
    const { code, stderr } = await runTask(folder, "fuse", "--tolerance", "0");
    assert.equal(code, 3);
    assert.match(stderr, /error: The fused form is not the training form: over 240 images/);
    const left = Array.from(Deno.readDirSync(`${folder}/${onlyRun(folder)}`), (entry) => entry.name);
    assert.ok(!left.includes("fused"), `${left}`);
    assert.equal((await runTask(folder, "bench")).code, 2);
  }));

Deno.test("fuse refuses by name when the snapshot's statistics were changed", () =>
  inWorkplace(async (folder) => {
    await runTask(folder, "train", "--config", "small.json", "--epochs", "1");
    const run = onlyRun(folder);
    const path = `${folder}/${run}/snapshot/weights-1of1.bin`;
    const bytes = await Deno.readFile(path);
    const { weightSpecs } = await loadLayersModelArtifacts(`${folder}/${run}/snapshot`);
    let offset = 0;
    for (const { name, shape } of weightSpecs!) {
      if (name.endsWith("moving_variance")) break;
      offset += 4 * shape.reduce((product, size) => product * size, 1);
    }
    new DataView(bytes.buffer).setFloat32(offset, 2, true);
    await Deno.writeFile(path, bytes);
    const { code, stderr } = await runTask(folder, "fuse");
    assert.equal(code, 2);
    assert.match(stderr, /does not hold the statistics of its bn_snapshot\.json/);
  }));

Deno.test("train says so, exits 1 and keeps the last checkpoint when the disk is full", () =>
  inWorkplace(async (folder) => {
    const first = await runTask(folder, "train", "--config", "small.json", "--epochs", "1");
    assert.equal(first.code, 0, first.stderr);
    const run = onlyRun(folder);
    const checkpoint = await Deno.readFile(`${folder}/${run}/checkpoints/last.safetensors`);
    const second = await runTaskOnFullDisk(folder, 8, "train", "--config", "small.json", "--epochs", "1");
    assert.equal(second.code, 1, second.stderr);
    assert.match(second.stderr, /error: Cannot write runs\/.*best\.safetensors: .*file too large/);
    assert.match(second.stderr, /Free some space/);
    assert.deepEqual(await Deno.readFile(`${folder}/${run}/checkpoints/last.safetensors`), checkpoint);
    const partial = Array.from(Deno.readDirSync(`${folder}/runs`), (entry) => entry.name)
      .flatMap((name) => Array.from(Deno.readDirSync(`${folder}/runs/${name}/`), (entry) => entry.name))
      .filter((name) => name.endsWith(".partial"));
    assert.deepEqual(partial, []);
  }));
