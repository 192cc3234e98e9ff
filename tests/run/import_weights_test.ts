import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { relativeDifference } from "../../src/bench/same_outputs.ts";
import { loadLayersModelArtifacts } from "../../src/formats/tfjs/layers_model.ts";
import { readManifest } from "../../src/deploy/manifest.ts";
import { type RawTensor, writeSafetensors } from "../../src/formats/safetensors/write.ts";
import { type ImportResult, importWeights } from "../../src/run/import_weights.ts";
import { findSource } from "../../src/run/named.ts";
import { readSafetensors } from "../../src/formats/safetensors/read.ts";
import { formatOfName } from "../../src/formats/checkpoint.ts";
import { readTorchCheckpoint } from "../../src/formats/torch/read.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { openModel } from "../../src/model/open_model.ts";
import { networkModules, type TorchDialect } from "../../src/model/torch/modules.ts";
import { torchState } from "../../src/model/torch/write_weights.ts";
import { createNetwork } from "../../src/model/network.ts";
import { savedAsLegacy, savedAsZip } from "../formats/torch/saved.ts";
import { graphOf } from "../model/artifacts.ts";
import { networkOf } from "../model/block_network.ts";
import { randomizeWeights } from "../model/weights.ts";
import { SILENT } from "../deploy/tiny_source.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { fixtureTensor, readFixture } from "../model/reference_fixture.ts";

await startBackend();

const FIXTURES = ["net-repvgg", "net-mobileone"];

function pathOf(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}.safetensors`, import.meta.url));
}

for (const name of FIXTURES) {
  Deno.test(`importWeights() makes a model of ${name} that computes what PyTorch computed`, () =>
    inTemporaryFolder(async (folder) => {
      const output = `${folder}/out`;
      const settings = { prefix: "state/", imageSize: 32, output, progress: SILENT };
      const { network } = await importWeights(pathOf(name), settings);
      assert.deepEqual([network.dialect, network.form], ["reference", "training"]);
      const model = await openModel(await loadLayersModelArtifacts(output), output);
      const fixture = readFixture(name);
      const { values, shape } = fixtureTensor(fixture, "x"); // NHWC
      const logits = tf.tidy(() => (model.predict(tf.tensor(values, shape)) as tf.Tensor).dataSync());
      assert(relativeDifference(fixtureTensor(fixture, "y").values, logits as Float32Array) < 1e-5);
      model.dispose();
    }));
}

/** The state of a fixture, changed, as a file. */
async function withState(change: (state: Map<string, RawTensor>) => void, folder: string): Promise<string> {
  const state = new Map(readFixture("net-repvgg").state);
  change(state);
  const path = `${folder}/weights.safetensors`;
  await Deno.writeFile(path, writeSafetensors({ tensors: state, metadata: {} }));
  return path;
}

Deno.test("importWeights() names a renamed, a missing and a transposed tensor in one message, and writes nothing", () =>
  inTemporaryFolder(async (folder) => {
    const path = await withState((state) => {
      state.set("stage1.0.rbr_dense.conv.wait", state.get("stage1.0.rbr_dense.conv.weight")!);
      state.delete("stage1.0.rbr_dense.conv.weight");
      state.delete("stage2.0.rbr_1x1.bn.running_var");
      const kernel = state.get("stage2.1.rbr_dense.conv.weight") ??
        state.get("stage2.0.rbr_dense.conv.weight")!;
      const name = state.has("stage2.1.rbr_dense.conv.weight") ? "stage2.1" : "stage2.0";
      state.set(`${name}.rbr_dense.conv.weight`, { ...kernel, shape: kernel.shape.toReversed() });
    }, folder);
    await assert.rejects(
      importWeights(path, { imageSize: 32, output: `${folder}/out`, progress: SILENT }),
      (error) => {
        assert(error instanceof InputError);
        assert.match(
          error.message,
          /stage1\.0\.rbr_dense\.conv\.weight .* is missing \(is it .*conv\.wait\?\)/,
        );
        assert.match(error.message, /stage2\.0\.rbr_1x1\.bn\.running_var .* is missing/);
        assert.match(error.message, /stage2\.\d\.rbr_dense\.conv\.weight has shape \[3,3,/);
        return true;
      },
    );
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["weights.safetensors"]);
  }));

Deno.test("importWeights() says below which prefix the network lies", () =>
  inTemporaryFolder(async (folder) => {
    await assert.rejects(
      importWeights(pathOf("net-repvgg"), { output: `${folder}/out`, progress: SILENT }),
      (error) => {
        assert(error instanceof InputError);
        assert.match(error.hint!, /--prefix state\//);
        return true;
      },
    );
    const settings = { prefix: "module.", output: `${folder}/out`, progress: SILENT };
    await assert.rejects(
      importWeights(pathOf("net-repvgg"), settings),
      /No tensor of .* begins with "module\."/,
    );
  }));

Deno.test("importWeights() keeps labels and normalization, and refuses those that do not fit", () =>
  inTemporaryFolder(async (folder) => {
    const path = await withState(() => {}, folder);
    const output = `${folder}/out`;
    const { tensors } = readSafetensors(await Deno.readFile(path));
    const classCount = tensors.get("linear.bias")!.shape[0]!;
    const classNames = Array.from({ length: classCount }, (_, i) => `label ${i}`);
    const settings = { imageSize: 32, output, progress: SILENT };
    await importWeights(path, { ...settings, classNames, pixels: "0..255", mean: [1, 2, 3], std: [4] });
    const manifest = await readManifest(`${output}/manifest.json`);
    assert.deepEqual(manifest.classNames, classNames);
    assert.deepEqual(manifest.normalization, { mean: [1, 2, 3], scale: [4, 4, 4] });
    await assert.rejects(
      importWeights(path, { ...settings, mean: [1, 2] }),
      /--mean has 2 values, .* 3 channels/,
    );
    await assert.rejects(
      importWeights(path, { ...settings, classNames: ["one"] }),
      new RegExp(`there are 1, and the network has ${classCount} classes`),
    );
  }));

/** A checkpoint of the fixtures, imported; the hashes of what was written and what was taken. */
async function imported(name: string, prefix?: string) {
  const path = fileURLToPath(new URL(`../fixtures/torch/${name}`, import.meta.url));
  let hashes: string[] = [];
  let taken: ImportResult["taken"] | undefined;
  await inTemporaryFolder(async (folder) => {
    const result = await importWeights(path, {
      imageSize: 16,
      output: `${folder}/out`,
      progress: SILENT,
      prefix,
    });
    hashes = result.manifest.files.map(({ sha256 }) => sha256);
    taken = result.taken;
  });
  return { hashes, taken };
}

Deno.test("importWeights() makes the same network to the bit from every kind of PyTorch checkpoint and from safetensors", () =>
  inTemporaryFolder(async (folder) => {
    const fixture = new URL("../fixtures/torch/zip.pth", import.meta.url);
    const { tensors } = readTorchCheckpoint(await Deno.readFile(fixture), "zip.pth");
    const path = `${folder}/weights.safetensors`;
    await Deno.writeFile(path, writeSafetensors({ tensors, metadata: {} }));
    const settings = { imageSize: 16, output: `${folder}/out`, progress: SILENT };
    const { manifest, taken } = await importWeights(path, settings);
    const hashes = manifest.files.map(({ sha256 }) => sha256);
    assert.deepEqual(taken, { format: "safetensors", prefix: "", others: [] });
    const expected: [name: string, prefix: string, others: string[]][] = [
      ["zip.pth", "", []],
      ["legacy.pth", "", []],
      ["protocol-4.pt", "", []],
      ["protocol-5.bin", "", []],
      ["compiled.pth", "_orig_mod.", []],
      ["data-parallel.pth", "model.module.", []],
      ["training.pth.tar", "state_dict.", []],
      ["with-average.pth", "state_dict.", ["model_ema.module."]],
    ];
    for (const [name, prefix, others] of expected) {
      assert.deepEqual(await imported(name), { hashes, taken: { format: "torch", prefix, others } }, name);
    }
  }));

/** Networks with signed γ, in whose names PyTorch knows them. */
const NAMED: readonly [block: Record<string, unknown>, dialect: TorchDialect][] = [
  [{ block: "repvgg", groups: 2, squeezeExcite: true }, "reference"],
  [{ block: "repvgg", groups: 2, squeezeExcite: true }, "timm"],
  [{ block: "mobileone", convBranches: 2 }, "reference"],
  [{ block: "mobileone", convBranches: 2 }, "timm"],
];

for (const [block, dialect] of NAMED) {
  Deno.test(`importWeights() makes the same ${block["block"]} to the bit of a zip archive, a legacy file and safetensors, ${dialect} names`, () =>
    inTemporaryFolder(async (folder) => {
      const config = networkOf(block, 16, "explicit");
      const model = randomizeWeights(createNetwork(config, { seed: 3 }));
      const tensors = torchState(await graphOf(model), networkModules(config, dialect));
      model.dispose();
      const hashes: string[][] = [];
      for (
        const [name, bytes] of [
          ["zip.pth", savedAsZip(tensors)],
          ["legacy.pth", savedAsLegacy(tensors)],
          ["net.safetensors", writeSafetensors({ tensors, metadata: {} })],
        ] as const
      ) {
        await Deno.writeFile(`${folder}/${name}`, bytes);
        const settings = { imageSize: 16, output: `${folder}/out`, progress: SILENT };
        const { manifest, network } = await importWeights(`${folder}/${name}`, settings);
        assert.deepEqual([network.kind, network.dialect, network.form], [
          block["block"],
          dialect,
          "training",
        ]);
        hashes.push(manifest.files.map(({ sha256 }) => sha256));
      }
      assert.deepEqual(hashes[1], hashes[0]);
      assert.deepEqual(hashes[2], hashes[0]);
    }));
}

Deno.test("importWeights() loads no TensorFlow.js and runs no kernel", () => {
  const { code, stdout } = new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", fileURLToPath(new URL("../../tasks/import.ts", import.meta.url))],
    stderr: "null",
  }).outputSync();
  assert.equal(code, 0);
  const { roots, modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    roots: string[];
    modules: { specifier: string; dependencies?: { code?: { specifier?: string }; isDynamic?: boolean }[] }[];
  };
  const reached = new Set(roots);
  for (const specifier of reached) {
    const { dependencies = [] } = modules.find((module) => module.specifier === specifier) ?? {};
    for (const { code, isDynamic } of dependencies) {
      if (code?.specifier !== undefined && isDynamic !== true) reached.add(code.specifier);
    }
  }
  assert(reached.size > 20);
  assert.deepEqual([...reached].filter((specifier) => /tensorflow|\/kernels\//.test(specifier)), []);
});

Deno.test("importWeights() makes a model of RepViT that has no configuration, and every later task reads it", () =>
  inTemporaryFolder(async (folder) => {
    const path = fileURLToPath(new URL("../fixtures/torch/repvit.pth", import.meta.url));
    const settings = { imageSize: 32, output: `${folder}/out`, progress: SILENT };
    const { network, parameters, assumed, taken } = await importWeights(path, settings);
    assert.deepEqual([network.kind, network.config, taken.prefix], ["repvit", undefined, "state_dict."]);
    // In PyTorch: sum(p.numel() for p in net.parameters()).
    assert.equal(parameters, 1932);
    assert.deepEqual(assumed, [
      "pixels from -1 to 1 (--pixels, --mean, --std)",
      "classes by their numbers (--labels)",
    ]);
    const { classNames, network: known } = await readManifest(`${folder}/out/manifest.json`);
    assert.deepEqual([classNames.length, known], [3, undefined]);
    (await openModel(await loadLayersModelArtifacts(`${folder}/out`), "out")).dispose();
  }));

Deno.test("importWeights() counts the scales of FastViT's layers as PyTorch does", () =>
  inTemporaryFolder(async (folder) => {
    const path = fileURLToPath(new URL("../fixtures/torch/fastvit-timm.pth", import.meta.url));
    const settings = { imageSize: 32, output: `${folder}/out`, progress: SILENT };
    const { network, parameters } = await importWeights(path, settings);
    assert.deepEqual([network.kind, network.config], ["fastvit", undefined]);
    // In PyTorch: sum(p.numel() for p in net.parameters()).
    assert.equal(parameters, 2423);
  }));

Deno.test("importWeights() takes the moving average when it is asked for, or alone", async () => {
  const plain = await imported("with-average.pth");
  const asked = await imported("with-average.pth", "model_ema.module.");
  const alone = await imported("average-alone.pth");
  assert.notDeepEqual(asked.hashes, plain.hashes);
  assert.notDeepEqual(alone.hashes, plain.hashes);
  assert.equal(alone.taken!.prefix, "ema_state_dict.");
});

Deno.test("importWeights() says what it assumed, and counts parameters as PyTorch does", () =>
  inTemporaryFolder(async (folder) => {
    const path = fileURLToPath(new URL("../fixtures/torch/zip.pth", import.meta.url));
    const settings = { output: `${folder}/out`, progress: SILENT };
    const { assumed, parameters } = await importWeights(path, settings);
    assert.deepEqual(assumed, [
      "images of 224x224 (--image-size)",
      "stride 2 in the stem (--stem-stride)",
      "strides 2 of the stages (--strides)",
      "no dilation (--dilations)",
      "pixels from -1 to 1 (--pixels, --mean, --std)",
      "classes by their numbers (--labels)",
    ]);
    // In PyTorch: sum(p.numel() for p in model.parameters()).
    assert.equal(parameters, 817);
    const told = {
      imageSize: 16,
      stemStride: 1,
      strides: [2],
      dilations: [1],
      mean: [0.5],
      classNames: ["a", "b", "c"],
    };
    assert.deepEqual((await importWeights(path, { ...settings, ...told })).assumed, [
      "a deviation of 1 (--std)",
    ]);
    assert.deepEqual((await importWeights(path, { ...settings, ...told, std: [1] })).assumed, []);
  }));

Deno.test("importWeights() says what a file is whose name says otherwise", () =>
  inTemporaryFolder(async (folder) => {
    const lines: string[] = [];
    const progress = { ...SILENT, log: (line: string) => void lines.push(line) };
    const path = `${folder}/weights.safetensors`;
    await Deno.copyFile(new URL("../fixtures/torch/zip.pth", import.meta.url), path);
    await importWeights(path, { imageSize: 16, output: `${folder}/out`, progress });
    assert(
      lines.some((line) => /weights\.safetensors is a PyTorch checkpoint, whatever its name/.test(line)),
    );
    const pointer = `${folder}/pointer.safetensors`;
    await Deno.writeTextFile(pointer, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
    await assert.rejects(
      importWeights(pointer, { output: `${folder}/none`, progress }),
      /Cannot read .* as safetensors: it is a Git LFS pointer/,
    );
  }));

Deno.test("formatOfName() takes no shard of TensorFlow.js for a checkpoint", () => {
  assert.equal(formatOfName("model/group1-shard1of2.bin"), undefined);
  assert.equal(formatOfName("model/pytorch_model.bin"), "torch");
  assert.equal(formatOfName("model/NET.PTH"), "torch");
  assert.equal(formatOfName("model/model.json"), undefined);
});

Deno.test("findSource() says of a checkpoint that import takes it", async () => {
  for (const name of ["net.pth", "net.pt", "net.pth.tar", "pytorch_model.bin", "net.safetensors"]) {
    await assert.rejects(findSource(name, "trained"), (error) => {
      assert(error instanceof InputError);
      assert.match(error.message, /is a (PyTorch checkpoint|file of weights)/);
      assert.equal(error.hint, `Import it first: repfuse import ${name}`);
      return true;
    });
  }
});
