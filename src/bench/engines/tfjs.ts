/**
 * TensorFlow.js as an engine of the benchmark: a LayersModel in inference mode on the active backend, which
 * `startBackend` of `kernels/` has started.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../errors.ts";
import type { Engine, Footprint, InputBatch } from "../engine.ts";

/**
 * An engine around a model.
 *
 * @param name What reports call it.
 * @param model Takes one tensor of images NHWC and gives one tensor [batch, classes]. The engine owns it: `dispose()`
 *   disposes it.
 * @throws {InputError} when the model has several inputs or outputs.
 */
export function createTfjsEngine(name: string, model: tf.LayersModel): Engine {
  if (model.inputs.length !== 1 || model.outputs.length !== 1) {
    throw new InputError(
      `Cannot bench the ${name} form: it has ${model.inputs.length} inputs and ${model.outputs.length} outputs, ` +
        "expected one of each.",
    );
  }
  return new TfjsEngine(name, model);
}

class TfjsEngine implements Engine {
  private images: tf.Tensor4D | undefined;
  private result = new Float32Array(0);

  constructor(readonly name: string, private readonly model: tf.LayersModel) {}

  prepare({ images, shape }: InputBatch): void {
    this.images?.dispose();
    this.images = tf.tensor4d(images, [...shape]);
  }

  run(): void {
    const result = this.predict();
    this.result = result.dataSync<"float32">() as Float32Array<ArrayBuffer>;
    result.dispose();
  }

  output(): Float32Array {
    return this.result;
  }

  async footprint(): Promise<Footprint> {
    const weights = this.model.weights;
    const parameters = weights.reduce((sum, weight) => sum + sizeOf(weight.shape), 0);
    const ownTensors = weights.length + 1;
    const ownBytes = 4 * (parameters + this.prepared().size);
    const before = tf.memory();
    const { kernels } = await tf.profile(() => this.predict().dispose());
    const peak = (snapshot: (kernel: (typeof kernels)[number]) => number) =>
      kernels.reduce((most, kernel) => Math.max(most, snapshot(kernel)), 0);
    return {
      parameters,
      bytes: 4 * parameters,
      tensors: ownTensors + peak((kernel) => kernel.totalTensorsSnapshot) - before.numTensors,
      heapBytes: ownBytes + peak((kernel) => kernel.totalBytesSnapshot) - before.numBytes,
    };
  }

  dispose(): void {
    this.images?.dispose();
    this.images = undefined;
    this.model.dispose();
  }

  private predict(): tf.Tensor {
    const images = this.prepared();
    return this.model.predict(images, { batchSize: images.shape[0] }) as tf.Tensor;
  }

  private prepared(): tf.Tensor4D {
    if (this.images === undefined) throw new Error(`Cannot run the ${this.name} form before prepare()`);
    return this.images;
  }
}

function sizeOf(shape: readonly (number | null)[]): number {
  return shape.reduce<number>((product, size) => product * (size ?? 1), 1);
}
