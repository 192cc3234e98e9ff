/**
 * Networks that train side by side, each on a thread of its own: so all cores are busy with no line of work between them. A
 * lane is a worker of `node:worker_threads`, which keeps its data sets and takes one network after the other.
 *
 * @module
 */
import { Worker } from "node:worker_threads";
import type { Member } from "../ablate/plan.ts";
import type { MemberResult } from "../ablate/report.ts";
import { GateError, InputError, InterruptedError, WorkError } from "../errors.ts";
import type { BackendOptions } from "../kernels/tfjs/backend.ts";
import type { Progress } from "../progress.ts";

/** What a lane is started with. */
export interface LaneStart {
  /** The ablation's folder, whose plan says the rest. */
  readonly folder: string;
  /** The file of a person's own block, as it was typed. */
  readonly block?: string | undefined;
  readonly backend: BackendOptions;
}

/** What a lane is told: the path of the network that is next, or to save and stop. */
export type LaneOrder = { readonly train: string } | { readonly stop: true };

/** What a lane says. */
export type LaneWord =
  | { readonly kind: "log"; readonly line: string }
  | { readonly kind: "update"; readonly part: string }
  | { readonly kind: "done"; readonly result: MemberResult }
  | {
    readonly kind: "failed";
    readonly name: string;
    readonly message: string;
    readonly hint?: string | undefined;
  };

/** Errors that keep their class on the way. */
const ERRORS = { InputError, WorkError, GateError, InterruptedError } as const;

/** The file that a worker runs. It is compiled wherever this file is. */
const ENTRY = new URL(`./ablation_worker${import.meta.url.match(/\.[jt]s$/)?.[0]}`, import.meta.url);

/** A lane. */
export class Lane {
  readonly #worker: Worker;

  constructor(start: LaneStart) {
    this.#worker = new Worker(ENTRY, { workerData: start, env: {} });
  }

  /**
   * Trains a network.
   *
   * @param signal Fires to save and stop.
   * @throws {InterruptedError} when the signal fired; the state is saved.
   * @throws {GateError} when the fused form is not the training form.
   * @throws {WorkError} when the worker ends by itself.
   */
  run(member: Member, progress: Progress, signal: AbortSignal): Promise<MemberResult> {
    const worker = this.#worker;
    return new Promise<MemberResult>((resolve, reject) => {
      const stop = () => this.#tell({ stop: true });
      const listeners = {
        message: (word: LaneWord) => {
          if (word.kind === "log") return progress.log(word.line);
          if (word.kind === "update") return progress.update(word.part);
          settle();
          if (word.kind === "done") return resolve(word.result);
          const kind = ERRORS[word.name as keyof typeof ERRORS];
          reject(kind === undefined ? new Error(word.message) : new kind(word.message, word.hint));
        },
        error: (error: unknown) => {
          settle();
          reject(error);
        },
        exit: (code: number) => {
          settle();
          reject(new WorkError(`The thread that trained ${member.path} ended by itself, with code ${code}.`));
        },
      };
      const settle = () => {
        signal.removeEventListener("abort", stop);
        for (const [event, listener] of Object.entries(listeners)) worker.off(event, listener);
      };
      for (const [event, listener] of Object.entries(listeners)) worker.on(event, listener);
      signal.addEventListener("abort", stop);
      this.#tell({ train: member.path });
      if (signal.aborted) stop();
    });
  }

  /** Ends the worker. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #tell(order: LaneOrder): void {
    this.#worker.postMessage(order);
  }
}
