/**
 * The proof that a fused network computes the same function, with both forms on TensorFlow.js. A proof on fresh BatchNorm
 * statistics proves nothing.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Fusion } from "../formats/tfjs/fuse.ts";
import type { LayerOutput } from "../fuse/report.ts";
import { type Graph, sizeOf, type ValueId } from "../graph/graph.ts";
import type { Answers, Numbers } from "./answers.ts";
import { compareForms, type FusionProof } from "./equivalence.ts";
import { type Section, sectionsOf } from "./sections.ts";

/** What {@link verifyFusion} needs. */
export interface VerificationRequest {
  /** The network as it was trained. */
  readonly training: tf.LayersModel;
  /** What `fusion.flat` gives, loaded. Without it, nothing in nested models is compared. */
  readonly flat?: tf.LayersModel | undefined;
  /** The network as it was fused. */
  readonly fused: tf.LayersModel;
  /** What `fuse` gave. */
  readonly fusion: Omit<Fusion, "artifacts" | "report">;
  /**
   * Batches, one tensor per input of the network, first axis the batch. Each batch is disposed after use. Give images of
   * the data set and random ones: a fault may show on one kind alone.
   */
  readonly inputs: Iterable<Batch> | AsyncIterable<Batch>;
  /**
   * The largest difference that passes, relative to the scale of a tensor. By default, what the rounding of float32 explains:
   * see {@link Verdict}.
   */
  readonly tolerance?: number | undefined;
}

/** One tensor, or one for each input of the network. */
export type Batch = tf.Tensor | tf.Tensor[];

/**
 * Compares the two forms of a network.
 *
 * Every section of the fused form is given what the training form itself computes, and its result is compared; then the
 * outputs of both forms are. It passes when no difference is larger than is allowed, every changed prediction is a tie, and
 * there was at least one input. No tensor stays behind.
 *
 * @throws {Error} when a layer that the fusion names is in neither form, or the outputs do not correspond.
 */
export async function verifyFusion(request: VerificationRequest): Promise<FusionProof> {
  const { training, flat, fused, fusion, inputs, tolerance } = request;
  const { source, graph, counterparts, places } = fusion;
  const isClosed = fusion.flat !== undefined && flat === undefined;
  const sections = sectionsOf(
    fusion,
    (value) => !isClosed && places.fused.has(value) && places.training.has(counterparts.get(value)!),
  );
  const looked = new Set(sections.flatMap((section) => [...section.inputs, section.value]));
  const inFused = tensorsOf(fused, graph, places.fused, looked);
  const inTraining = tensorsOf(
    flat ?? training,
    source,
    places.training,
    new Set(Array.from(looked, (value) => counterparts.get(value)!)),
  );
  const altered = new Set(
    sections.filter(({ name, isKept }) =>
      isKept && !hasSameWeights((flat ?? training).getLayer(name), fused.getLayer(name))
    ),
  );
  const whole = new Probe(training, [
    ...(flat === undefined ? inTraining.values() : []),
    ...training.outputs,
  ]);
  const within = flat === undefined ? undefined : new Probe(flat, [...inTraining.values()]);
  return await compareForms({
    fusion,
    sections,
    outputs: fused.outputNames,
    answers: answers(),
    altered,
    tolerance,
  });

  async function* answers(): AsyncGenerator<Answers> {
    for await (const given of inputs) {
      const batch = [given].flat();
      const made: tf.Tensor[] = [];
      try {
        const before = [...within?.run(batch, made) ?? [], ...whole.run(batch, made)];
        const outputs = tf.tidy(() => [fused.predictOnBatch(given)].flat());
        made.push(...outputs);
        const known = new Map<ValueId, tf.Tensor>();
        source.inputs.forEach(({ value }, i) => known.set(value, batch[i]!));
        [...inTraining.keys()].forEach((value, i) => known.set(value, before[i]!));
        source.outputs.forEach((value, i) => known.set(value, before[inTraining.size + i]!));
        const found = runSections(
          sections,
          (value) => [inFused.get(value)!, known.get(counterparts.get(value)!)!],
        );
        made.push(...found);
        yield {
          images: batch[0]?.shape[0] ?? 0,
          training: new Map([...known].map(([value, tensor]) => [value, numbersOf(tensor)])),
          sections: found.map(numbersOf),
          outputs: outputs.map(numbersOf),
        };
      } finally {
        tf.dispose([given, made]);
      }
    }
  }
}

function numbersOf(tensor: tf.Tensor): Numbers {
  // A scalar is no batch.
  const shape = tensor.shape.length === 0 ? [] : tensor.shape.with(0, 1);
  return {
    read: () => tensor.data(),
    shape: tensor.shape,
    async image(index) {
      const size = sizeOf(shape);
      const values = (await tensor.data()).subarray(index * size, (index + 1) * size);
      return { data: Float64Array.from(values), shape };
    },
  };
}

/** Whether two layers hold the same numbers. */
function hasSameWeights(one: tf.layers.Layer, other: tf.layers.Layer): boolean {
  const [before, after] = [one.getWeights(), other.getWeights()];
  return before.length === after.length && before.every((weight, i) => {
    const [values, others] = [weight.dataSync(), after[i]!.dataSync()];
    return values.length === others.length && values.every((value, at) => value === others[at]);
  });
}

/** The wanted values as tensors of a model. */
function tensorsOf(
  model: tf.LayersModel,
  { inputs }: Graph,
  places: ReadonlyMap<ValueId, LayerOutput>,
  wanted: ReadonlySet<ValueId>,
): ReadonlyMap<ValueId, tf.SymbolicTensor> {
  const given = new Map(inputs.map(({ value }, i) => [value, model.inputs[i]!]));
  return new Map(Array.from(wanted, (value) => {
    const place = places.get(value);
    const tensor = given.get(value) ??
      model.getLayer(place!.layer).getOutputAt(place!.node) as tf.SymbolicTensor;
    return [value, tensor];
  }));
}

/** A model with tensors from within as outputs; equal ones are computed once. */
class Probe {
  private readonly model: tf.LayersModel;
  private readonly order: readonly number[];

  constructor(model: tf.LayersModel, wanted: readonly tf.SymbolicTensor[]) {
    const distinct = [...new Set(wanted)];
    this.model = tf.model({ inputs: model.inputs, outputs: distinct });
    this.order = wanted.map((tensor) => distinct.indexOf(tensor));
  }

  /** The wanted tensors for a batch; what has to be disposed is added to `made`. */
  run(batch: tf.Tensor[], made: tf.Tensor[]): tf.Tensor[] {
    if (this.order.length === 0) return [];
    const results = tf.tidy(() => [this.model.predictOnBatch(batch)].flat());
    made.push(...results);
    return this.order.map((i) => results[i]!);
  }
}

/**
 * Runs the layers of each section on tensors that are given.
 *
 * @param look A value of the fused form: its tensor in the model, and what it holds.
 */
function runSections(
  sections: readonly Section[],
  look: (value: ValueId) => readonly [tf.SymbolicTensor, tf.Tensor],
): tf.Tensor[] {
  return sections.map(({ value, inputs }) =>
    tf.tidy(() => {
      const known = new Map(inputs.map(look));
      return make(look(value)[0], known);
    })
  );
}

/** A tensor of a model, computed by its layers from those that are known. */
function make(wanted: tf.SymbolicTensor, known: Map<tf.SymbolicTensor, tf.Tensor>): tf.Tensor {
  const { sourceLayer, inputs, callArgs, outputTensorIndex = 0 } = wanted;
  const given = inputs.map((input) => {
    const tensor = known.get(input) ?? make(input, known);
    known.set(input, tensor);
    return tensor;
  });
  const results = [sourceLayer.apply(given.length === 1 ? given[0]! : given, callArgs)].flat() as tf.Tensor[];
  return results[outputTensorIndex]!;
}
