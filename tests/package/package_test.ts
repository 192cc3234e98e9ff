/** The npm package in Node.js: the command, the subpaths with their types, and the kernels in a program of somebody else. */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import project from "../../deno.json" with { type: "json" };
import { runTask, writeWorkplace } from "../e2e/task.ts";
import { answerOfPage } from "./vite.ts";
import { mustRun, run, runModule, whereInstalled } from "./installed.ts";

const TSC = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
const SUBPATHS = Object.keys(project.exports);

Deno.test("the package, installed where there is nothing else", (t) =>
  whereInstalled(async (folder) => {
    await writeWorkplace(folder);

    await t.step("npx repfuse pipeline trains, fuses and benches in the person's folder", async () => {
      const { run: path } = JSON.parse(
        await mustRun(
          "npx",
          ["repfuse", "pipeline", "--config", "small.json", "--name", "mine", "--json"],
          folder,
        ),
      ).train;
      assert.equal(path, "runs/mine");
      const found = await readdir(join(folder, path));
      for (const name of ["config.json", "snapshot", "fused", "bench.json", "report.html"]) {
        assert.ok(found.includes(name), `${name} among ${found}`);
      }
    });

    await t.step(
      "npx repfuse export writes the page and the module, whose scripts come with the package",
      async () => {
        for (const format of ["web", "module"]) {
          const { code, stderr } = await run(
            "npx",
            ["repfuse", "export", "--format", format, "--quiet"],
            folder,
          );
          assert.equal(code, 0, stderr);
        }
      },
    );

    await t.step(
      "with the same kernels a training comes out as under Deno, to the bit of every weight",
      async () => {
        const flags = [
          "--config",
          "small.json",
          "--epochs",
          "3",
          "--kernels",
          "simd",
          "--threads",
          "1",
          "--json",
          "--quiet",
        ];
        const inNode = JSON.parse(
          await mustRun("npx", ["repfuse", "train", ...flags, "--name", "node"], folder),
        );
        const inDeno = await runTask(folder, "train", ...flags, "--name", "deno");
        assert.equal(inDeno.code, 0, inDeno.stderr);
        assert.equal(inNode.testAccuracy, JSON.parse(inDeno.stdout).testAccuracy);
        const [ours, theirs] = await Promise.all(
          ["node", "deno"].map((name) => readFile(join(folder, `runs/${name}/snapshot/weights-1of1.bin`))),
        );
        assert.deepEqual(ours, theirs);
      },
    );

    await t.step("repfuse says what it can do, which one it is, and what is wrong", async () => {
      const help = await mustRun("npx", ["repfuse", "--help"], folder);
      const tasks = [
        "pipeline",
        "train",
        "fuse",
        "bench",
        "evaluate",
        "predict",
        "inspect",
        "export",
        "import",
        "demo",
        "ablate",
      ];
      for (const task of tasks) assert.match(help, new RegExp(`^ +${task} .*\\w+`, "m"));
      assert.equal(await mustRun("npx", ["repfuse", "--version"], folder), `${project.version}\n`);
      const mistyped = await run("npx", ["repfuse", "trian"], folder);
      assert.equal(mistyped.code, 2);
      assert.match(mistyped.stderr, /Did you mean (?:repfuse )?train\?/);
      const missing = await run("npx", ["repfuse", "fuse", "nowhere"], folder);
      assert.equal(missing.code, 2, missing.stderr);
      assert.match(missing.stderr, /nowhere/);
    });

    await t.step("every subpath can be imported", async () => {
      for (const subpath of SUBPATHS) {
        const text = `console.log(Object.keys(await import("${join("repfuse", subpath)}")).length);`;
        assert.ok(Number(await runModule(folder, text)) > 0, subpath);
      }
    });

    await t.step("a TypeScript program that imports fuse has its types, and runs", async () => {
      await writeFile(join(folder, "program.ts"), PROGRAM);
      await writeFile(join(folder, "wrong.ts"), PROGRAM.replace("report.regions", "report.reegions"));
      const flags = [
        "--strict",
        "--skipLibCheck",
        "--target",
        "es2022",
        "--module",
        "nodenext",
      ];
      await mustRun("node", [TSC, ...flags, "program.ts"], folder);
      assert.equal(await mustRun("node", ["program.js"], folder), "conv,bn,relu\n2\n");
      const { code, stdout } = await run("node", [TSC, ...flags, "--noEmit", "wrong.ts"], folder);
      assert.notEqual(code, 0);
      assert.match(stdout, /'reegions' does not exist/);
    });

    await t.step("a program of TensorFlow.js gets the kernels", async () => {
      const [stock, kernels, ...others] = (await runModule(folder, TFJS_PROGRAM)).trim().split("\n").map(
        Number,
      );
      assert.ok(Math.abs(stock! - kernels!) < 1e-4 * Math.abs(stock!), `${stock} and ${kernels}`);
      assert.notEqual(stock, 0);
      assert.deepEqual(others, []);
    });

    await t.step("the runtime imports nothing of TensorFlow.js, of files or of processes", async () => {
      const { files, packages } = await importsBehind(folder, "runtime.js");
      assert.ok(files.includes("runtime/runtime.js") && files.includes("kernels/build.js"), `${files}`);
      assert.deepEqual(packages, ["node:worker_threads"]);
      assert.ok((await importsBehind(folder, "train.js")).packages.includes("@tensorflow/tfjs"));
    });

    await t.step(
      "a page that Vite bundles runs a network on the kernels, fuses, and speeds up TensorFlow.js",
      async () => {
        const page = await answerOfPage(folder, PAGE);
        if (page === undefined) return;
        assert.deepEqual(JSON.parse(page.answer), {
          runtime: [10, 12, 1, 0],
          threads: [10, 12, 1, 0],
          fused: 2,
          sum: 8,
        });
        assert.doesNotMatch(page.bundling, /externalized for browser/);
      },
    );

    await t.step("nothing comes with it that a program at work does not need", async () => {
      const manifest = JSON.parse(await readFile(join(folder, "node_modules/repfuse/package.json"), "utf8"));
      const names = Object.keys(manifest.dependencies);
      for (const name of ["assemblyscript", "typescript", "fast-check", "playwright-core"]) {
        assert.ok(!names.includes(name), name);
      }
      assert.ok(names.includes("@tensorflow/tfjs"));
    });
  }));

/** What a module of the package imports, and what that imports, and so on. */
async function importsBehind(folder: string, door: string): Promise<{ files: string[]; packages: string[] }> {
  const [files, packages] = [new Set([door]), new Set<string>()];
  for (const file of files) {
    const text = await readFile(join(folder, "node_modules/repfuse/lib", file), "utf8");
    for (const { fileName } of ts.preProcessFile(text, true, true).importedFiles) {
      if (fileName.startsWith(".")) files.add(posix.join(posix.dirname(file), fileName));
      else packages.add(fileName);
    }
  }
  return { files: [...files], packages: [...packages] };
}

const PROGRAM = `
import { fuse, type FusedModel, fuseModel, type Fusion } from "repfuse";
import * as tf from "@tensorflow/tfjs";
const layers = [
  tf.layers.conv2d({ name: "conv", filters: 4, kernelSize: 3, inputShape: [8, 8, 3] }),
  tf.layers.batchNormalization({ name: "bn" }),
  tf.layers.reLU({ name: "relu" }),
];
const training = tf.sequential({ layers });
const artifacts = await new Promise<tf.io.ModelArtifacts>((resolve) => {
  void training.save(tf.io.withSaveHandler((artifacts) => {
    resolve(artifacts);
    return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } });
  }));
});
const { report }: Fusion = fuse(artifacts);
console.log(report.regions[0]!.layers.join());
const { model }: FusedModel = await fuseModel(training);
console.log(model.layers.length);
`;

const TFJS_PROGRAM = `
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import { installKernels } from "repfuse/kernels";
console.info = console.log = () => {};
const write = (value) => process.stdout.write(value + "\\n");
await tf.setBackend("wasm");
const [x, filter] = [tf.randomUniform([1, 8, 8, 4], 0, 1, "float32", 1), tf.randomUniform([3, 3, 4, 8], 0, 1, "float32", 2)];
const sum = () => tf.conv2d(x, filter, 1, "same").sum().dataSync()[0];
write(sum());
const { instructionSet } = await installKernels();
if (instructionSet === "none") throw new Error("there are no vectors here");
write(sum());
`;

const PAGE = `
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import wasm from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import { fuse } from "repfuse";
import { installKernels } from "repfuse/kernels";
import { openRuntime } from "repfuse/runtime";

async function runNetwork(threads) {
  const weight = (shape, values) => ({ shape, storage: "float32", byteLength: 4 * values.length, read: () => Float32Array.from(values) });
  const point = { size: 1, dilation: 1, stride: 1, before: 0, after: 0 };
  const plan = await (await openRuntime({ threads })).compile({
    name: "page",
    values: [{ shape: [null, 2, 1, 2], dtype: "float32" }, { shape: [null, 2, 1, 2], dtype: "float32" }],
    inputs: [{ name: "x", value: 0 }],
    outputs: [1],
    operations: [{
      op: "convolution", name: "conv", inputs: [0], outputs: [1],
      kernel: { name: "kernel", shape: [1, 1, 2, 2] }, bias: { name: "bias", shape: [2] },
      axes: [point, point], groups: 1, activation: "relu",
    }],
    weights: new Map([["kernel", weight([1, 1, 2, 2], [1, 2, 3, 4])], ["bias", weight([2], [3, 2])]]),
  }, { batch: 1 });
  const [output] = plan.run([Float32Array.of(1, 2, -2, 0)]);
  plan.dispose();
  return [...output];
}

async function fusedLayers() {
  const layers = [tf.layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [4, 4, 1] }), tf.layers.batchNormalization()];
  const artifacts = await new Promise((resolve) => tf.sequential({ layers }).save(tf.io.withSaveHandler(async (found) => {
    resolve(found);
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
  })));
  return fuse(artifacts).artifacts.modelTopology.config.layers.length;
}

async function sumOfConvolution() {
  const file = (name) => [name, wasm];
  setWasmPaths(Object.fromEntries(["tfjs-backend-wasm.wasm", "tfjs-backend-wasm-simd.wasm", "tfjs-backend-wasm-threaded-simd.wasm"].map(file)));
  // Bundled, its own workers cannot be started: tensorflow/tfjs gives them code by name.
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  await tf.setBackend("wasm");
  await installKernels();
  return tf.conv2d(tf.ones([1, 2, 2, 1]), tf.ones([1, 1, 1, 2]), 1, "same").sum().dataSync()[0];
}

try {
  document.title = JSON.stringify({
    runtime: await runNetwork(1),
    threads: await runNetwork(2),
    fused: await fusedLayers(),
    sum: await sumOfConvolution(),
  });
} catch (error) {
  document.title = "failed: " + error.stack;
}
`;
