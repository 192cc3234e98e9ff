/** Both forms of a network, side by side. */
import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { fuse, type Fusion } from "../../src/formats/tfjs/fuse.ts";
import type { FusionReport } from "../../src/fuse/report.ts";
import { toArtifacts, toModel } from "./artifacts.ts";
import { randomizeWeights } from "./random_weights.ts";

/** A network with random weights and what fusion made of it. */
export interface Forms {
  readonly training: tf.LayersModel;
  readonly fused: tf.LayersModel;
  readonly before: tf.io.ModelArtifacts;
  readonly after: tf.io.ModelArtifacts;
  readonly fusion: Fusion;
  readonly report: FusionReport;
}

/** Gives the network random weights, fuses it, and loads both forms. */
export async function bothForms(model: tf.LayersModel, seed = 1): Promise<Forms> {
  await tf.setBackend("cpu");
  return formsOf(randomizeWeights(await toArtifacts(model), seed));
}

/** Fuses artifacts and loads both forms. */
export async function formsOf(before: tf.io.ModelArtifacts): Promise<Forms> {
  await tf.setBackend("cpu");
  const fusion = fuse(before);
  const { artifacts: after, report } = fusion;
  return { training: await toModel(before), fused: await toModel(after), before, after, fusion, report };
}

/** float32 through a few layers, relative to the largest value. */
const TOLERANCE = 1e-5;

/** Asserts that both forms give the same outputs on random images. */
export function assertEquivalent({ training, fused }: Forms, openSize = 6): void {
  tf.tidy(() => {
    const inputs = training.inputs.map((input, i) =>
      tf.randomNormal(
        input.shape.map((length, axis) => axis === 0 ? 2 : length ?? openSize),
        0,
        1,
        "float32",
        i + 1,
      )
    );
    const [expected, found] = [training, fused].map((model) =>
      [model.predict(inputs.length === 1 ? inputs[0]! : inputs)].flat()
    );
    assert.equal(found!.length, expected!.length);
    expected!.forEach((tensor, i) => {
      assert.deepEqual(found![i]!.shape, tensor.shape);
      const scale = Math.max(tensor.abs().max().dataSync()[0]!, Number.MIN_VALUE);
      const difference = found![i]!.sub(tensor).abs().max().dataSync()[0]! / scale;
      assert.ok(difference <= TOLERANCE, `output ${i} differs by ${difference} of the scale`);
    });
  });
}

/** The layers of a model by name and class, without its inputs. */
export function layersOf(model: tf.LayersModel): string[] {
  return model.layers.filter((layer) => layer.getClassName() !== "InputLayer")
    .map((layer) => `${layer.name}: ${layer.getClassName()}`);
}

/** A functional model of layers one after the other. */
export function chain(shape: readonly (number | null)[], ...layers: tf.layers.Layer[]): tf.LayersModel {
  const input = tf.input({ shape: [...shape], name: "image" });
  return tf.model({ inputs: input, outputs: through(input, ...layers) });
}

/** The tensor through layers one after the other. */
export function through(tensor: tf.SymbolicTensor, ...layers: tf.layers.Layer[]): tf.SymbolicTensor {
  return layers.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, tensor);
}

/** The sum of tensors. */
export function sum(name: string, ...tensors: tf.SymbolicTensor[]): tf.SymbolicTensor {
  return tf.layers.add({ name }).apply(tensors) as tf.SymbolicTensor;
}
