/**
 * A lane: work that runs on a thread of its own, in a worker of `node:worker_threads`, so that all cores are busy with no line
 * of work between them. A lane takes one order after the other, each with progress, errors and an interrupt as if it were done
 * here. `lane_worker.ts` is the other end.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import { GateError, InputError, InterruptedError, WorkError } from "../errors.ts";
import type { Progress } from "../progress.ts";

/** What a lane is told: what is next, or to save and stop. */
export type LaneWord<Order> = { readonly order: Order } | { readonly stop: true };

/** What it answers. */
export type LaneAnswer<Result> =
  | { readonly kind: "log"; readonly line: string }
  | { readonly kind: "update"; readonly parts: readonly string[] }
  | { readonly kind: "done"; readonly result: Result }
  | {
    readonly kind: "failed";
    readonly name: string;
    readonly message: string;
    readonly hint?: string | undefined;
  };

/** Errors that keep their class on the way. */
const ERRORS = { InputError, WorkError, GateError, InterruptedError } as const;

/** A lane whose orders and results can be cloned. */
export class Lane<Start, Order, Result> {
  readonly #worker: Worker;

  /**
   * @param entry The file that the worker runs, without its ending: it is compiled wherever this file is.
   * @param start What it is started with.
   */
  constructor(entry: string, start: Start) {
    const url = new URL(`./${entry}${import.meta.url.match(/\.[jt]s$/)?.[0]}`, import.meta.url);
    this.#worker = new Worker(url, { workerData: start, env: {} });
  }

  /**
   * Has an order carried out.
   *
   * @param what The work's name, for errors.
   * @param signal Fires to save and stop.
   * @throws {InterruptedError} when the signal fired; the state is saved.
   * @throws {WorkError} when the worker ends by itself.
   * @throws What the work throws.
   */
  run(order: Order, what: string, progress: Progress, signal: AbortSignal): Promise<Result> {
    const worker = this.#worker;
    return new Promise<Result>((resolve, reject) => {
      const stop = () => this.#tell({ stop: true });
      const listeners = {
        message: (answer: LaneAnswer<Result>) => {
          if (answer.kind === "log") return progress.log(answer.line);
          if (answer.kind === "update") return progress.update(...answer.parts);
          settle();
          if (answer.kind === "done") return resolve(answer.result);
          const kind = ERRORS[answer.name as keyof typeof ERRORS];
          reject(kind === undefined ? new Error(answer.message) : new kind(answer.message, answer.hint));
        },
        error: (error: unknown) => {
          settle();
          reject(error);
        },
        exit: (code: number) => {
          settle();
          reject(new WorkError(`The thread that trained ${what} ended by itself, with code ${code}.`));
        },
      };
      const settle = () => {
        signal.removeEventListener("abort", stop);
        for (const [event, listener] of Object.entries(listeners)) worker.off(event, listener);
      };
      for (const [event, listener] of Object.entries(listeners)) worker.on(event, listener);
      signal.addEventListener("abort", stop);
      this.#tell({ order });
      if (signal.aborted) stop();
    });
  }

  /** Ends the worker. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #tell(word: LaneWord<Order>): void {
    this.#worker.postMessage(word);
  }
}
