/**
 * A {@link Graph} as a plan for one batch size, on the compiled kernels or in plain JavaScript. Memory is planned ahead; a run
 * takes none. Nothing here knows a framework, a file or a runtime: it is what exported modules and pages carry.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { type Graph, sizeOf, type WeightRef, weightsOf } from "../graph/graph.ts";
import { Dispatcher } from "../kernels/dispatch.ts";
import type { ArrayView } from "../kernels/heap.ts";
import type { KernelName, RangeKernel } from "../kernels/instance.ts";
import type { PoolOptions, WorkerPool } from "../kernels/threads/pool.ts";
import { TransformedWeights } from "../kernels/transformed_weights.ts";
import { type KernelOperations, prepareKernel } from "./kernel_operations.ts";
import { OwnHeap } from "./own_heap.ts";
import { runPlain } from "./reference.ts";
import { type Schedule, schedule } from "./schedule.ts";

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
  const plan = schedule(graph, batch);
  return options.kernels === "javascript"
    ? plainPlan(graph, plan, batch)
    : await kernelPlan(graph, plan, batch, options);
}

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;

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
  const steps = plan.operations.map((operation) => {
    const inputs = operation.inputs.map((value) => arrays[value]!);
    const output = arrays[operation.outputs[0]!]!;
    return prepareKernel(context, operation, inputs, output) ?? (() =>
      runPlain(operation, {
        inputs: inputs.map((array) => ({ data: view(array), shape: array.shape })),
        output: { data: view(output), shape: output.shape },
        weight: (ref) => view(context.weightAt(ref)),
      }));
  });
  return planOf(plan, batch, {
    dataOf: (value) => view(arrays[value]!),
    steps,
    memory: () => memoryOf(plan, weights, heap.takenBytes),
    dispose: () => dispatcher.dispose(),
  });
}

/** The same in plain JavaScript, which runs everywhere. */
function plainPlan(graph: Graph, plan: Schedule, batch: number): Plan {
  const arena = new Float32Array(plan.length);
  const arrays = plan.shapes.map((shape, value) => ({
    shape,
    data: arena.subarray(plan.offsets[value]!, plan.offsets[value]! + sizeOf(shape)),
  }));
  const weight = remember((ref) => graph.weights.get(ref.name)!.read());
  const steps = plan.operations.map((operation) => {
    const inputs = operation.inputs.map((value) => arrays[value]!);
    const output = arrays[operation.outputs[0]!]!;
    return () => runPlain(operation, { inputs, output, weight });
  });
  const weights = layWeights(plan);
  const bytes = (weights.length + plan.length) * FLOAT_BYTES;
  return planOf(plan, batch, {
    dataOf: (value) => arrays[value]!.data,
    steps,
    memory: () => memoryOf(plan, weights, bytes),
    dispose: () => {},
  });
}

function memoryOf({ mostAtOnce }: Schedule, { offsets, length }: LaidWeights, bytes: number): PlanMemory {
  return { parameters: length, tensors: offsets.size + mostAtOnce, bytes };
}

function planOf(
  { inputs, outputs, shapes }: Schedule,
  batch: number,
  { dataOf, steps, memory, dispose }: {
    readonly dataOf: (value: number) => Float32Array;
    readonly steps: readonly (() => void)[];
  } & Pick<Plan, "memory" | "dispose">,
): Plan {
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
    memory,
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
