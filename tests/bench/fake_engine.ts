/**
 * An engine without a model: its outputs and its cost are given by the test, its clock moves only when it runs.
 *
 * @module
 */
import type { Engine, Footprint, InputBatch } from "../../src/bench/engine.ts";

/** A clock for fake engines. */
export class FakeClock {
  timeMs = 0;
  readonly log: string[] = [];
  now = () => this.timeMs;
}

/** An engine that answers `outputs(images)` and takes `costMs(batch)` per run. */
export class FakeEngine implements Engine {
  readonly prepared: InputBatch[] = [];
  disposed = false;
  private result = new Float32Array(0);

  constructor(
    readonly name: string,
    private readonly clock: FakeClock,
    private readonly costMs: (batch: number) => number,
    private readonly outputs: (images: Float32Array) => Float32Array = (images) => images,
  ) {}

  prepare(batch: InputBatch): void {
    this.prepared.push(batch);
  }

  run(): void {
    const { images, shape } = this.prepared.at(-1)!;
    this.clock.log.push(this.name);
    this.clock.timeMs += this.costMs(shape[0]);
    this.result = Float32Array.from(this.outputs(images));
  }

  output(): Float32Array {
    return this.result;
  }

  footprint(): Promise<Footprint> {
    const batch = this.prepared.at(-1)!.shape[0];
    return Promise.resolve({ parameters: 10, bytes: 40, tensors: 3, heapBytes: 40 + 4 * batch });
  }

  dispose(): void {
    this.disposed = true;
  }
}

/** `count` images of one pixel. */
export function pixels(count: number, value = 1): InputBatch {
  return { images: new Float32Array(count).fill(value), shape: [count, 1, 1, 1] };
}
