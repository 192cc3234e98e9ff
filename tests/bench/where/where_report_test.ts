import assert from "node:assert/strict";
import type { WhereReport } from "../../../src/bench/where/where_report.ts";
import { renderWhere } from "../../../src/bench/where/where_report.ts";

const TIME = { batch: 1, p95Ms: 9, rounds: 20 };

const REPORT: WhereReport = {
  run: "runs/x",
  network: "toy, 32x32x3",
  batches: [1],
  places: [{
    where: "node",
    runtime: "Node.js 20",
    instructionSet: "simd",
    threads: 2,
    maxRelativeDifference: 1e-7,
    times: [
      { ...TIME, engine: "stock", form: "training", medianMs: 12.34 },
      {
        ...TIME,
        engine: "stock",
        form: "fused",
        medianMs: 4,
        overTraining: { ratio: 3, low: 2.5, high: 3.5 },
      },
      {
        ...TIME,
        engine: "module",
        form: "training",
        medianMs: 6,
        overStock: { ratio: 2, low: 1.9, high: 2.1 },
      },
      {
        ...TIME,
        engine: "module",
        form: "fused",
        medianMs: 1,
        overTraining: { ratio: 6, low: 5.5, high: 6.5 },
        overStock: { ratio: 4, low: 3.9, high: 4.1 },
      },
    ],
  }],
};

Deno.test("renderWhere() says where, what and how many times as fast", () => {
  const lines = renderWhere(REPORT).split("\n");
  const row = (engine: string) =>
    lines.find((line) => line.includes(engine))?.split(/\s{2,}/).map((cell) => cell.trim());
  assert.deepEqual(row("exported module"), [
    "Node.js 20",
    "1",
    "1",
    "exported module",
    "6.000",
    "1.000",
    "6.00x (5.50 to 6.50)",
    "4.00x (3.90 to 4.10)",
  ]);
  assert.deepEqual(row("stock kernels")?.slice(0, 4), [
    "Node.js 20",
    "2",
    "1",
    "TensorFlow.js, stock kernels",
  ]);
  assert.deepEqual(row("stock kernels")?.slice(4, 7), ["12.3", "4.000", "3.00x (2.50 to 3.50)"]);
  assert.ok(lines.includes("Node.js 20: our kernels use simd"));
});
