import assert from "node:assert/strict";
import { createRuntimeEngine } from "../../src/bench/engines/runtime.ts";
import { DEFAULT_TOLERANCE, relativeDifference } from "../../src/bench/same_outputs.ts";
import { createTfjsEngine } from "../../src/bench/engines/tfjs.ts";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import { parseNetworkConfig } from "../../src/model/config.ts";
import { createNetwork } from "../../src/model/network.ts";
import { openRuntime } from "../../src/runtime/machine.ts";

const CONFIG = parseNetworkConfig({
  block: "repvgg",
  inputSize: [8, 8, 3],
  classCount: 4,
  stem: { width: 8, stride: 2 },
  stages: [{ depth: 1, width: 8 }],
});

Deno.test("createRuntimeEngine() answers as TensorFlow.js does, batch size after batch size, and tells what it takes", async () => {
  await startBackend();
  const model = createNetwork(CONFIG, { seed: 1 });
  const engine = createRuntimeEngine(
    "runtime",
    readLayersModel(await artifactsOf(model)),
    await openRuntime(),
  );
  const judge = createTfjsEngine("tfjs", model);
  const heapBytes: number[] = [];
  for (const count of [1, 5, 5, 2]) {
    const images = Float32Array.from({ length: count * 8 * 8 * 3 }, (_, i) => Math.sin(i + count));
    for (const each of [engine, judge]) {
      await each.prepare({ images, shape: [count, 8, 8, 3] });
      await each.run();
    }
    assert.ok(relativeDifference(judge.output(), engine.output()) < DEFAULT_TOLERANCE / 10);
    const [found, expected] = [await engine.footprint(), await judge.footprint()];
    assert.equal(found.parameters, expected.parameters);
    assert.equal(found.bytes, expected.bytes);
    assert.ok(found.tensors! > model.weights.length);
    assert.ok(found.heapBytes! > found.bytes + images.byteLength);
    heapBytes.push(found.heapBytes!);
  }
  assert.equal(heapBytes[1], heapBytes[2], "a second run takes no more memory");
  assert.ok(heapBytes[1]! > heapBytes[3]! && heapBytes[3]! > heapBytes[0]!);
  engine.dispose();
  judge.dispose();
});
