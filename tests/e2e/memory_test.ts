/** What needs more memory than there is ends in words, and soon; nothing waits for ever. */
import assert from "node:assert/strict";
import { clearTimeout, setTimeout } from "node:timers";
import * as tf from "@tensorflow/tfjs";
import { exists } from "../../src/files/read.ts";
import { saveLayersModel } from "../../src/formats/tfjs/layers_model.ts";
import { toArtifacts } from "../fuse/artifacts.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { startTask, toOutcome } from "./task.ts";

/** Refused, it ends within seconds; before, it never did. */
const PATIENCE_MS = 60_000;

Deno.test("fuse refuses a network whose proof no 32-bit address reaches, and does not hang", async () => {
  await inTemporaryFolder(async (folder) => {
    // 2 images of 32x32 through 524,300 filters take 4 GiB and 96 KiB, which TensorFlow.js's allocator takes for 96 KiB.
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 524_300, kernelSize: 1, inputShape: [32, 32, 1] }),
        tf.layers.batchNormalization(),
        tf.layers.globalAveragePooling2d({}),
      ],
    });
    await saveLayersModel(`${folder}/wide`, await toArtifacts(model));
    model.dispose();
    const task = startTask(folder, "fuse", "wide/model.json");
    const impatience = setTimeout(() => task.kill("SIGKILL"), PATIENCE_MS);
    const { code, stderr } = toOutcome(await task.output());
    clearTimeout(impatience);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /error: Cannot take 4295065600 bytes/);
    assert.equal(await exists(`${folder}/wide/fused`), false);
  });
});
