/**
 * What an ablation set out to do, kept in `plan.json` so that it can go on after an interruption:
 *
 * ```text
 * runs/ablation-<time>/
 *   plan.json  ablation.json  ablation.svg
 *   plain-seed1/  1x1-seed1/  ...          ordinary runs
 * ```
 *
 * @module
 */
import { mkdir, readdir } from "node:fs/promises";
import { z } from "zod";
import { InputError } from "../errors.ts";
import { writeJsonAtomically } from "../files/atomic_write.ts";
import { exists, readJson } from "../files/read.ts";
import { parseConfig } from "../text/parse_config.ts";
import {
  parseRunConfigInput,
  requestConfig,
  type RequestedConfig,
  type RunConfigInput,
} from "../run/config.ts";
import { RUNS_FOLDER, timeName } from "../run/run_directory.ts";
import { type Variant, VARIANT_NAMES, variantNetwork, VARIANTS } from "./variants.ts";

/** What the folders of ablations are called, before the time. */
const FOLDER_PREFIX = "ablation-";

const planSchema = z.strictObject({
  variants: z.array(z.enum(VARIANT_NAMES)).min(1),
  seeds: z.array(z.int().min(0)).min(1),
  file: z.unknown(),
  flags: z.unknown(),
});

/** Which training forms, which seeds, and the configuration that all of them share. */
export interface AblationPlan {
  readonly variants: readonly string[];
  readonly seeds: readonly number[];
  /** The configuration file's content. */
  readonly file: RunConfigInput;
  /** What was typed; it wins over the file. */
  readonly flags: RunConfigInput;
}

/** The files of one ablation. */
export interface AblationFolder {
  readonly path: string;
  readonly plan: string;
  readonly report: string;
  readonly chart: string;
}

/** One network to train. */
export interface Member {
  readonly variant: Variant;
  readonly seed: number;
  /** Its run directory. */
  readonly path: string;
  readonly request: RequestedConfig;
}

/** The paths of the ablation in a folder. Nothing is read or made. */
export function ablationFolderAt(folder: string): AblationFolder {
  const path = folder.replace(/\/+$/, "");
  return {
    path,
    plan: `${path}/plan.json`,
    report: `${path}/ablation.json`,
    chart: `${path}/ablation.svg`,
  };
}

/** Makes the folder of a new ablation and writes its plan there. */
export async function createAblation(
  plan: AblationPlan,
  now: Date,
  root = RUNS_FOLDER,
): Promise<AblationFolder> {
  const folder = ablationFolderAt(`${root}/${FOLDER_PREFIX}${timeName(now)}`);
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
    throw new InputError(`There is no ablation below ${root}/.`, "Start one: deno task ablate");
  }
  const found = ablationFolderAt(folder);
  if (await exists(found.plan)) return found;
  throw new InputError(`${folder} is not an ablation: it has no plan.json.`, "Start one: deno task ablate");
}

/** @throws {InputError} when the plan is missing or not one of ours. */
export async function readPlan({ plan }: AblationFolder): Promise<AblationPlan> {
  const found = parseConfig(planSchema, await readJson(plan, "the plan of an ablation"), `plan ${plan}`);
  return {
    variants: found.variants,
    seeds: found.seeds,
    file: parseRunConfigInput(found.file, `file in ${plan}`),
    flags: parseRunConfigInput(found.flags, `flags in ${plan}`),
  };
}

/** Every network of the plan: all training forms with the first seed, then with the next. */
export function membersOf(plan: AblationPlan, folder: AblationFolder): readonly Member[] {
  const base = requestConfig(plan.file, plan.flags);
  const variants = VARIANTS.filter(({ name }) => plan.variants.includes(name));
  return plan.seeds.flatMap((seed) =>
    variants.map((variant) => ({
      variant,
      seed,
      path: `${folder.path}/${variant.name}-seed${seed}`,
      request: {
        data: base.data,
        resolve(dataset) {
          const config = base.resolve(dataset);
          const preset = `${config.preset}-${variant.name}`;
          return { ...config, preset, seed, network: variantNetwork(variant, config.network) };
        },
      },
    }))
  );
}

async function newestAblation(root: string): Promise<string | undefined> {
  if (!(await exists(root))) return undefined;
  const names: string[] = [];
  for (const entry of await readdir(root, { withFileTypes: true })) {
    if (entry.isDirectory() && entry.name.startsWith(FOLDER_PREFIX)) names.push(entry.name);
  }
  const newest = names.sort().at(-1);
  return newest === undefined ? undefined : `${root}/${newest}`;
}
