/**
 * The entry file of the lane that trains a run's plain twin.
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import { writeJsonAtomically } from "../files/atomic_write.ts";
import { type BackendOptions, startBackend } from "../kernels/tfjs/backend.ts";
import { describeEnvironment } from "../timing/environment.ts";
import { loadBlockFile } from "./block_file.ts";
import { readRunConfig } from "./config.ts";
import { Datasets } from "./datasets.ts";
import { serveLane } from "./lane_worker.ts";
import { runDirectoryAt } from "./run_directory.ts";
import { resumeTraining, type TrainingSummary } from "./training_run.ts";

/** A run that has its configuration, and the images that belong to it. */
export interface TwinOrder {
  readonly run: string;
  readonly dataset: Dataset;
}

serveLane<BackendOptions, TwinOrder, TrainingSummary>(async (asked, context) => {
  const backend = await startBackend(asked);
  return async ({ run: path, dataset }) => {
    const run = runDirectoryAt(path);
    const { network } = await readRunConfig(run.config);
    const own = network.block === "file" ? await loadBlockFile(network.file.path) : undefined;
    await writeJsonAtomically(run.environment, describeEnvironment(backend, new Date()));
    const datasets = new Datasets(context.progress, () => Promise.resolve(dataset));
    return await resumeTraining(run, { ...context, backend, datasets }, own);
  };
});
