/**
 * The proof that a fused network computes the same function: both forms run on the same inputs, and every region and
 * every output is compared. A proof on fresh BatchNorm statistics proves nothing.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import {
  type Answers,
  compareForms,
  EQUIVALENCE_TOLERANCE,
  type FusionProof,
  type Numbers,
} from "./equivalence.ts";
import type { FusionReport, LayerOutput } from "../fuse/report.ts";

/** What {@link verifyFusion} needs. */
export interface VerificationRequest {
  /** The network as it was trained. */
  readonly training: tf.LayersModel;
  /** The network as it was fused. */
  readonly fused: tf.LayersModel;
  /** What `fuse` said. */
  readonly report: Pick<FusionReport, "regions">;
  /**
   * Batches, one tensor per input of the network, first axis the batch. Each batch is disposed after use. Give images of
   * the data set and random ones: a fault may show on one kind alone.
   */
  readonly inputs: Iterable<Batch> | AsyncIterable<Batch>;
  /** {@link EQUIVALENCE_TOLERANCE} by default. */
  readonly tolerance?: number;
}

/** One tensor, or one for each input of the network. */
export type Batch = tf.Tensor | tf.Tensor[];

/**
 * Compares the two forms of a network.
 *
 * It passes when every region and every output differ by at most `tolerance` times the largest value of the training
 * form, every changed prediction is a tie, and there was at least one input. No tensor stays behind.
 *
 * @throws {Error} when a layer that the report names is in neither form, or the outputs do not correspond.
 */
export async function verifyFusion(request: VerificationRequest): Promise<FusionProof> {
  const { training, fused, report, inputs, tolerance = EQUIVALENCE_TOLERANCE } = request;
  const regions = report.regions.flatMap((region) =>
    region.nested || region.training === null ? [] : [{ ...region, training: region.training }]
  );
  const reference = probe(training, regions.map((region) => region.training));
  const candidate = probe(fused, regions.map((region) => region.fused));
  return await compareForms({ regions, outputs: fused.outputNames, answers: answers(), tolerance });

  async function* answers(): AsyncGenerator<Answers> {
    for await (const batch of inputs) {
      const made: tf.Tensor[] = [];
      try {
        const expected = run(reference, batch, made);
        const found = run(candidate, batch, made);
        yield {
          images: (Array.isArray(batch) ? batch[0] : batch)?.shape[0] ?? 0,
          expected: expected.map(numbersOf),
          found: found.map(numbersOf),
        };
      } finally {
        tf.dispose([batch, made]);
      }
    }
  }
}

function numbersOf(tensor: tf.Tensor): Numbers {
  return { read: () => tensor.data(), shape: tensor.shape };
}

/** A model that gives the wanted tensors and then the model's own outputs; equal tensors are computed once. */
interface Probe {
  readonly model: tf.LayersModel;
  /** For each wanted tensor, which output of `model` it is. */
  readonly order: readonly number[];
}

function probe(model: tf.LayersModel, wanted: readonly LayerOutput[]): Probe {
  const tensors = wanted.map(({ layer, node }) =>
    model.getLayer(layer).getOutputAt(node) as tf.SymbolicTensor
  );
  tensors.push(...model.outputs);
  const distinct = [...new Set(tensors)];
  return {
    model: tf.model({ inputs: model.inputs, outputs: distinct }),
    order: tensors.map((tensor) => distinct.indexOf(tensor)),
  };
}

/** The wanted tensors for a batch; what has to be disposed is added to `made`. */
function run({ model, order }: Probe, batch: Batch, made: tf.Tensor[]): tf.Tensor[] {
  const results = tf.tidy(() => [model.predictOnBatch(batch)].flat());
  made.push(...results);
  return order.map((i) => results[i]!);
}
