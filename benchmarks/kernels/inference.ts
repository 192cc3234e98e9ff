/**
 * The fused network of a preset as contestants: with our kernels, with the stock ones, and in onnxruntime-web, all on one
 * thread. Its weights are random, since the time does not depend on them.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Contestant } from "../../src/timing/paired.ts";
import { openSession } from "../../src/formats/onnx/judge.ts";
import { writeOnnx } from "../../src/formats/onnx/write.ts";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { artifactsOf } from "../../src/model/artifacts.ts";
import { createDeployNetwork } from "../../src/model/network.ts";
import { presetConfig } from "../../src/model/presets.ts";
import type { KernelSets } from "./kernel_sets.ts";

const SEED = 1;

/** Contestants that need giving back. */
export interface Inference {
  /** "fast", "stock" and, when asked for, "onnxruntime". */
  readonly contestants: readonly Contestant[];
  /** Gives back the network and the images. */
  dispose(): Promise<void>;
}

/** The fused network of a preset on a batch of noise. */
export async function inference(
  preset: string,
  batch: number,
  sets: KernelSets,
  options: { onnxruntime: boolean },
): Promise<Inference> {
  const config = presetConfig(preset);
  const model = createDeployNetwork(config, { seed: SEED });
  const shape = [batch, ...config.inputSize];
  const images = tf.randomNormal(shape, 0, 1, "float32", SEED);
  const predict = () => {
    const logits = model.predict(images) as tf.Tensor;
    logits.dataSync();
    logits.dispose();
  };
  const session = options.onnxruntime
    ? await openSession(writeOnnx(readLayersModel(await artifactsOf(model))), preset)
    : undefined;
  const numbers = images.dataSync<"float32">();
  return {
    contestants: [
      { name: "fast", run: () => (sets.useFast(), predict()) },
      { name: "stock", run: () => (sets.useStock(), predict()) },
      ...(session === undefined
        ? []
        : [{ name: "onnxruntime", run: () => session.run(numbers, shape).then(() => undefined) }]),
    ],
    async dispose() {
      model.dispose();
      images.dispose();
      await session?.release();
    },
  };
}
