/**
 * The entry file of a lane: a worker that trains the networks of an ablation that it is given, one after the other.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { membersOf } from "../ablate/plan.ts";
import { ExpectedError } from "../errors.ts";
import { startBackend } from "../kernels/tfjs/backend.ts";
import type { Progress } from "../progress.ts";
import { findAblation, readPlan } from "./ablation_folder.ts";
import type { LaneOrder, LaneStart, LaneWord } from "./ablation_lanes.ts";
import { runMember } from "./ablation_member.ts";
import { loadBlockFile } from "./block_file.ts";
import { Datasets } from "./datasets.ts";

const { folder, block, backend: asked } = workerData as LaneStart;

/** So often is said how far a training is, in ms. */
const UPDATE_MS = 500;

let updatedMs = -Infinity;

const progress: Progress = {
  update(...parts) {
    if (performance.now() - updatedMs < UPDATE_MS) return;
    updatedMs = performance.now();
    say({ kind: "update", part: parts[0] ?? "" });
  },
  log: (line) => say({ kind: "log", line }),
};

const stopping = new AbortController();
const datasets = new Datasets(progress);
const ready = prepare();

parentPort!.on("message", (order: LaneOrder) => {
  if ("stop" in order) stopping.abort();
  else void train(order.train);
});

async function prepare() {
  const own = block === undefined ? undefined : await loadBlockFile(block);
  const place = await findAblation(folder);
  const members = membersOf(await readPlan(place), place.path, own);
  return { own, members, backend: await startBackend(asked) };
}

async function train(path: string): Promise<void> {
  try {
    const { own, members, backend } = await ready;
    const member = members.find((member) => member.path === path)!;
    const context = { backend, progress, datasets, signal: stopping.signal };
    say({ kind: "done", result: await runMember(member, context, own) });
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    say(
      error instanceof ExpectedError
        ? { kind: "failed", name, message, hint: error.hint }
        : { kind: "failed", name, message: stack ?? message },
    );
  }
}

function say(word: LaneWord): void {
  parentPort!.postMessage(word);
}
