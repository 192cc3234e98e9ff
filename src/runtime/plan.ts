/**
 * A {@link Graph} as a plan for one batch size, on the compiled kernels or in plain JavaScript. Memory is planned ahead; a run
 * takes none. Nothing here knows a framework, a file or a runtime: it is what exported modules and pages carry.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { asImages } from "../graph/as_images.ts";
import {
  type Graph,
  type Operation,
  sizeOf,
  type ValueId,
  type WeightRef,
  weightsOf,
} from "../graph/graph.ts";
import { Dispatcher } from "../kernels/dispatch.ts";
import { type ArrayView, outOfMemory } from "../kernels/heap.ts";
import type { KernelName, RangeKernel } from "../kernels/instance.ts";
import type { PoolOptions, WorkerPool } from "../kernels/threads/pool.ts";
import { TransformedWeights } from "../kernels/transformed_weights.ts";
import { type KernelOperations, prepareKernel } from "./kernel_operations.ts";
import { OwnHeap } from "./own_heap.ts";
import { type PlainData, runPlain } from "./reference.ts";
import { boundShapes, type Schedule, schedule } from "./schedule.ts";

/** What a plan takes. */
export interface PlanMemory {
  /** Numbers in the weights. */
  readonly parameters: number;
  /** Weights, and values that are needed at once. */
  readonly tensors: number;
  /** Bytes of all: weights, their copies in the layouts of the kernels, the arena. It has its full size after a run. */
  readonly bytes: number;
}

/** A network made ready for one batch size. */
export interface Plan {
  /** Images at once. */
  readonly batch: number;
  /** With the batch first, in the order of the graph's inputs. */
  readonly inputShapes: readonly (readonly number[])[];
  /** With the batch first, in the order of the graph's outputs. */
  readonly outputShapes: readonly (readonly number[])[];
  /**
   * Computes the outputs, which are copies.
   *
   * @param inputs Row by row, of the lengths of {@link Plan.inputShapes}.
   * @throws {InputError} when an input is of another length.
   * @throws {WorkError} when a thread fails.
   */
  run(inputs: readonly Float32Array[]): Float32Array<ArrayBuffer>[];
  /** What it takes by now. */
  memory(): PlanMemory;
  /** Gives back the memory, and ends the threads. */
  dispose(): void;
}

/**
 * Starts threads that share the kernels' work: `WorkerPool.start` with what is known beside. It is handed in, so that a page
 * that computes on one thread does not carry it.
 */
export type StartThreads = (
  on: Pick<PoolOptions, "module" | "memory" | "kernels">,
) => Promise<WorkerPool>;

/** Plans on compiled kernels. */
export interface KernelOptions {
  /** The compiled kernels, for shared memory where there are threads. */
  readonly kernels: WebAssembly.Module;
  /** Starts other threads on the memory of a plan; there are none unless it is given. */
  readonly startThreads?: StartThreads;
}

/** How plans compute. */
export type RuntimeOptions = KernelOptions | { readonly kernels: "javascript" };

/**
 * Makes a network ready.
 *
 * @param graph One that `checkGraph` lets through: kernels believe what it says.
 * @throws {InputError} when it has a length that is not fixed.
 * @throws {WorkError} when it needs more memory than there is, or a thread does not start.
 */
export async function compilePlan(graph: Graph, batch: number, options: RuntimeOptions): Promise<Plan> {
  const plan = schedule(asImages(graph), batch);
  const made = options.kernels === "javascript"
    ? plainPlan(graph, plan, batch)
    : await kernelPlan(graph, plan, batch, options);
  const shapes = boundShapes(graph, batch);
  return {
    ...made,
    inputShapes: graph.inputs.map(({ value }) => shapes[value]!),
    outputShapes: graph.outputs.map((value) => shapes[value]!),
  };
}

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;
/** As much as the kernels' 32-bit addresses reach; in plain JavaScript it is as much. */
const MAXIMUM_BYTES = 2 ** 32;

/** The weights, one after the other: by name, where; how many numbers in all. */
interface LaidWeights {
  readonly offsets: ReadonlyMap<string, number>;
  readonly length: number;
}

/** Every weight that the operations read, once. */
function layWeights({ operations }: Schedule): LaidWeights {
  const offsets = new Map<string, number>();
  let length = 0;
  for (const { name, shape } of operations.flatMap(weightsOf)) {
    if (offsets.has(name)) continue;
    offsets.set(name, length);
    length += sizeOf(shape);
  }
  return { offsets, length };
}

async function kernelPlan(
  graph: Graph,
  plan: Schedule,
  batch: number,
  { kernels: module, startThreads }: KernelOptions,
): Promise<Plan> {
  const heap = new OwnHeap(startThreads !== undefined);
  const { memory } = heap;
  const weights = layWeights(plan);
  const weightsAt = heap.allocate(weights.length * FLOAT_BYTES);
  for (const [name, offset] of weights.offsets) {
    const values = graph.weights.get(name)!.read();
    heap.view(weightsAt + offset * FLOAT_BYTES, values.length).set(values);
  }
  const arena = heap.allocate(plan.length * FLOAT_BYTES);
  const arrays = plan.shapes.map((shape, value) =>
    heap.arrayAt(arena + plan.offsets[value]! * FLOAT_BYTES, shape)
  );
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  const kernels = instance.exports as Record<KernelName, RangeKernel>;
  const pool = await startThreads?.({ module, memory, kernels });
  const dispatcher = new Dispatcher(heap, kernels, pool);
  const context: KernelOperations = {
    heap,
    dispatcher,
    weights: new TransformedWeights(heap),
    // One array for each weight, so that what is made from it is made once.
    weightAt: remember((ref) =>
      heap.arrayAt(weightsAt + weights.offsets.get(ref.name)! * FLOAT_BYTES, ref.shape)
    ),
  };
  const view = ({ dataId, shape }: ArrayView) => heap.view(heap.addressOf(dataId), sizeOf(shape));
  return planOf(plan, batch, weights, {
    prepare: (operation) =>
      prepareKernel(
        context,
        operation,
        operation.inputs.map((value) => arrays[value]!),
        arrays[operation.outputs[0]!]!,
      ),
    dataOf: (value) => view(arrays[value]!),
    weight: (ref) => view(context.weightAt(ref)),
    bytes: () => heap.takenBytes,
    dispose: () => dispatcher.dispose(),
  });
}

/** The same in plain JavaScript, which runs everywhere. */
function plainPlan(graph: Graph, plan: Schedule, batch: number): Plan {
  const arena = floats(plan.length);
  const weights = layWeights(plan);
  return planOf(plan, batch, weights, {
    dataOf: (value) =>
      arena.subarray(plan.offsets[value]!, plan.offsets[value]! + sizeOf(plan.shapes[value]!)),
    weight: remember((ref) => graph.weights.get(ref.name)!.read()),
    bytes: () => (weights.length + plan.length) * FLOAT_BYTES,
    dispose: () => {},
  });
}

/** @throws {WorkError} when there is not so much memory. */
function floats(count: number): Float32Array<ArrayBuffer> {
  const bytes = count * FLOAT_BYTES;
  try {
    if (bytes <= MAXIMUM_BYTES) return new Float32Array(count);
  } catch { /* The same. */ }
  throw outOfMemory(bytes);
}

/** How the values of a plan are kept, and how they are computed. */
interface Means extends Pick<PlainData, "weight">, Pick<Plan, "dispose"> {
  /** The function that computes an operation, where it is not the plain one. */
  readonly prepare?: (operation: Operation) => (() => void) | undefined;
  /** Where a value lies; the view dies when memory is taken. */
  readonly dataOf: (value: ValueId) => Float32Array;
  readonly bytes: () => number;
}

function planOf(
  { inputs, outputs, shapes, operations, mostAtOnce }: Schedule,
  batch: number,
  weights: LaidWeights,
  { prepare, dataOf, weight, bytes, dispose }: Means,
): Plan {
  const arrayOf = (value: ValueId) => ({ data: dataOf(value), shape: shapes[value]! });
  const steps = operations.map((operation) =>
    prepare?.(operation) ?? (() =>
      runPlain(operation, {
        inputs: operation.inputs.map(arrayOf),
        output: arrayOf(operation.outputs[0]!),
        weight,
      }))
  );
  const inputShapes = inputs.map((value) => shapes[value]!);
  return {
    batch,
    inputShapes,
    outputShapes: outputs.map((value) => shapes[value]!),
    run(given) {
      if (
        given.length !== inputs.length || given.some(({ length }, i) => length !== sizeOf(inputShapes[i]!))
      ) {
        throw new InputError(
          `Cannot run the network on arrays of ${given.map(({ length }) => length).join(", ")} numbers: ` +
            `expected ${inputShapes.map((shape) => `[${shape}]`).join(", ")}`,
        );
      }
      given.forEach((numbers, i) => dataOf(inputs[i]!).set(numbers));
      for (const step of steps) step();
      return outputs.map((value) => dataOf(value).slice() as Float32Array<ArrayBuffer>);
    },
    memory: () => ({
      parameters: weights.length,
      tensors: weights.offsets.size + mostAtOnce,
      bytes: bytes(),
    }),
    dispose,
  };
}

/** A function of a weight that is computed once for each name and shape. */
function remember<T>(compute: (ref: WeightRef) => T): (ref: WeightRef) => T {
  const known = new Map<string, T>();
  // What asks in every run would spend more time on its key than on its work.
  const asked = new Map<WeightRef, T>();
  return (ref) => {
    let value = asked.get(ref);
    if (value === undefined) {
      const key = `${ref.name} ${ref.shape}`;
      value = known.get(key) ?? compute(ref);
      known.set(key, value);
      asked.set(ref, value);
    }
    return value;
  };
}
