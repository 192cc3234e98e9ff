/**
 * Drives a session from where it stands to its last epoch, and says what happens on the way. It knows no files: the
 * caller saves.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { letEventsIn } from "../progress.ts";
import type { EpochMetrics, EpochTiming } from "./metrics.ts";
import type { TrainingSession } from "./session.ts";

/** What the caller does while training goes on. */
export interface TrainingObserver {
  /** After every step. */
  onStep(session: TrainingSession, imagesPerSecond: number): void;
  /** After every epoch; the checkpoint is written here. */
  onEpoch(metrics: EpochMetrics, timing: EpochTiming): Promise<void>;
}

/**
 * Trains until the last epoch or until the signal fires.
 *
 * @param session Where to go on from.
 * @param batchSize Images per step, for the speed.
 * @param observer Told of steps and epochs.
 * @param signal Fires to stop after the step that is running.
 * @returns "finished", or "interrupted" with the session between two steps.
 * @example
 * ```ts
 * import { loadDataset } from "../data/load.ts";
 * import { startBackend } from "../kernels/tfjs/backend.ts";
 * import { createNetwork } from "../model/network.ts";
 * import { presetConfig } from "../model/presets.ts";
 * import { trainingSchema } from "./config.ts";
 * import { train } from "./loop.ts";
 * import { TrainingSession } from "./session.ts";
 *
 * await startBackend();
 * const dataset = await loadDataset("shapes10");
 * const model = createNetwork(presetConfig("toy"), { seed: 1 });
 * const session = new TrainingSession(model, dataset, trainingSchema.parse({ epochs: 1 }), 1);
 * const stop = new AbortController();
 * const outcome = await train(session, 64, {
 *   onStep: () => session.step === 3 && stop.abort(),
 *   onEpoch: ({ trainingAccuracy }) => Promise.resolve(console.log(trainingAccuracy)),
 * }, stop.signal);
 * console.log(outcome, session.step); // interrupted 3
 * ```
 */
export async function train(
  session: TrainingSession,
  batchSize: number,
  observer: TrainingObserver,
  signal: AbortSignal,
): Promise<"finished" | "interrupted"> {
  while (!session.finished) {
    const firstStep = session.step;
    const startMs = performance.now();
    const speed = () =>
      (session.step - firstStep) * batchSize / Math.max(1e-3, (performance.now() - startMs) / 1000);
    while (session.step < session.stepsPerEpoch) {
      session.trainStep();
      observer.onStep(session, speed());
      await letEventsIn();
      if (signal.aborted) return "interrupted";
    }
    const seconds = (performance.now() - startMs) / 1000;
    const imagesPerSecond = speed();
    const metrics = session.endEpoch();
    await observer.onEpoch(metrics, {
      epoch: metrics.epoch,
      seconds,
      imagesPerSecond,
      tensors: tf.memory().numTensors,
    });
  }
  return "finished";
}
