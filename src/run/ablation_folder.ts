/**
 * The folder of an ablation, whose plan lies in it so that it can go on after an interruption:
 *
 * ```text
 * runs/ablation-<time>/
 *   plan.json  ablation.json  ablation.svg
 *   plain-seed1/  1x1-seed1/  ...          ordinary runs
 * ```
 *
 * @module
 */
import { mkdir } from "node:fs/promises";
import { type AblationPlan, parsePlan } from "../ablate/plan.ts";
import { InputError } from "../errors.ts";
import { writeJsonAtomically } from "../files/atomic_write.ts";
import { exists, readJson } from "../files/read.ts";
import { foldersByAge, RUNS_FOLDER, timeName } from "./run_directory.ts";

/** What the folders of ablations are called, before the time. */
const FOLDER_PREFIX = "ablation-";

/** The files of one ablation. */
export interface AblationFolder {
  readonly path: string;
  readonly plan: string;
  readonly report: string;
  readonly chart: string;
}

/** The paths of the ablation in a folder. Nothing is read or made. */
function ablationFolderAt(folder: string): AblationFolder {
  const path = folder.replace(/\/+$/, "");
  return {
    path,
    plan: `${path}/plan.json`,
    report: `${path}/ablation.json`,
    chart: `${path}/ablation.svg`,
  };
}

/**
 * Makes the folder of a new ablation and writes its plan there.
 *
 * @param path The folder; one named by the time when not given.
 */
export async function createAblation(
  plan: AblationPlan,
  now: Date,
  path?: string,
  root = RUNS_FOLDER,
): Promise<AblationFolder> {
  const folder = ablationFolderAt(path ?? `${root}/${FOLDER_PREFIX}${timeName(now)}`);
  await mkdir(root, { recursive: true });
  await mkdir(folder.path);
  await writeJsonAtomically(folder.plan, plan);
  return folder;
}

/**
 * The ablation that a person means: the one they name, else the newest.
 *
 * @throws {InputError} when there is none.
 */
export async function findAblation(named: string | undefined, root = RUNS_FOLDER): Promise<AblationFolder> {
  const folder = named ?? await newestAblation(root);
  if (folder === undefined) {
    throw new InputError(`There is no ablation below ${root}/.`, "Start one: repfuse ablate");
  }
  const found = ablationFolderAt(folder);
  if (await exists(found.plan)) return found;
  throw new InputError(`${folder} is not an ablation: it has no plan.json.`, "Start one: repfuse ablate");
}

/** @throws {InputError} when the plan is missing or not one of ours. */
export async function readPlan({ plan }: AblationFolder): Promise<AblationPlan> {
  return parsePlan(await readJson(plan, "the plan of an ablation"), plan);
}

async function newestAblation(root: string): Promise<string | undefined> {
  const [newest] = await foldersByAge(root, "plan.json");
  return newest;
}
