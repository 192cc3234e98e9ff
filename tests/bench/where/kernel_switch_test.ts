import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { switchableKernels } from "../../../src/bench/where/kernel_switch.ts";

Deno.test("switchableKernels() switches between what was there and what was installed", async () => {
  const backend = "switchable";
  const kernel = (kernelName: string, answer: string): tf.KernelConfig => ({
    kernelName,
    backendName: backend,
    kernelFunc: () => ({ dataId: {}, shape: [], dtype: "string", answer }) as unknown as tf.TensorInfo,
  });
  const ask = (name: string) =>
    (tf.getKernel(name, backend).kernelFunc({ inputs: {}, backend: {} }) as unknown as { answer: string })
      .answer;
  tf.registerKernel(kernel("Replaced", "stock"));
  tf.registerKernel(kernel("Kept", "stock"));
  const choose = await switchableKernels(backend, () => {
    tf.unregisterKernel("Replaced", backend);
    tf.registerKernel(kernel("Replaced", "fast"));
    tf.registerKernel(kernel("Added", "fast"));
    return Promise.resolve();
  });
  assert.deepEqual(["Replaced", "Kept", "Added"].map(ask), ["fast", "stock", "fast"]);
  choose("stock");
  assert.deepEqual(["Replaced", "Kept", "Added"].map(ask), ["stock", "stock", "fast"]);
  choose("fast");
  assert.equal(ask("Replaced"), "fast");
  for (const name of ["Replaced", "Kept", "Added"]) tf.unregisterKernel(name, backend);
});
