/**
 * The plain twin of a run: the network that the run deploys, trained without branches on the same images in the same way. It
 * says what the branches were good for.
 *
 * @module
 */
import { writeJsonAtomically } from "../files/atomic_write.ts";
import type { TwinComparison } from "../report/run_files.ts";
import { plainTwinOf, type RequestedConfig } from "../train/run_config.ts";
import type { RunDirectory } from "./run_directory.ts";
import { startTraining, type TrainingContext } from "./training_run.ts";

/**
 * Trains the twin below the run, and writes down what both have reached.
 *
 * @param run Trained, fused and evaluated.
 * @param request What the run itself was asked for.
 * @param fusedAccuracy Share of the test images that the run's fused form classifies right.
 * @throws {InterruptedError} when the signal fired; the twin's state is saved.
 */
export async function runTwin(
  run: RunDirectory,
  request: RequestedConfig,
  fusedAccuracy: number,
  context: TrainingContext,
): Promise<TwinComparison> {
  context.progress.log("\nthe plain twin: the same network, trained without branches");
  const { testAccuracy } = await startTraining(plainTwinOf(request), context, run.twin);
  const comparison = { plainAccuracy: testAccuracy, fusedAccuracy };
  await writeJsonAtomically(run.twinComparison, comparison);
  return comparison;
}
