/** The exported PyTorch training against ours: the same losses, ranks that make no difference, and the way back. */
import assert from "node:assert/strict";
import { encodeIdxFolder } from "../../src/data/idx_folder.ts";
import { testImagesOf } from "../../src/data/labelled_images.ts";
import { loadDataset } from "../../src/data/load.ts";
import { drawShapes, SHAPE_NAMES } from "../../src/data/shapes.ts";
import { withValidation } from "../../src/data/validation.ts";
import { evaluateNetwork } from "../../src/classify/evaluation.ts";
import { writeJsonAtomically } from "../../src/files/atomic_write.ts";
import { float32Values } from "../../src/formats/safetensors/float_values.ts";
import { readSafetensors } from "../../src/formats/safetensors/read.ts";
import { float32Tensor, writeSafetensors } from "../../src/formats/safetensors/write.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { createNetwork } from "../../src/model/network.ts";
import { Datasets } from "../../src/run/datasets.ts";
import { exportTraining } from "../../src/run/export_training.ts";
import { fuseModelFile } from "../../src/run/fusion_run.ts";
import { importWeights } from "../../src/run/import_weights.ts";
import { openClassifier } from "../../src/run/open_classifier.ts";
import { openRunDirectory } from "../../src/run/run_directory.ts";
import {
  requestConfig,
  type RequestedConfig,
  type RunConfig,
  type RunConfigInput,
} from "../../src/train/run_config.ts";
import { startTraining } from "../../src/run/training_run.ts";
import { TrainingSession } from "../../src/train/session.ts";
import { pythonWithTorch, runPython } from "../deploy/torch_train.ts";
import { SILENT } from "../deploy/tiny_source.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const backend = await startBackend();

const PYTHON = pythonWithTorch();

/** Six blocks, with and without an identity branch. */
const NETWORK = {
  block: "repvgg",
  stem: { width: 8, stride: 2 },
  stages: [{ depth: 2, width: 16, stride: 2 }, { depth: 2, width: 24, stride: 2 }],
};

/** Nothing random but the order of the images. */
const CALM = { shift: 0, flip: false };

/** Everything that a recipe may have. */
const ALL = {
  ...{ minCrop: 0.5, colorJitter: 0.3, cutout: 6, mixup: 0.2, balance: true, emaDecay: 0.9, dropout: 0.1 },
  ...{ rDropAlpha: 1, recalibrateBatches: 3, keep: "best", patience: 3 },
};

function pythonTest(name: string, test: (folder: string) => Promise<void>): void {
  Deno.test({ name, ignore: PYTHON === undefined, fn: () => inTemporaryFolder(test) });
}

/** What is asked for of a run on Shapes10 of so many images, which lie in `data` in the folder. */
async function requested(
  folder: string,
  images: number,
  training: RunConfigInput["training"],
  network: RunConfigInput["network"] = NETWORK,
): Promise<RequestedConfig> {
  const shape = { height: 32, width: 32, channels: 3, classNames: SHAPE_NAMES };
  const dataset = { ...shape, train: drawShapes("train", images), test: drawShapes("test", 200) };
  const data = `${folder}/data`;
  await Deno.mkdir(data);
  for (const [name, bytes] of encodeIdxFolder(dataset)) await Deno.writeFile(`${data}/${name}`, bytes);
  return requestConfig({ network, data: { source: data }, training }, {});
}

/** A run that has not begun, and its training exported to `out`. */
async function exported(...asked: Parameters<typeof requested>): Promise<RunConfig> {
  const [folder] = asked;
  const request = await requested(...asked);
  const config = request.resolve(await loadDataset(request.data.source));
  const run = await openRunDirectory(`${folder}/run`);
  await writeJsonAtomically(run.config, config);
  await exportTraining(run, { output: `${folder}/out`, progress: SILENT });
  return config;
}

/** Runs the exported program from the run's own weights; what it leaves lies in `folder/output`. */
function trainInTorch(
  folder: string,
  output: string,
  flags: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<string> {
  const start = ["--init", `${folder}/out/start.safetensors`, "--output", `${folder}/${output}`];
  return runPython(PYTHON!, [`${folder}/out/train.py`, ...start, ...flags], env);
}

/** The same in two processes that share each batch. */
async function trainOnTwoRanks(folder: string, output: string): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const env = { WORLD_SIZE: "2", MASTER_ADDR: "127.0.0.1", MASTER_PORT: `${port}` };
  await Promise.all(["0", "1"].map((RANK) => trainInTorch(folder, output, [], { ...env, RANK })));
}

async function readWeights(path: string): Promise<Map<string, Float32Array>> {
  const { tensors } = readSafetensors(await Deno.readFile(path), path);
  return new Map([...tensors].map(([name, tensor]) => [name, float32Values(tensor, name)]));
}

/** Whether two networks have the same weights, but for rounding. */
function assertSameWeights(
  expected: ReadonlyMap<string, Float32Array>,
  found: ReadonlyMap<string, Float32Array>,
  tolerance: number,
): void {
  assert.deepEqual([...found.keys()].sort(), [...expected.keys()].sort());
  for (const [name, values] of expected) {
    values.forEach((value, i) => {
      const other = found.get(name)![i]!;
      assert(Math.abs(value - other) <= tolerance, `${name}: ${value}, ${other}`);
    });
  }
}

async function readLosses(path: string): Promise<number[]> {
  return (await Deno.readTextFile(path)).trim().split("\n").map(Number);
}

/** The loss of every step of a run's first epoch. */
async function ourLosses({ data, network, training, seed }: RunConfig): Promise<number[]> {
  const dataset = withValidation(await loadDataset(data.source), training.validationShare, seed);
  const model = createNetwork(network, { seed });
  const session = new TrainingSession(model, dataset, training, seed);
  const losses: number[] = [];
  let sum = 0;
  while (session.step < session.stepsPerEpoch) {
    session.trainStep();
    const total = session.running.loss * session.step;
    losses.push(total - sum);
    sum = total;
  }
  session.dispose();
  model.dispose();
  return losses;
}

/** The losses of 100 steps here, in PyTorch's float64, and in its float32 from weights with these changes of a last bit. */
async function lossesOf(
  folder: string,
  activation: string,
  changes: readonly number[],
): Promise<{ ours: number[]; exact: number[]; singles: number[][] }> {
  const recipe = { ...CALM, epochs: 2, batchSize: 16, learningRate: 0.05 };
  const config = await exported(folder, 1800, recipe, { ...NETWORK, activation });
  const run = async (name: string, flags: readonly string[]) => {
    await trainInTorch(folder, name, ["--stop-after", "1", "--losses", `${folder}/${name}.txt`, ...flags]);
    return await readLosses(`${folder}/${name}.txt`);
  };
  const exact = await run("float64", ["--dtype", "float64"]);
  const singles: number[][] = [];
  const path = `${folder}/out/start.safetensors`;
  const content = readSafetensors(await Deno.readFile(path), path);
  for (const change of changes) {
    const tensors = new Map([...content.tensors].map(([name, tensor]) => [
      name,
      float32Tensor(float32Values(tensor, name).map((value) => value * (1 + change)), tensor.shape),
    ]));
    await Deno.writeFile(`${folder}/changed.safetensors`, writeSafetensors({ ...content, tensors }));
    singles.push(await run(`float32${change}`, ["--init", `${folder}/changed.safetensors`]));
  }
  return { ours: await ourLosses(config), exact, singles };
}

/** Of a bit behind the last of float32. */
const LAST_BIT = 2 ** -23;

// A smooth activation shows rounding alone. ReLU has a kink, where one bit decides whether a gradient is there: such turns come
// at a random step, in float32 runs of PyTorch as much as here, so that several runs say how far they lead.
for (const [activation, changes] of [["swish", [0]], ["relu", [0, LAST_BIT, -LAST_BIT]]] as const) {
  pythonTest(
    `train.py, ${activation}: our loss in step 1, and in 100 steps none further from float64 than PyTorch's float32`,
    async (folder) => {
      const { ours, exact, singles } = await lossesOf(folder, activation, changes);
      assert(ours.length > 100);
      assert(singles.every((losses) => losses.length === ours.length));
      assert(Math.abs(ours[0]! - singles[0]![0]!) < 1e-5, `${ours[0]}, ${singles[0]![0]}`);
      const distance = (losses: readonly number[]) =>
        Math.max(...exact.slice(0, 100).map((loss, step) => Math.abs(losses[step]! - loss)));
      const rounding = Math.max(...singles.map(distance));
      assert(distance(ours) <= Math.max(1e-5, 3 * rounding), `${distance(ours)}, ${rounding}`);
    },
  );
}

pythonTest("train.py on two ranks ends with the weights and statistics of one rank", async (folder) => {
  for (const [i, recipe] of [{ ...CALM }, ALL].entries()) {
    const place = `${folder}/${i}`;
    await Deno.mkdir(place);
    await exported(place, 160, { ...recipe, epochs: 2, batchSize: 32, learningRate: 0.02 });
    await trainInTorch(place, "one");
    await trainOnTwoRanks(place, "two");
    const [one, two] = [
      await readWeights(`${place}/one/model.safetensors`),
      await readWeights(`${place}/two/model.safetensors`),
    ];
    assertSameWeights(one, two, 1e-4);
  }
});

pythonTest("train.py ends where our run does, with all of the recipe that is not random", async (folder) => {
  const recipe = { ...CALM, balance: true, emaDecay: 0.9, recalibrateBatches: 3, keep: "best", patience: 2 };
  const training = { ...recipe, epochs: 3, batchSize: 16, learningRate: 0.05 };
  const request = await requested(folder, 400, training, { ...NETWORK, activation: "swish" });
  const { signal } = new AbortController();
  const datasets = new Datasets(SILENT);
  const run = await openRunDirectory(`${folder}/run`);
  const { testAccuracy } = await startTraining(
    request,
    { backend, progress: SILENT, datasets, signal },
    run.path,
  );
  await exportTraining(run, { output: `${folder}/out`, progress: SILENT });
  const printed = await trainInTorch(folder, "theirs");

  const theirs = await readWeights(`${folder}/theirs/model.safetensors`);
  assertSameWeights(await readWeights(`${folder}/out/trained.safetensors`), theirs, 1e-4);
  assert.equal(Number(/testAccuracy ([\d.]+)/.exec(printed)![1]), testAccuracy);
  const [ours, found] = [run.metrics, `${folder}/theirs/metrics.jsonl`].map((path) =>
    Deno.readTextFileSync(path).trim().split("\n").map((line) => JSON.parse(line) as Record<string, number>)
  );
  assert.equal(found!.length, ours!.length);
  for (const [epoch, row] of ours!.entries()) {
    assert.deepEqual(Object.keys(found![epoch]!), Object.keys(row));
    for (const [key, value] of Object.entries(row)) {
      assert(Math.abs(found![epoch]![key]! - value) < 1e-4, key);
    }
  }
});

pythonTest("train.py names what it does not do of a configuration", async (folder) => {
  const config = await exported(folder, 40, { batchSize: 16 });
  const refusals: [unknown, RegExp][] = [
    [{ ...config, training: { ...config.training, lookahead: 5 } }, /lookahead is not carried over/],
    [{ ...config, from: {} }, /from is not carried over/],
    [{ ...config, training: { ...config.training, form: "deploy" } }, /form deploy is not carried over/],
    [{ ...config, network: { ...config.network, block: "file" } }, /block file is not carried over/],
  ];
  for (const [changed, message] of refusals) {
    await writeJsonAtomically(`${folder}/out/config.json`, changed);
    await assert.rejects(trainInTorch(folder, "refused"), message);
  }
});

pythonTest("train.py goes on to the bit from its checkpoint", async (folder) => {
  await exported(folder, 160, { ...ALL, epochs: 4, batchSize: 16, warmupEpochs: 1 });
  await trainInTorch(folder, "whole");
  await trainInTorch(folder, "parts", ["--stop-after", "2"]);
  await trainInTorch(folder, "parts", ["--resume"]);
  for (const file of ["model.safetensors", "metrics.jsonl"]) {
    assert.deepEqual(
      await Deno.readFile(`${folder}/parts/${file}`),
      await Deno.readFile(`${folder}/whole/${file}`),
    );
  }
});

for (const form of ["wide", "plain"] as const) {
  pythonTest(`train.py's network, ${form}, is imported and fused, and is as accurate`, async (folder) => {
    const config = await exported(folder, 1200, { epochs: 6, batchSize: 16, form, learningRate: 0.05 });
    const printed = await trainInTorch(folder, "trained");
    const accuracy = Number(/testAccuracy ([\d.]+)/.exec(printed)![1]);
    assert(accuracy > 0.15, printed);
    const progress = SILENT;
    const imported = `${folder}/imported`;
    await importWeights(`${folder}/trained/model.safetensors`, { output: imported, progress });
    const { record } = await fuseModelFile(imported, {
      output: `${folder}/fused`,
      tolerance: 1e-4,
      progress,
    });
    assert(record.proof.pass);
    const images = testImagesOf(await loadDataset(config.data.source));
    for (const network of [imported, `${folder}/fused`]) {
      const opened = await openClassifier(network);
      const { correct, images: count } = await evaluateNetwork(opened, images);
      await opened.classifier.dispose();
      assert.equal(correct / count, accuracy);
    }
  });
}
