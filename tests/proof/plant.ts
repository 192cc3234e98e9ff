/** Faults of a thousandth in one kernel after the other: each must fail the proof. */
import * as tf from "@tensorflow/tfjs";
import type { FusionProof } from "../../src/proof/equivalence.ts";
import { proofBatches, type ProofInputs } from "../../src/proof/inputs.ts";
import type { Batch } from "../../src/proof/tensorflow.ts";

/** What a kernel is multiplied by. */
const THOUSANDTH = 1.001;

/** What was planted. */
export interface Planted {
  /** Layers that have a kernel. */
  readonly layers: number;
  /** Those that were made wrong, one at a time. */
  readonly tried: number;
  /** Those of them that the proof passed all the same. */
  readonly missed: readonly string[];
}

/**
 * Makes kernels of a fused model wrong by 0.1%, one at a time, and right again.
 *
 * @param most About how many of them, from first to last.
 */
export async function plant(
  fused: tf.LayersModel,
  prove: () => Promise<FusionProof>,
  most = Infinity,
): Promise<Planted> {
  const layers = fused.layers.filter((layer) => layer.weights.some(({ shape }) => shape.length > 1));
  const step = Math.max(1, Math.floor(layers.length / most));
  const missed: string[] = [];
  let tried = 0;
  for (const [i, layer] of layers.entries()) {
    if (i % step !== 0) continue;
    tried++;
    const [kernel, ...others] = layer.getWeights() as [tf.Tensor, ...tf.Tensor[]];
    const values = kernel.dataSync().slice();
    const multiply = (by: number) =>
      tf.tidy(() =>
        layer.setWeights([tf.tensor(values.map((value) => value * by), kernel.shape), ...others])
      );
    multiply(THOUSANDTH);
    const { pass } = await prove();
    multiply(1);
    if (pass) missed.push(layer.name);
  }
  return { layers: layers.length, tried, missed };
}

/** What a network is fed with, as tensors. */
export function* batches(inputs: ProofInputs): Generator<Batch> {
  for (const arrays of proofBatches(inputs)) {
    yield arrays.map(({ data, shape }, i) =>
      tf.tensor(data, [...shape], inputs.inputs[i]!.isWhole ? "int32" : "float32")
    );
  }
}
