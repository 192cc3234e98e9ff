/**
 * What an ablation set out to do, and the networks that follow from it.
 *
 * @module
 */
import { z } from "zod";
import { quoted } from "../text/shell.ts";
import { parseConfig } from "../text/parse_config.ts";
import {
  parseRunConfigInput,
  requestConfig,
  type RequestedConfig,
  type RunConfigInput,
} from "../train/run_config.ts";
import { InputError } from "../errors.ts";
import type { OwnBlock } from "../model/blocks/own.ts";
import { type Search, searchSchema, type Setting, settingsOf, TRIAL_SEED } from "./search.ts";
import { withCost, withDepth } from "./shape.ts";
import { type Variant, variantNetwork, variantsWith } from "./variants.ts";

const planSchema = z.strictObject({
  variants: z.array(z.string()).min(1),
  seeds: z.array(z.int().min(0)).min(1),
  depths: z.array(z.int().min(2)).min(1).optional(),
  search: searchSchema.optional(),
  block: z.strictObject({ path: z.string(), sha256: z.string() }).optional(),
  file: z.unknown(),
  flags: z.unknown(),
});

/** Which training forms, which seeds, and the configuration that all of them share. */
export interface AblationPlan {
  readonly variants: readonly string[];
  readonly seeds: readonly number[];
  /** Blocks in a row, the stem among them; as the configuration says when not given. */
  readonly depths?: readonly number[] | undefined;
  /** What is searched for the best shape of each training form, before the seeds above are trained. */
  readonly search?: Search | undefined;
  /** The file of a person's own block, where one of the forms is of it. */
  readonly block?: OwnBlock["file"] | undefined;
  /** The configuration file's content. */
  readonly file: RunConfigInput;
  /** What was typed; it wins over the file. */
  readonly flags: RunConfigInput;
}

/** One network to train. It can be cloned. */
export interface Member {
  /** The training form's name. */
  readonly variant: string;
  readonly seed: number;
  readonly setting: Setting;
  /** Its run directory. */
  readonly path: string;
}

/**
 * A plan, from an unchecked value.
 *
 * @param path Where it stood, for errors.
 * @throws {InputError} when it is not one of ours.
 */
export function parsePlan(value: unknown, path: string): AblationPlan {
  const found = parseConfig(planSchema, value, `plan ${path}`);
  return {
    variants: found.variants,
    seeds: found.seeds,
    depths: found.depths,
    search: found.search,
    block: found.block,
    file: parseRunConfigInput(found.file, `file in ${path}`),
    flags: parseRunConfigInput(found.flags, `flags in ${path}`),
  };
}

/**
 * The training forms that a plan compares.
 *
 * @param folder The ablation's, for errors.
 * @param own A person's own block, where one of the forms is of it.
 * @throws {InputError} when the plan names a form that there is not, or a person's own block that is not given as it was.
 */
export function variantsOf(plan: AblationPlan, folder: string, own?: OwnBlock): readonly Variant[] {
  checkBlock(plan, folder, own);
  const known = variantsWith(own);
  const missing = plan.variants.find((name) => known.every((variant) => variant.name !== name));
  if (missing !== undefined) {
    throw new InputError(
      `There is no training form ${missing}; there are ${known.map(({ name }) => name).join(", ")}.`,
    );
  }
  return known.filter(({ name }) => plan.variants.includes(name));
}

/** The candidates of a plan's search, all training forms with one setting, then with the next; none where nothing is searched. */
export function trialsOf(
  { search }: AblationPlan,
  variants: readonly Variant[],
  folder: string,
): readonly Member[] {
  if (search === undefined) return [];
  return settingsOf(search).flatMap((setting) =>
    variants.map(({ name }) => memberOf(folder, name, TRIAL_SEED, setting))
  );
}

/**
 * Every network that is compared: all training forms with the first seed, then with the next; where there are depths, each in
 * turn.
 *
 * @param folder Where their runs lie.
 * @param winners The settings that a form's search has chosen.
 */
export function membersOf(
  { depths, seeds, search }: AblationPlan,
  variants: readonly Variant[],
  folder: string,
  winners: (variant: string) => readonly Setting[] = () => [],
): readonly Member[] {
  const given: readonly Setting[] = depths?.map((depth) => ({ depth })) ?? [{}];
  const count = search?.macs.length ?? given.length;
  return seeds.flatMap((seed) =>
    Array.from({ length: count }, (_, i) =>
      variants.flatMap(({ name }) => {
        const setting = search === undefined ? given[i] : winners(name)[i];
        return setting === undefined ? [] : [memberOf(folder, name, seed, setting)];
      })).flat()
  );
}

/** The configuration of a member. */
export function requestOf(plan: AblationPlan, member: Member, own?: OwnBlock): RequestedConfig {
  const base = requestConfig(plan.file, plan.flags, own?.block);
  const variant = variantsWith(own).find(({ name }) => name === member.variant)!;
  const { depth, macs, rate } = member.setting;
  return {
    data: base.data,
    own: own?.block,
    resolve(dataset) {
      const config = base.resolve(dataset);
      const form = variantNetwork(variant, config.network, own?.block);
      const deep = depth === undefined ? form : withDepth(form, depth, own?.block);
      return {
        ...config,
        preset: `${config.preset}-${variant.name}`,
        seed: member.seed,
        network: macs === undefined ? deep : withCost(deep, macs, own?.block),
        training: rate === undefined ? config.training : { ...config.training, learningRate: rate },
      };
    },
  };
}

function memberOf(folder: string, variant: string, seed: number, setting: Setting): Member {
  const { macs, depth, rate } = setting;
  const name = [
    variant,
    ...(macs === undefined ? [] : [`${macs / 1e6}M`]),
    ...(depth === undefined ? [] : [`depth${depth}`]),
    ...(rate === undefined ? [] : [`rate${rate}`]),
    `seed${seed}`,
  ].join("-");
  return { variant, seed, setting, path: `${folder}/${name}` };
}

function checkBlock({ block }: AblationPlan, folder: string, own: OwnBlock | undefined): void {
  if (block === undefined || block.sha256 === own?.file.sha256) return;
  throw new InputError(
    own === undefined
      ? `The ablation ${folder} has the block in ${block.path} in it, which is only run where somebody names it.`
      : `The block in ${own.file.path} is not the one that ${folder} began with.`,
    own === undefined
      ? `Name it again: repfuse ablate --resume ${quoted(folder)} --block ${quoted(block.path)}`
      : "Bring the file back as it was, or start anew: repfuse ablate",
  );
}
