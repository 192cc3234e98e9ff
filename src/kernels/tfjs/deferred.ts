/**
 * Outputs that are computed when somebody first uses them, or never.
 *
 * tf.fused.conv2d, which every convolution layer calls, computes the gradient with respect to its input whether or not
 * it is asked for. In the first layer of a network that is the gradient of the images, which nobody reads, and it is
 * dear: 8% of the training step of benchmarks/kernels/step_sizes.ts.
 *
 * @module
 */
import { aroundDispose, beforeAccess, type TensorInfo, type WasmBackend } from "./backend_heap.ts";

/** What is still to be done for one output. */
interface Job {
  /** Writes the output. */
  readonly compute: () => void;
  /** What it reads, held until it is done or dropped. */
  readonly inputs: readonly TensorInfo[];
}

/** The outputs that are not computed yet. */
export class DeferredOutputs {
  private readonly jobs = new Map<object, Job>();
  private readonly stopListening: () => void;

  constructor(private readonly backend: WasmBackend) {
    const stopAccess = beforeAccess(backend, (dataId) => this.force(dataId));
    const stopDispose = aroundDispose(backend, (dataId, dispose) => this.dispose(dataId, dispose));
    this.stopListening = () => {
      stopDispose();
      stopAccess();
    };
  }

  /**
   * Puts off the computation of an output.
   *
   * @param output A fresh tensor, which nobody has seen yet.
   * @param inputs What `compute` reads. They may be disposed meanwhile; their data stays.
   * @param compute Writes the output.
   */
  defer(output: TensorInfo, inputs: readonly TensorInfo[], compute: () => void): void {
    for (const { dataId } of inputs) this.backend.incRef(dataId);
    this.jobs.set(output.dataId, { compute, inputs });
  }

  /** Computes what reads this data. A kernel that writes into existing data must call it before. */
  forceReadersOf(dataId: object): void {
    for (const [output, { inputs }] of this.jobs) {
      if (inputs.some((input) => input.dataId === dataId)) this.force(output);
    }
  }

  /** How many outputs are not computed yet. */
  get count(): number {
    return this.jobs.size;
  }

  /** Computes what is left. Must be called before anything that was put around the backend later ends. */
  stop(): void {
    for (const dataId of [...this.jobs.keys()]) this.force(dataId);
    this.stopListening();
  }

  private force(dataId: object): void {
    if (this.jobs.size === 0) return;
    const job = this.jobs.get(dataId);
    if (job === undefined) return;
    this.jobs.delete(dataId);
    job.compute();
    this.release(job);
  }

  private dispose(dataId: object, dispose: () => boolean): boolean {
    const job = this.jobs.get(dataId);
    if (job === undefined) return dispose();
    this.jobs.delete(dataId);
    const gone = dispose();
    if (gone) this.release(job);
    else this.jobs.set(dataId, job);
    return gone;
  }

  private release(job: Job): void {
    for (const { dataId } of job.inputs) this.backend.disposeData(dataId);
  }
}
