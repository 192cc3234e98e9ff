/** The module is judged from outside: by Deno's import of its files, by Node.js, and by the type checker. */
import assert from "node:assert/strict";
import { fuse } from "../../src/formats/tfjs/fuse.ts";
import { randomizeBatchNorm } from "../fuse/randomize_batch_norm.ts";
import { MODULE_FORMAT } from "../../src/deploy/module_format.ts";
import type { ModelSource } from "../../src/deploy/model_source.ts";
import { parseNetworkConfig } from "../../src/model/config.ts";
import { createNetwork } from "../../src/model/network.ts";
import { createRuntime } from "../../src/runtime/runtime.ts";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";

/** The most that a module may take without its weights, in bytes. */
const SIZE_LIMIT = 40 * 1024;

const CONFIG = parseNetworkConfig({
  block: "repvgg",
  inputSize: [8, 6, 3],
  classCount: 3,
  stem: { width: 16 },
  stages: [{ depth: 1, width: 16, stride: 1 }],
});

async function smallSource(): Promise<ModelSource> {
  const training = randomizeBatchNorm(await artifactsOf(createNetwork(CONFIG, { seed: 1 })), 2);
  return {
    path: "small",
    name: "small",
    home: "small",
    readFrom: [],
    form: "fused",
    artifacts: fuse(training).artifacts,
    sha256: "",
    card: {
      classNames: ["dog", "cat", "'quoted' </script>"],
      inputSize: [8, 6, 3],
      normalization: { mean: [1, 2, 3], scale: [100, 200, 300] },
      givesProbabilities: false,
    },
  };
}

async function inModule(work: (folder: string, source: ModelSource) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "repfuse-module-" });
  try {
    const source = await smallSource();
    await MODULE_FORMAT.write(folder, { source, artifacts: source.artifacts, precision: "float32" });
    await work(folder, source);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Two images. */
const PIXELS = Uint8Array.from({ length: 2 * 8 * 6 * 3 }, (_, i) => (i * 37) % 256);

/** Their logits by the plain network. */
async function expectedLogits({ artifacts, card }: ModelSource): Promise<number[]> {
  const graph = readLayersModel(artifacts);
  const { mean, scale } = card.normalization;
  const images = Float32Array.from(PIXELS, (x, i) => (x - mean[i % 3]!) / scale[i % 3]!);
  const plan = await createRuntime({ kernels: "javascript" }).compile(graph, { batch: 2 });
  return [...plan.run([images])[0]!];
}

function assertClose(found: ArrayLike<number>, expected: readonly number[]): void {
  assert.equal(found.length, expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  for (const [i, value] of expected.entries()) {
    assert.ok(Math.abs(found[i]! - value) <= 1e-5 * scale, `${found[i]}`);
  }
}

Deno.test("a written module gives the source's logits in Deno, and is small enough", () =>
  inModule(async (folder, source) => {
    const classifier = await MODULE_FORMAT.open(folder, source.card);
    assertClose(await classifier.classify(PIXELS), await expectedLogits(source));
    let bytes = 0;
    for await (const { name } of Deno.readDir(folder)) {
      if (name !== "weights.bin") bytes += (await Deno.stat(`${folder}/${name}`)).size;
    }
    assert.ok(bytes <= SIZE_LIMIT, `${bytes} bytes without weights`);
  }));

/** Runs in Node.js: every engine that there is, bytes with and without alpha, and what is refused. */
const SCRIPT = `
import { load } from "./index.js";
const pixels = Uint8Array.from({ length: 288 }, (_, i) => (i * 37) % 256);
const first = pixels.subarray(0, 144);
const rgba = new Uint8ClampedArray(192).fill(7);
for (let i = 0; i < 48; i++) rgba.set(first.subarray(3 * i, 3 * i + 3), 4 * i);
const results = {};
for (const engine of ["simd", "javascript", undefined]) {
  const classify = await load(engine && { engine });
  let refusal;
  try { classify(pixels.subarray(1)); } catch (error) { refusal = error.name; }
  results[engine ?? "best"] = {
    logits: [...classify.logits(pixels)], top: classify(first), alpha: classify(rgba), refusal,
    inputShape: classify.inputShape,
  };
}
console.log(JSON.stringify(results));
`;

Deno.test("a written module runs in Node.js on kernels and in plain JavaScript", () =>
  inModule(async (folder, source) => {
    await Deno.writeTextFile(`${folder}/run.mjs`, SCRIPT);
    const { success, stdout, stderr } = await new Deno.Command("node", { args: [`${folder}/run.mjs`] })
      .output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const expected = await expectedLogits(source);
    const results = JSON.parse(new TextDecoder().decode(stdout)) as Record<string, {
      logits: number[];
      top: { label: string; index: number; probability: number }[];
      alpha: unknown;
      refusal: string;
      inputShape: number[];
    }>;
    assert.deepEqual(Object.keys(results), ["simd", "javascript", "best"]);
    for (const { logits, top, alpha, refusal, inputShape } of Object.values(results)) {
      assertClose(logits, expected);
      const best = expected.slice(0, 3).indexOf(Math.max(...expected.slice(0, 3)));
      assert.equal(top[0]!.index, best);
      assert.equal(top[0]!.label, source.card.classNames[best]);
      assert.ok(Math.abs(top.reduce((sum, { probability }) => sum + probability, 0) - 1) < 1e-6);
      assert.deepEqual(alpha, top);
      assert.equal(refusal, "RangeError");
      assert.deepEqual(inputShape, [8, 6, 3]);
    }
  }));

Deno.test("a written module has types that a strict checker accepts", () =>
  inModule(async (folder) => {
    await Deno.writeTextFile(
      `${folder}/use.ts`,
      `// @ts-types="./index.d.ts"\nimport { load } from "./index.js";\n` +
        "const classify = await load({ engine: 'simd' });\n" +
        "const [best] = classify(new Uint8ClampedArray(192));\n" +
        "const label: string = best!.label;\nconsole.log(label, classify.engine satisfies string);\n" +
        "// @ts-expect-error: pixels are not text\nclassify('pixels');\n",
    );
    const { success, stderr } = await new Deno.Command("deno", {
      args: ["check", "--quiet", `${folder}/use.ts`],
      cwd: folder,
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
  }));

Deno.test("a written module says when its weights are another network's", () =>
  inModule(async (folder, source) => {
    await Deno.truncate(`${folder}/weights.bin`, 400);
    await assert.rejects(
      MODULE_FORMAT.open(folder, source.card),
      /weights have 100 numbers; the network needs \d+/,
    );
  }));

Deno.test("a written module is read back from its data: nothing that lies in its folder is run", () =>
  inModule(async (folder, source) => {
    const trap = `globalThis.wasRun = true; throw new Error("it was run");`;
    await Deno.writeTextFile(`${folder}/index.js`, trap);
    await Deno.writeTextFile(`${folder}/runtime.js`, trap);
    const classifier = await MODULE_FORMAT.open(folder, source.card);
    assertClose(await classifier.classify(PIXELS), await expectedLogits(source));
    await classifier.dispose();
    assert.equal("wasRun" in globalThis, false);
    await Deno.writeTextFile(`${folder}/network.json`, "{");
    await assert.rejects(MODULE_FORMAT.open(folder, source.card), /network\.json: it is no JSON/);
  }));
