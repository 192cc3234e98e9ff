/**
 * The entry file of a lane that trains the networks of an ablation. It keeps its data sets from one to the next.
 *
 * @module
 */
import { membersOf } from "../ablate/plan.ts";
import type { MemberResult } from "../ablate/report.ts";
import { type BackendOptions, startBackend } from "../kernels/tfjs/backend.ts";
import { findAblation, readPlan } from "./ablation_folder.ts";
import { runMember } from "./ablation_member.ts";
import { loadBlockFile } from "./block_file.ts";
import { Datasets } from "./datasets.ts";
import { serveLane } from "./lane_worker.ts";

/** What the lane is started with. An order is the path of a member's run. */
export interface AblationStart {
  /** The ablation's folder, whose plan says the rest. */
  readonly folder: string;
  /** The file of a person's own block, as it was typed. */
  readonly block?: string | undefined;
  readonly backend: BackendOptions;
}

serveLane<AblationStart, string, MemberResult>(async ({ folder, block, backend: asked }, context) => {
  const own = block === undefined ? undefined : await loadBlockFile(block);
  const place = await findAblation(folder);
  const members = membersOf(await readPlan(place), place.path, own);
  const surroundings = {
    ...context,
    backend: await startBackend(asked),
    datasets: new Datasets(context.progress),
  };
  return (path) => runMember(members.find((member) => member.path === path)!, surroundings, own);
});
