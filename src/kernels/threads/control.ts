/**
 * The control block: a few integers in shared memory by which the main thread hands out work and learns that it is done.
 * It is no part of the heap, so it never moves and never grows.
 *
 * One call of a kernel is a job. The main thread cuts its units into parts, always at the same places, marks each part
 * free, raises the job's number and takes parts itself; every thread takes parts until none is free. Who does a part
 * is left to chance, what a part is never is, so the result does not depend on how the threads were scheduled.
 *
 * The state of a part carries the number of its job. A thread that wakes late, with the number of a job that is long
 * done, therefore cannot take a part of the next one by mistake.
 *
 * @module
 */
import { MAXIMUM_PARTS_PER_THREAD } from "./parts.ts";

/** What every thread must know to do its part of a job. */
export interface Job {
  /** Index of the kernel among the functions that the module exports. */
  readonly kernel: number;
  /** Byte offset in the heap. */
  readonly descriptor: number;
  readonly units: number;
  /** How many parts the units are cut into, at most {@link ControlBlock.maximumParts}. */
  readonly parts: number;
  /** Byte offset in the heap of the scratch memory of thread 0; thread t has its own at `scratch + t * scratchStride`. */
  readonly scratch: number;
  readonly scratchStride: number;
  /** Whether the job is long enough to wake threads that sleep. */
  readonly wake: boolean;
}

/** Rests for a moment between two looks. Node 20 has no `Atomics.pause`: there it looks elsewhere for about as long. */
const pause: () => void = (Atomics as { pause?: () => void }).pause ?? (() => {
  for (let look = 0; look < 8; look++) Atomics.load(ELSEWHERE, 0);
});
const ELSEWHERE = new Int32Array(1);

/** Integers apart that two threads write: two cache lines of 64 bytes, since processors fetch them in pairs. */
const LINE = 32;
const JOB_NUMBER = 0;
const SLEEPERS = LINE;
const JOINER_SLEEPS = 2 * LINE;
const JOB_FIELDS = 3 * LINE;
const ERROR_BYTES = 4 * LINE;
const ERROR_TEXT = 5 * LINE;
const ERROR_LINES = 4;
/** One line for the state of each part and, behind these, one for the start of each thread. */
const PARTS = ERROR_TEXT + ERROR_LINES * LINE;

/** States of a part, in the two low bits; the number of the job is above them. */
const FREE = 0;
const TAKEN = 1;
const DONE = 2;
const FAILED = 3;

/** "late" is one that had not come when the patience ended. */
export type Outcome = "done" | "failed" | "late";

/** Looks at a shared integer with a pause between take about 55 ns each. */
const LOOKS_PER_MS = 18_000;
/**
 * How often a worker looks for a job before it goes to sleep: about 0.2 ms, longer than the JavaScript between two kernels
 * of a training step takes. Sleeping and waking cost tens of microseconds; see "Threads" in the README.
 */
const IDLE_LOOKS = 4000;
/** How often the main thread looks for the end of a part before it goes to sleep: about 20 µs. */
const JOIN_LOOKS = 400;
/** The longest sleep at a stretch. Time is counted in these, so a process that was suspended loses only one. */
const WAIT_SLICE_MS = 100;

/** A view of the control block, one in each thread. */
export class ControlBlock {
  /** The most parts that a job is cut into. */
  readonly maximumParts: number;
  private readonly cells: Int32Array<SharedArrayBuffer>;

  /**
   * @param buffer From {@link ControlBlock.allocate}, the same in all threads.
   * @param threads How many there are, the main thread included.
   */
  constructor(readonly buffer: SharedArrayBuffer, readonly threads: number) {
    this.cells = new Int32Array(buffer);
    this.maximumParts = threads * MAXIMUM_PARTS_PER_THREAD;
  }

  /** Memory for the control block of so many threads. */
  static allocate(threads: number): SharedArrayBuffer {
    return new SharedArrayBuffer(
      (PARTS + (MAXIMUM_PARTS_PER_THREAD + 1) * threads * LINE) * Int32Array.BYTES_PER_ELEMENT,
    );
  }

  /** Hands out a job. Only for the main thread, and only when the job before is done. */
  publish(job: Job): number {
    const { cells } = this;
    const number = (cells[JOB_NUMBER]! + 1) | 0;
    cells[JOB_FIELDS] = job.kernel;
    cells[JOB_FIELDS + 1] = job.descriptor;
    cells[JOB_FIELDS + 2] = job.units;
    cells[JOB_FIELDS + 3] = job.scratch;
    cells[JOB_FIELDS + 4] = job.scratchStride;
    cells[JOB_FIELDS + 5] = job.parts;
    for (let part = 0; part < job.parts; part++) {
      Atomics.store(cells, partCell(part), stateOf(number, FREE));
    }
    Atomics.store(cells, JOB_NUMBER, number);
    if (job.wake && Atomics.load(cells, SLEEPERS) > 0) Atomics.notify(cells, JOB_NUMBER);
    return number;
  }

  /** The running job. Only for a thread that has taken a part of it, else it may change meanwhile. */
  job(): Omit<Job, "wake"> {
    const { cells } = this;
    return {
      kernel: cells[JOB_FIELDS]!,
      descriptor: cells[JOB_FIELDS + 1]! >>> 0,
      units: cells[JOB_FIELDS + 2]!,
      scratch: cells[JOB_FIELDS + 3]! >>> 0,
      scratchStride: cells[JOB_FIELDS + 4]!,
      parts: cells[JOB_FIELDS + 5]!,
    };
  }

  /** Takes a part of a job, unless another thread has it, or the job is over. */
  take(number: number, part: number, thread: number): boolean {
    const free = stateOf(number, FREE);
    if (Atomics.compareExchange(this.cells, partCell(part), free, stateOf(number, TAKEN)) !== free) {
      return false;
    }
    this.cells[partCell(part) + 1] = thread;
    return true;
  }

  /** Gives a part back that is done. */
  finish(number: number, part: number): void {
    this.settle(part, stateOf(number, DONE));
  }

  /** Gives a part back that failed, and why. */
  fail(number: number, part: number, reason: string): void {
    this.writeError(reason);
    this.settle(part, stateOf(number, FAILED));
  }

  private settle(part: number, state: number): void {
    Atomics.store(this.cells, partCell(part), state);
    if (Atomics.load(this.cells, JOINER_SLEEPS) > 0) Atomics.notify(this.cells, partCell(part));
  }

  /** Waits for a job other than the one before; at first by looking, then asleep. Not for a browser's main thread. */
  awaitJob(before: number): number {
    const { cells } = this;
    for (let look = 0; look < IDLE_LOOKS; look++) {
      const number = Atomics.load(cells, JOB_NUMBER);
      if (number !== before) return number;
      pause();
    }
    Atomics.add(cells, SLEEPERS, 1);
    Atomics.wait(cells, JOB_NUMBER, before);
    Atomics.sub(cells, SLEEPERS, 1);
    return Atomics.load(cells, JOB_NUMBER);
  }

  /**
   * Waits until a part that was taken is given back; at first by looking, then asleep.
   *
   * @param patienceMs How long; time in which the whole process stood still does not count.
   * @param maySleep False in a browser's main thread, which can only look.
   * @returns "late" when it was not given back in that time.
   */
  awaitPart(number: number, part: number, patienceMs: number, maySleep: boolean): Outcome {
    const { cells } = this;
    const cell = partCell(part);
    const taken = stateOf(number, TAKEN);
    const looks = maySleep ? JOIN_LOOKS : patienceMs * LOOKS_PER_MS;
    for (let look = 0; look < looks && Atomics.load(cells, cell) === taken; look++) pause();
    if (maySleep && Atomics.load(cells, cell) === taken) {
      Atomics.store(cells, JOINER_SLEEPS, 1);
      for (let waited = 0; waited < patienceMs; waited += WAIT_SLICE_MS) {
        if (Atomics.wait(cells, cell, taken, WAIT_SLICE_MS) !== "timed-out") break;
      }
      Atomics.store(cells, JOINER_SLEEPS, 0);
    }
    const state = Atomics.load(cells, cell);
    if (state === taken) return "late";
    return state === stateOf(number, DONE) ? "done" : "failed";
  }

  /** Who took a part last. */
  takerOf(part: number): number {
    return this.cells[partCell(part) + 1]!;
  }

  /** Says that this worker serves, or, with a reason, that it cannot. */
  reportStart(worker: number, reason?: string): void {
    if (reason !== undefined) this.writeError(reason);
    const cell = this.startCell(worker);
    Atomics.store(this.cells, cell, reason === undefined ? DONE : FAILED);
    Atomics.notify(this.cells, cell);
  }

  /** Resolves when a worker has reported its start, with "late" when it has not in that time. */
  async awaitStart(worker: number, patienceMs: number): Promise<Outcome> {
    const cell = this.startCell(worker);
    await Atomics.waitAsync(this.cells, cell, FREE, patienceMs).value;
    const state = Atomics.load(this.cells, cell);
    if (state === FREE) return "late";
    return state === DONE ? "done" : "failed";
  }

  /** Why a worker failed, in its own words. */
  error(): string {
    const length = Atomics.load(this.cells, ERROR_BYTES);
    // A decoder refuses shared memory, so it gets a copy.
    return new TextDecoder().decode(new Uint8Array(this.buffer, 4 * ERROR_TEXT, length).slice());
  }

  private writeError(reason: string): void {
    const room = 4 * LINE * ERROR_LINES;
    const bytes = new TextEncoder().encode(reason).subarray(0, room);
    new Uint8Array(this.buffer, 4 * ERROR_TEXT, room).set(bytes);
    Atomics.store(this.cells, ERROR_BYTES, bytes.length);
  }

  private startCell(worker: number): number {
    return PARTS + (this.maximumParts + worker) * LINE;
  }
}

function partCell(part: number): number {
  return PARTS + part * LINE;
}

function stateOf(number: number, state: number): number {
  return (number << 2) | state;
}
