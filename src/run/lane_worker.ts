/**
 * The other end of a lane, in its worker: takes orders and answers with progress, results and errors.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { ExpectedError } from "../errors.ts";
import type { Progress } from "../progress.ts";
import type { LaneAnswer, LaneWord } from "./lane.ts";

/** So often is said how far the work is, in ms. */
const UPDATE_MS = 500;

/** The surroundings of an order. */
export interface LaneContext {
  readonly progress: Progress;
  /** Fires to save and stop. */
  readonly signal: AbortSignal;
}

/**
 * Carries out what the lane is told, from now on.
 *
 * @param open What is made once, from what the lane was started with; gives what carries out an order.
 */
export function serveLane<Start, Order, Result>(
  open: (start: Start, context: LaneContext) => Promise<(order: Order) => Promise<Result>>,
): void {
  const stopping = new AbortController();
  const carryOut = open(workerData as Start, { progress: progressTo(say), signal: stopping.signal });
  carryOut.catch(() => {}); // it is told with the first order
  parentPort!.on("message", (word: LaneWord<Order>) => {
    if ("stop" in word) return stopping.abort();
    carryOut.then((carryOut) => carryOut(word.order)).then(
      (result) => say({ kind: "done", result }),
      (error) => say(failure(error)),
    );
  });

  function say(answer: LaneAnswer<Result>): void {
    parentPort!.postMessage(answer);
  }
}

function progressTo(say: (answer: LaneAnswer<never>) => void): Progress {
  let updatedMs = -Infinity;
  return {
    update(...parts) {
      if (performance.now() - updatedMs < UPDATE_MS) return;
      updatedMs = performance.now();
      say({ kind: "update", parts });
    },
    log: (line) => say({ kind: "log", line }),
  };
}

function failure(error: unknown): LaneAnswer<never> {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return error instanceof ExpectedError
    ? { kind: "failed", name, message, hint: error.hint }
    : { kind: "failed", name, message: stack ?? message };
}
