/**
 * The plain twin of a run: the network that the run deploys, trained without branches on the same images in the same way. It
 * says what the branches were good for. It trains beside the run, on a thread of its own, so that a machine with two cores
 * has both at the price of one.
 *
 * @module
 */
import { writeJsonAtomically } from "../files/atomic_write.ts";
import type { BackendOptions } from "../kernels/tfjs/backend.ts";
import { plainTwinOf } from "../train/run_config.ts";
import { Lane } from "./lane.ts";
import { openRunDirectory } from "./run_directory.ts";
import type { PreparedTraining, TrainingContext, TrainingSummary } from "./training_run.ts";
import type { TwinOrder } from "./twin_worker.ts";

/** What a run and its plain twin have reached. */
export interface TrainedPair {
  readonly training: TrainingSummary;
  readonly plain: TrainingSummary;
}

/**
 * Trains a run, and beside it its twin, in a folder of the run and on half as many threads.
 *
 * @throws {InterruptedError} when the signal fired; both are saved.
 */
export async function trainWithTwin(
  { run, config, dataset, train }: PreparedTraining,
  { backend: { kernels, instructionSet, threads }, progress, signal }: TrainingContext,
): Promise<TrainedPair> {
  const twin = await openRunDirectory(run.twin);
  await writeJsonAtomically(twin.config, plainTwinOf(config));
  const lane = new Lane<BackendOptions, TwinOrder, TrainingSummary>("twin_worker", {
    kernels,
    threads: Math.max(1, Math.floor(threads / 2)),
    ...(instructionSet === "none" ? {} : { instructionSet }),
  });
  progress.log(`beside it its plain twin, the same network without branches: ${twin.path}`);
  let isLeft = false; // while both train, the line that is redrawn is the run's
  const plain = lane.run({ run: twin.path, dataset }, twin.path, {
    update: (...parts) => isLeft ? progress.update("the plain twin", ...parts) : undefined,
    log: () => {},
  }, signal);
  plain.catch(() => {}); // it is waited for when the run is trained
  try {
    const training = await train();
    isLeft = true;
    return { training, plain: await plain };
  } finally {
    if (signal.aborted) await plain.catch(() => {}); // which saves it
    await lane.close();
  }
}
