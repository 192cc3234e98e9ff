/**
 * The entry file of a lane that trains the networks of an ablation. It keeps its data sets from one to the next.
 *
 * @module
 */
import type { Member } from "../ablate/plan.ts";
import type { MemberResult } from "../ablate/report.ts";
import type { Trial } from "../ablate/search.ts";
import { type BackendOptions, startBackend } from "../kernels/tfjs/backend.ts";
import { findAblation, readPlan } from "./ablation_folder.ts";
import { runMember, runTrial } from "./ablation_member.ts";
import { loadBlockFile } from "./block_file.ts";
import { Datasets } from "./datasets.ts";
import { serveLane } from "./lane_worker.ts";

/** What the lane is started with. */
export interface AblationStart {
  /** The ablation's folder, whose plan says what the networks have in common. */
  readonly folder: string;
  /** The file of a person's own block, as it was typed. */
  readonly block?: string | undefined;
  readonly backend: BackendOptions;
}

/** How a network is brought to its end: to be judged by the test images, or as a candidate. */
const RUNS = { member: runMember, trial: runTrial } as const;

/** A network to train. */
export interface AblationOrder {
  readonly kind: keyof typeof RUNS;
  readonly member: Member;
}

serveLane<AblationStart, AblationOrder, MemberResult | Trial>(async (start, context) => {
  const own = start.block === undefined ? undefined : await loadBlockFile(start.block);
  const surroundings = {
    ...context,
    own,
    plan: await readPlan(await findAblation(start.folder)),
    backend: await startBackend(start.backend),
    datasets: new Datasets(context.progress),
  };
  return ({ kind, member }) => RUNS[kind](member, surroundings);
});
