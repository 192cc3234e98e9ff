/**
 * How long fusion takes, and what memory at its peak, for a network of RepVGG-B0's size:
 *
 *     deno run --allow-all --v8-flags=--expose-gc tests/fuse/fuse_benchmark.ts
 *
 * Memory is the resident set of the whole process, from /proc: it needs Linux, and Deno asks for every permission there.
 */
import * as tf from "@tensorflow/tfjs";
import { fuse } from "../../src/formats/tfjs/fuse.ts";
import { createNetwork } from "../../src/model/network.ts";
import { presetConfig } from "../../src/model/presets.ts";
import { toArtifacts } from "./artifacts.ts";

const MEGABYTE = 2 ** 20;

await tf.setBackend("cpu");
const model = createNetwork(presetConfig("B0"), { seed: 1 });
const artifacts = await toArtifacts(model);
model.dispose();
(globalThis as { gc?: () => void }).gc?.();

Deno.writeTextFileSync("/proc/self/clear_refs", "5"); // Forgets the peak so far.
const residentBefore = Deno.memoryUsage().rss;
const start = performance.now();
const { report } = fuse(artifacts);
const seconds = (performance.now() - start) / 1000;
const [, peak] = Deno.readTextFileSync("/proc/self/status").match(/VmHWM:\s+(\d+) kB/)!;
const peakBytes = Number(peak) * 1024;
const weightBytes = report.before.bytes;

console.log(
  `${report.before.parameters} parameters, ${report.regions.length} regions, ${seconds.toFixed(2)} s`,
);
console.log(
  `weights ${(weightBytes / MEGABYTE).toFixed(0)} MiB, peak ${(peakBytes / MEGABYTE).toFixed(0)} MiB: ` +
    `${((peakBytes - residentBefore) / weightBytes).toFixed(1)} times the weights more than before`,
);
