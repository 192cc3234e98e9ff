import assert from "node:assert/strict";
import { parseHTML } from "linkedom";
import { InputError } from "../../src/errors.ts";
import { presetConfig } from "../../src/model/presets.ts";
import { html } from "../../src/report/html.ts";
import { renderReport } from "../../src/report/report.ts";
import { writeReport } from "../../src/run/report_run.ts";
import { readRunFiles } from "../../src/run/report_run.ts";
import type { RunFiles } from "../../src/report/run_files.ts";
import { runDirectoryAt } from "../../src/run/run_directory.ts";
import { trainingSchema } from "../../src/train/config.ts";

const SVG =
  `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><title>x</title></svg>`;

/** A folder with a run that has only begun. */
async function inRun(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "repfuse-report-" });
  try {
    const config = {
      preset: "toy",
      seed: 1,
      data: { source: "folder/<b>cats & dogs</b>", checksum: "c", classNames: ["cat", "dog"] },
      network: presetConfig("tiny"),
      training: trainingSchema.parse({}),
    };
    await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(config));
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const COST = { layers: 9, convolutions: 6, parameters: 1000, macs: 5000, bytes: 4000 };

/** What a finished run has beside its configuration. */
const FINISHED: Partial<RunFiles> = {
  metrics: [{
    epoch: 3,
    learningRate: 0.1,
    trainingLoss: 1,
    trainingAccuracy: 0.5,
    validationLoss: 1,
    validationAccuracy: 0.25,
  }],
  curves: SVG,
  network: SVG,
  fusion: {
    source: "run",
    snapshotHash: "0123456789abcdef",
    before: COST,
    after: { ...COST, convolutions: 2 },
    regions: [{
      name: "stage1/block1/reparam",
      layers: ["a", "b"],
      calls: [],
      className: "Conv2D",
      kernelShape: [3, 3, 4, 8],
      groups: 1,
      strides: [2, 2],
      activation: "relu",
      roundingError: 1e-8,
      macsBefore: 1,
      macsAfter: 1,
      training: null,
      nested: false,
      fused: { layer: "stage1/block1/reparam", node: 0 },
    }],
    refusals: [{ layer: "tail", partners: [], law: "cost", reason: "5 < 6 & 7", advice: "Nothing." }],
    proof: {
      pass: true,
      tolerance: 1e-4,
      images: 2200,
      regions: [{ name: "stage1/block1/reparam", border: 2e-6, interior: 1e-6, scale: 1, allowed: 3e-5 }],
      outputs: [],
      maxRelativeDifference: 1.5e-6,
      changedPredictions: 0,
      ties: 0,
    },
  },
  bench: {
    run: "run",
    network: "toy, 32x32x3",
    environment: {
      runtime: "Deno 2",
      v8: "15",
      tfjs: "4",
      platform: "linux",
      processor: "P",
      cores: 2,
      backend: { backend: "wasm", version: "4", kernels: "fast", instructionSet: "simd", threads: 1 },
      startedAt: "now",
    },
    settings: {
      batches: [1],
      rounds: 20,
      warmupRounds: 1,
      warmupMs: 1,
      minimumMs: 1,
      budgetMs: 1,
      tolerance: 1,
      seed: 1,
    },
    forms: [{ form: "fused", parameters: 1000, bytes: 4000, tensors: 3, heapBytes: 8000 }],
    results: [
      { form: "training", batch: 1, medianMs: 3, p95Ms: 4, imagesPerSecond: 333, rounds: 20, repeats: 1 },
      { form: "fused", batch: 1, medianMs: 2, p95Ms: 3, imagesPerSecond: 500, rounds: 20, repeats: 1 },
    ],
    speedup: [{ batch: 1, form: "fused", baseline: "training", ratio: 1.5, low: 1.4, high: 1.6 }],
    maxRelativeDifference: 1e-6,
    backendHeapBytes: 1,
  },
  benchChart: SVG,
  twin: { plainAccuracy: 0.875, fusedAccuracy: 0.895 },
  isTraining: false,
  evaluations: [{
    evaluation: {
      model: "run",
      format: "tfjs",
      form: "fused",
      data: "d",
      dataChecksum: "c",
      images: 200,
      correct: 179,
      accuracy: 0.895,
      loss: 1,
      classes: [{
        name: "cat",
        images: 100,
        predicted: 99,
        correct: 90,
        precision: null,
        recall: 0.9,
        f1: 0.9,
      }, { name: "dog", images: 100, predicted: 101, correct: 89, precision: null, recall: 0.89, f1: 0.9 }],
      confusion: [{ truth: 0, prediction: 0, images: 1 }, { truth: 0, prediction: 1, images: 7 }],
      top5Accuracy: null,
      mistakes: [{
        index: 4,
        picture: "photos/cat/<tabby>.jpg",
        truth: 0,
        prediction: 1,
        confidence: 0.875,
        loss: 3,
      }],
    },
    confusion: SVG,
    worstExamples: new Uint8Array([1, 2, 3]),
  }],
};

Deno.test("writeReport() writes what there is: the configuration of a run that has just begun", () =>
  inRun(async (folder) => {
    const path = await writeReport(runDirectoryAt(folder));
    assert.equal(path, `${folder}/report.html`);
    const { document } = parseHTML(await Deno.readTextFile(path));
    const headings = [...document.querySelectorAll("h2")].map(({ textContent }) => textContent);
    assert.deepEqual(headings, ["Configuration"]);
    assert.equal(document.querySelector("h1")!.textContent, "RepFuse toy on b>");
  }));

Deno.test("writeReport() reads itself anew as long as the network is in training, and no longer", () =>
  inRun(async (folder) => {
    const run = runDirectoryAt(folder);
    const refreshes = async () => {
      const { document } = parseHTML(await Deno.readTextFile(await writeReport(run)));
      return document.querySelector('meta[http-equiv="refresh"]')?.getAttribute("content");
    };
    assert.equal(await refreshes(), "3");
    await Deno.mkdir(run.snapshot);
    await Deno.writeTextFile(run.bnSnapshot, "{}");
    assert.equal(await refreshes(), undefined);
  }));

Deno.test("renderReport() tells the whole of a finished run, and needs nothing from elsewhere", () =>
  inRun(async (folder) => {
    const files = { ...await readRunFiles(runDirectoryAt(folder)), ...FINISHED };
    const text = renderReport(files, "p { margin: 0 }");
    const { document } = parseHTML(text);
    const sections = [...document.querySelectorAll("section")];
    assert.deepEqual(sections.map(({ id }) => id), [
      "training",
      "network",
      "fusion",
      "proof",
      "benchmark",
      "evaluation",
      "configuration",
    ]);
    for (const { id } of sections) assert.ok(document.querySelector(`nav a[href="#${id}"]`), id);
    assert.equal(document.querySelectorAll("svg").length, 4);
    const facts = document.querySelector(".facts")!.textContent;
    for (const fact of ["89.50%", "6 → 2", "1.5e-6", "1.50×", "1.40 to 1.60", "87.50% → 89.50%"]) {
      assert.ok(facts.includes(fact), fact);
    }
    const cells = [...document.querySelectorAll("td")].map(({ textContent }) => textContent);
    for (
      const cell of [
        "3 × 3 × 4 × 8",
        "2.0e-6",
        "1,000",
        "folder/<b>cats & dogs</b>",
        "photos/cat/<tabby>.jpg",
        "dog",
        "87.5%",
        "7",
      ]
    ) {
      assert.ok(cells.includes(cell), cell);
    }
    assert.ok(text.includes("5 &lt; 6 &amp; 7"));
    assert.doesNotMatch(text, /<script|\son\w+=|<\?xml/);
    const addresses = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address!);
    assert.ok(addresses.every((address) => /^(#|data:)/.test(address)), addresses.join());
  }));

Deno.test("writeReport() names a file that is damaged, and keeps the report before", () =>
  inRun(async (folder) => {
    const run = runDirectoryAt(folder);
    await writeReport(run);
    const before = await Deno.readTextFile(`${folder}/report.html`);
    await Deno.writeTextFile(run.benchReport, "{");
    await assert.rejects(
      writeReport(run),
      (error) => error instanceof InputError && /bench\.json/.test(error.message),
    );
    assert.equal(await Deno.readTextFile(`${folder}/report.html`), before);
  }));

Deno.test("html`` escapes what it is given, and nothing twice", () => {
  const inner = html`<b>${`"<'&`}</b>`;
  assert.equal(
    html`<p title="${1}">${[inner, undefined, " a"]}</p>`.text,
    `<p title="1"><b>&quot;&lt;&#39;&amp;</b> a</p>`,
  );
});

Deno.test("renderReport() tells of a network that is no run, of a thousand classes, and how it was fed", () => {
  const names = Array.from({ length: 1000 }, (_, i) => `thing ${i}`);
  const classes = names.map((name, i) => ({
    name,
    images: i < 300 ? 1 : 0,
    predicted: i < 300 ? 1 : 0,
    correct: i % 2,
    precision: null,
    recall: null,
    f1: null,
  }));
  const [finished] = FINISHED.evaluations!;
  const evaluation = { ...finished!.evaluation, form: "unknown", top5Accuracy: 0.75, classes };
  const text = renderReport({
    name: "theirs.onnx",
    config: undefined,
    card: {
      classNames: names,
      inputSize: [64, 48, 3],
      normalization: { mean: [0, 0, 0], scale: [255, 255, 255] },
      givesProbabilities: true,
      assumed: ["pixels from <b>"],
    },
    environment: undefined,
    metrics: [],
    curves: undefined,
    fusion: undefined,
    network: undefined,
    bench: undefined,
    benchChart: undefined,
    evaluations: [{ ...finished!, evaluation }],
  }, "");
  const { document } = parseHTML(text);
  assert.equal(document.querySelector("h1")!.textContent, "RepFuse theirs.onnx");
  assert.deepEqual([...document.querySelectorAll("section")].map(({ id }) => id), ["evaluation", "feeding"]);
  assert.equal(document.querySelector("#evaluation table")!.querySelectorAll("tbody tr").length, 100);
  assert.match(
    document.querySelector("#feeding")!.textContent!,
    /64 × 48 × 3.*255, 255, 255.*probabilities.*pixels from <b>/s,
  );
  assert.match(document.querySelector("header")!.textContent!, /Top 5\s*75\.00%\s*of 1,000 classes/);
});
