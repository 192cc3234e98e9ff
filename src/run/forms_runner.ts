/**
 * Any network run from its files, by whoever knows them: TensorFlow.js a LayersModel, onnxruntime an ONNX file. All speak of
 * tensors as the {@link Graph} has them, images NHWC.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { intoFile, outOfFile } from "../formats/onnx/file_order.ts";
import { openNetwork } from "../formats/onnx/judge.ts";
import type { OnnxLayout } from "../formats/onnx/probe.ts";
import { openModel } from "../model/open_model.ts";

/** Numbers, row by row. */
export interface RunTensor {
  readonly numbers: Float32Array;
  readonly shape: readonly number[];
}

/** A network that runs. */
export interface NetworkRunner {
  /** @param inputs In the network's order; so are the outputs. */
  run(inputs: readonly RunTensor[]): Promise<readonly RunTensor[]>;
  /** Frees the network. */
  release(): void | Promise<void>;
}

/** A LayersModel on the active backend. */
export async function runLayersModel(artifacts: tf.io.ModelArtifacts, name: string): Promise<NetworkRunner> {
  const model = await openModel(artifacts, name);
  return {
    async run(inputs) {
      const results = tf.tidy(() => {
        const tensors = inputs.map(({ numbers, shape }, i) =>
          tf.tensor(numbers, [...shape], "float32").cast(model.inputs[i]!.dtype)
        );
        return [model.predictOnBatch(tensors)].flat();
      });
      try {
        return await Promise.all(
          results.map(async (tensor) => ({
            numbers: Float32Array.from(await tensor.data()),
            shape: tensor.shape,
          })),
        );
      } finally {
        tf.dispose(results);
      }
    },
    release: () => void model.dispose(),
  };
}

/**
 * An ONNX file in onnxruntime.
 *
 * @param layout How the axes of its tensors stand in the file; as in the graph when not given.
 */
export async function runOnnx(bytes: Uint8Array, name: string, layout?: OnnxLayout): Promise<NetworkRunner> {
  const network = await openNetwork(bytes, name);
  return {
    async run(inputs) {
      const feeds = inputs.map((tensor, i) =>
        [network.inputs[i]!.name, intoFile(tensor, layout?.inputs[i])] as const
      );
      const results = await network.run(new Map(feeds));
      return network.outputs.map((output, i) => outOfFile(results.get(output)!, layout?.outputs[i]));
    },
    release: () => network.release(),
  };
}
