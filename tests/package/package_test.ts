/** The npm package in Node.js: the command, the subpaths with their types, and the kernels in a program of somebody else. */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import project from "../../deno.json" with { type: "json" };
import { runTask, writeWorkplace } from "../e2e/task.ts";
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
        "--types",
        "",
      ];
      await mustRun("node", [TSC, ...flags, "program.ts"], folder);
      assert.equal(await mustRun("node", ["program.js"], folder), "conv,bn,relu\n");
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

    await t.step("nothing comes with it that a program at work does not need", async () => {
      const manifest = JSON.parse(await readFile(join(folder, "node_modules/repfuse/package.json"), "utf8"));
      const names = Object.keys(manifest.dependencies);
      for (const name of ["assemblyscript", "typescript", "fast-check", "playwright-core"]) {
        assert.ok(!names.includes(name), name);
      }
      assert.ok(names.includes("@tensorflow/tfjs"));
    });
  }));

const PROGRAM = `
import { fuse, type Fusion } from "repfuse";
import * as tf from "@tensorflow/tfjs";
const layers = [
  tf.layers.conv2d({ name: "conv", filters: 4, kernelSize: 3, inputShape: [8, 8, 3] }),
  tf.layers.batchNormalization({ name: "bn" }),
  tf.layers.reLU({ name: "relu" }),
];
const artifacts = await new Promise<tf.io.ModelArtifacts>((resolve) => {
  void tf.sequential({ layers }).save(tf.io.withSaveHandler((artifacts) => {
    resolve(artifacts);
    return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } });
  }));
});
const { report }: Fusion = fuse(artifacts);
console.log(report.regions[0]!.layers.join());
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
