/**
 * A program made ready to run for one batch size: on the compiled kernels where there are any, in plain JavaScript
 * otherwise. Memory is placed once; a run takes none.
 *
 * @module
 */
import { Dispatcher } from "../kernels/dispatch.ts";
import type { LaunchContext } from "../kernels/context.ts";
import type { ArrayView } from "../kernels/heap.ts";
import { TransformedWeights } from "../kernels/transformed_weights.ts";
import { runPlain, type StepData } from "./plain.ts";
import { type Program, sizeOf, type Step } from "./program.ts";
import { type FastContext, prepareFast } from "./fast_steps.ts";
import { type Placement, placeValues as placeLifetimes } from "./placement.ts";
import { OwnHeap } from "./own_heap.ts";

/** Computes the outputs of a batch. */
export interface Network {
  readonly batch: number;
  /** Computes [batch, classes] from normalised images [batch, height, width, channels]; the result is a copy. */
  run(images: Float32Array): Float32Array;
}

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;

/**
 * A network on the compiled kernels.
 *
 * @param module Compiled kernels with an imported memory that is not shared.
 */
export async function createFastNetwork(
  program: Program,
  weights: Float32Array,
  batch: number,
  module: WebAssembly.Module,
): Promise<Network> {
  const heap = new OwnHeap();
  const instance = await WebAssembly.instantiate(module, { env: { memory: heap.memory } });
  const exports = instance.exports as unknown as ConstructorParameters<typeof Dispatcher>[1];
  const kernels: LaunchContext = {
    heap,
    dispatcher: new Dispatcher(heap, exports),
    weights: new TransformedWeights(heap),
  };
  const weightsAt = heap.allocate(weights.byteLength);
  heap.view(weightsAt, weights.length).set(weights);
  const { offsets, length } = placeValues(program, batch);
  const arena = heap.allocate(length * FLOAT_BYTES);
  const shapes = [program.inputShape, ...program.steps.map(({ shape }) => shape)];
  const tensors = shapes.map((shape, value) =>
    heap.arrayAt(arena + offsets[value]! * FLOAT_BYTES, [batch, ...shape])
  );
  const context: FastContext = { kernels, heap, weights: weightsAt, batch };
  const runs = program.steps.map((step, i) => {
    const output = tensors[i + 1]!;
    return prepareFast(context, step, tensors[step.inputs[0]!]!, output) ??
      plainOnHeap(context, step, step.inputs.map((input) => tensors[input]!), output, weights.length);
  });
  const read = (value: number) =>
    heap.view(arena + offsets[value]! * FLOAT_BYTES, batch * sizeOf(shapes[value]!));
  return {
    batch,
    run(images) {
      read(0).set(images);
      for (const run of runs) run();
      return read(program.output).slice();
    },
  };
}

/** A step in plain JavaScript on values that lie in the heap. */
function plainOnHeap(
  { heap, batch, weights }: FastContext,
  step: Step,
  inputs: readonly ArrayView[],
  output: ArrayView,
  weightCount: number,
): () => void {
  const view = (tensor: ArrayView) => heap.view(heap.addressOf(tensor.dataId), sizeOf(tensor.shape));
  return () =>
    runPlain(step, {
      batch,
      inputs: inputs.map((tensor) => ({ data: view(tensor), shape: tensor.shape.slice(1) })),
      output: view(output),
      weights: heap.view(weights, weightCount),
    });
}

/** The same network in plain JavaScript, which runs everywhere. */
export function createPlainNetwork(program: Program, weights: Float32Array, batch: number): Network {
  const { offsets, length } = placeValues(program, batch);
  const arena = new Float32Array(length);
  const shapes = [program.inputShape, ...program.steps.map(({ shape }) => shape)];
  const values = shapes.map((shape, value) => ({
    shape,
    data: arena.subarray(offsets[value]!, offsets[value]! + batch * sizeOf(shape)),
  }));
  const works = program.steps.map((step, i): [Step, StepData] => [
    step,
    {
      batch,
      inputs: step.inputs.map((input) => values[input]!),
      output: values[i + 1]!.data,
      weights,
    },
  ]);
  return {
    batch,
    run(images) {
      values[0]!.data.set(images);
      for (const [step, data] of works) runPlain(step, data);
      return values[program.output]!.data.slice();
    },
  };
}

/** Places the image and the values of all steps for a batch. */
export function placeValues(program: Program, batch: number): Placement {
  const shapes = [program.inputShape, ...program.steps.map(({ shape }) => shape)];
  const read = shapes.map((_, value) => value);
  program.steps.forEach((step, i) => step.inputs.forEach((input) => read[input] = i + 1));
  // The image is kept, so that a run can be repeated.
  read[program.output] = read[0] = Infinity;
  return placeLifetimes(
    shapes.map((shape, value) => ({ size: batch * sizeOf(shape), made: value, read: read[value]! })),
  );
}
