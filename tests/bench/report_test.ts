import assert from "node:assert/strict";
import { DEFAULT_SETTINGS } from "../../src/bench/bench.ts";
import { type BenchReport, renderReport } from "../../src/bench/report.ts";

const result = { p95Ms: 20, rounds: 80, repeats: 1 };
const report: BenchReport = {
  run: "runs/a",
  network: "toy, 32x32x3",
  environment: {
    runtime: "Deno 2.9.6",
    v8: "15",
    tfjs: "4.22.0",
    platform: "linux x86_64",
    processor: "Some CPU",
    cores: 2,
    backend: {
      backend: "wasm",
      version: "4.22.0",
      kernels: "stock",
      instructionSet: "none",
      threads: 1,
    },
    startedAt: "2024-01-01T00:00:00Z",
  },
  settings: DEFAULT_SETTINGS,
  forms: [
    { form: "training", parameters: 12345, bytes: 49380, tensors: 90, heapBytes: 3 * 1024 * 1024 },
    { form: "fused", parameters: 9000, bytes: 36000, tensors: 20, heapBytes: 5000 },
  ],
  results: [
    { form: "training", batch: 32, medianMs: 16, imagesPerSecond: 2000, ...result },
    { form: "fused", batch: 32, medianMs: 8, imagesPerSecond: 4000, ...result },
  ],
  speedup: [{ batch: 32, form: "fused", baseline: "training", ratio: 2, low: 1.95, high: 2.125 }],
  maxRelativeDifference: 1e-6,
  backendHeapBytes: 16777216,
};

Deno.test("renderReport() says what ran where, what it costs and how fast it is", () => {
  assert.equal(
    renderReport(report),
    [
      "toy, 32x32x3",
      "TensorFlow.js wasm 4.22.0, stock kernels, 1 thread; Deno 2.9.6; Some CPU, 2 cores",
      "",
      "form      parameters  weights  tensors in use  heap in use",
      "────────  ──────────  ───────  ──────────────  ───────────",
      "training      12,345   48 KiB              90     3.00 MiB",
      "fused          9,000   35 KiB              20      4.9 KiB",
      "",
      "batch  form      median ms  p95 ms  images/s  speedup    95% interval  rounds",
      "─────  ────────  ─────────  ──────  ────────  ───────  ──────────────  ──────",
      "   32  training      16.00   20.00     2,000                               80",
      "   32  fused          8.00   20.00     4,000    2.00x  1.95x to 2.13x      80",
      "",
    ].join("\n"),
  );
});

Deno.test("renderReport() has no speedup column entry when only one form was measured", () => {
  const text = renderReport({ ...report, results: report.results.slice(0, 1), speedup: [] });
  assert.doesNotMatch(text, /\d+\.\d+x/);
});
