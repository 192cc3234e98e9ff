import assert from "node:assert/strict";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { installKernels } from "../../src/kernels/tfjs/install.ts";
import { tfjsCoreSpecs } from "./tfjs_core_specs.ts";

const FILES = [
  "conv2d_test",
  "conv2d_transpose_test",
  "depthwise_conv2d_test",
  "batchnorm_test",
  "fused/fused_conv2d_test",
  "fused/fused_depthwise_conv2d_test",
];
await startBackend({ kernels: "stock" });

for (const file of FILES) {
  Deno.test(`the fast kernels meet every specification of tfjs-core's ${file} that the stock ones meet`, async () => {
    const specs = await tfjsCoreSpecs(file);
    assert.ok(specs.length > 10);
    const failing = async () => {
      const failures = new Map<string, unknown>();
      for (const spec of specs) await spec.run().catch((error) => failures.set(spec.name, error));
      return failures;
    };
    const stock = await failing();
    const installed = await installKernels();
    const fast = await failing().finally(() => installed.uninstall());
    for (const [name, error] of fast) assert.ok(stock.has(name), `${name}: ${error}`);
    // What it fails is another layout, or a bias that is no vector.
    assert.ok(stock.size < specs.length / 2);
  });
}
