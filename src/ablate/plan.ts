/**
 * What an ablation set out to do, and the networks that follow from it.
 *
 * @module
 */
import { z } from "zod";
import { parseConfig } from "../text/parse_config.ts";
import {
  parseRunConfigInput,
  requestConfig,
  type RequestedConfig,
  type RunConfigInput,
} from "../train/run_config.ts";
import { type Variant, VARIANT_NAMES, variantNetwork, VARIANTS } from "./variants.ts";

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

/** One network to train. */
export interface Member {
  readonly variant: Variant;
  readonly seed: number;
  /** Its run directory. */
  readonly path: string;
  readonly request: RequestedConfig;
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
    file: parseRunConfigInput(found.file, `file in ${path}`),
    flags: parseRunConfigInput(found.flags, `flags in ${path}`),
  };
}

/**
 * Every network of the plan: all training forms with the first seed, then with the next.
 *
 * @param folder Where their runs lie.
 */
export function membersOf(plan: AblationPlan, folder: string): readonly Member[] {
  const base = requestConfig(plan.file, plan.flags);
  const variants = VARIANTS.filter(({ name }) => plan.variants.includes(name));
  return plan.seeds.flatMap((seed) =>
    variants.map((variant) => ({
      variant,
      seed,
      path: `${folder}/${variant.name}-seed${seed}`,
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
