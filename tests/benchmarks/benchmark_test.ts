import assert from "node:assert/strict";
import { statusOf, targetRow, TARGETS } from "../../benchmarks/kernels/targets.ts";
import { forwardErrors } from "../../benchmarks/kernels/forward_errors.ts";
import { TextLineReader } from "../../benchmarks/kernels/lines.ts";
import { StepProcess } from "../../benchmarks/kernels/process_turns.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";

Deno.test("statusOf() says how far a gain and a cost have come", () => {
  assert.equal(statusOf({ ...TARGETS.a0Stock, result: 3 }), "goal");
  assert.equal(statusOf({ ...TARGETS.a0Stock, result: 1.8 }), "met");
  assert.equal(statusOf({ ...TARGETS.a0Stock, result: 1.79 }), "missed");
  assert.equal(statusOf({ ...TARGETS.pytorch, result: 1 }), "goal");
  assert.equal(statusOf({ ...TARGETS.pytorch, result: 2.5 }), "met");
  assert.equal(statusOf({ ...TARGETS.pytorch, result: 2.51 }), "missed");
});

Deno.test("targetRow() has an interval when there is one", () => {
  const row = targetRow({ ...TARGETS.threads, result: 1.7, low: 1.6, high: 1.85 });
  assert.deepEqual(row.slice(1), ["≥ 1.50x", "1.70x", "1.60-1.85", "≥ 1.80x", "met"]);
  assert.deepEqual(targetRow({ ...TARGETS.direct, result: 2e-6 }).slice(2, 4), ["2.0e-6", ""]);
});

Deno.test("TextLineReader gives lines however the bytes are cut", async () => {
  const reader = new TextLineReader(ReadableStream.from(["rea", "dy 1", "\n\ndone\nrest"].map(encode)));
  assert.equal(await reader.next(), "ready 1");
  assert.equal(await reader.next(), "");
  assert.equal(await reader.next(), "done");
  assert.equal(await reader.next(), undefined);
});

Deno.test("StepProcess.pytorch() gives nothing when no interpreter has PyTorch", async () => {
  assert.equal(await StepProcess.pytorch(["no-such-interpreter", "false"]), undefined);
});

Deno.test("StepProcess takes one step at a time, and ends", async () => {
  const process = await StepProcess.ours("ours-1");
  assert.equal(process.greeting, "1");
  await process.step();
  await process.step();
  await process.stop();
});

Deno.test("forwardErrors() stay within the bars", async () => {
  await startBackend();
  for (const { name, algorithm, error } of forwardErrors()) {
    const { target } = algorithm === "direct" ? TARGETS.direct : TARGETS.winograd;
    assert.ok(error > 0 && error <= target, `${name}: ${error}, expected at most ${target}`);
  }
});

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
