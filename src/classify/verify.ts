/**
 * The proof that a fused network computes the same function: both forms run on the same inputs, and every region and
 * every output is compared. A proof on fresh BatchNorm statistics proves nothing; see `randomize_batch_norm.ts`.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { letEventsIn } from "../progress.ts";
import { Comparison, type Difference, PredictionComparison } from "./comparison.ts";
import type { FusionReport, LayerOutput } from "../fuse/report.ts";

/** How far apart the forms may be, relative to the largest value of the training form. */
export const EQUIVALENCE_TOLERANCE = 1e-4;

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

/** The outcome of a verification. */
export interface FusionProof {
  /** Whether the fused form may be used in place of the training form. */
  readonly pass: boolean;
  /** The bar that differences were held to. */
  readonly tolerance: number;
  /** How many inputs were compared. */
  readonly images: number;
  /** Per region, in the order in which they compute, where the training form's tensor can be looked at. */
  readonly regions: readonly Difference[];
  /** Per output of the network. */
  readonly outputs: readonly Difference[];
  /** The largest relative difference of an output. */
  readonly maxRelativeDifference: number;
  /** Predictions of outputs [N, classes] that changed, ties included. */
  readonly changedPredictions: number;
  /**
   * The changed predictions that are ties: the training form's values for the two classes are no farther apart than
   * `tolerance` times its largest value.
   */
  readonly ties: number;
}

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
  const regionComparisons = regions.map((region) => new Comparison(region.name, region.borderWidth));
  const outputComparisons = fused.outputNames.map((name) => new Comparison(name, 1));
  const comparisons = [...regionComparisons, ...outputComparisons];
  const predictions = training.outputs.map(() => new PredictionComparison());
  let images = 0;
  for await (const batch of inputs) {
    images += (Array.isArray(batch) ? batch[0] : batch)?.shape[0] ?? 0;
    const made: tf.Tensor[] = [];
    try {
      const expected = run(reference, batch, made);
      const found = run(candidate, batch, made);
      for (const [i, comparison] of comparisons.entries()) {
        const [a, b] = [expected[i]!, found[i]!];
        const [before, after] = [await a.data(), await b.data()];
        comparison.update(before, after, a.shape);
        const output = i - regions.length;
        const classes = a.shape[1] ?? 1;
        if (output >= 0 && a.rank === 2 && classes > 1) predictions[output]!.update(before, after, classes);
      }
    } finally {
      tf.dispose([batch, made]);
    }
    await letEventsIn();
  }
  const outputs = outputComparisons.map((comparison) => comparison.result());
  const differences = regionComparisons.map((comparison) => comparison.result());
  const changes = predictions.map((prediction, i) => prediction.result(tolerance * outputs[i]!.scale));
  const changedPredictions = sum(changes.map((change) => change.changed));
  const ties = sum(changes.map((change) => change.ties));
  const close = [...differences, ...outputs].every((difference) => largest(difference) <= tolerance);
  return {
    pass: close && changedPredictions === ties && images > 0,
    tolerance,
    images,
    regions: differences,
    outputs,
    maxRelativeDifference: Math.max(0, ...outputs.map(largest)),
    changedPredictions,
    ties,
  };
}

/** The larger of the border's difference and the interior's. */
export function largest(difference: Difference): number {
  return Math.max(difference.border, difference.interior);
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

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
