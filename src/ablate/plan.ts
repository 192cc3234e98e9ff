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
import { withDepth } from "./depth.ts";
import { type Variant, variantNetwork, variantsWith } from "./variants.ts";

const planSchema = z.strictObject({
  variants: z.array(z.string()).min(1),
  seeds: z.array(z.int().min(0)).min(1),
  depths: z.array(z.int().min(2)).min(1).optional(),
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
  /** The file of a person's own block, where one of the forms is of it. */
  readonly block?: OwnBlock["file"] | undefined;
  /** The configuration file's content. */
  readonly file: RunConfigInput;
  /** What was typed; it wins over the file. */
  readonly flags: RunConfigInput;
}

/** One network to train. */
export interface Member {
  readonly variant: Variant;
  readonly seed: number;
  readonly depth?: number | undefined;
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
    depths: found.depths,
    block: found.block,
    file: parseRunConfigInput(found.file, `file in ${path}`),
    flags: parseRunConfigInput(found.flags, `flags in ${path}`),
  };
}

/**
 * Every network of the plan: all training forms with the first seed, then with the next; where there are depths, each in turn.
 *
 * @param folder Where their runs lie.
 * @param own A person's own block, where one of the forms is of it.
 * @throws {InputError} when the plan names a form that there is not, or a person's own block that is not given as it was.
 */
export function membersOf(plan: AblationPlan, folder: string, own?: OwnBlock): readonly Member[] {
  checkBlock(plan, folder, own);
  const base = requestConfig(plan.file, plan.flags, own?.block);
  const known = variantsWith(own);
  const missing = plan.variants.find((name) => known.every((variant) => variant.name !== name));
  if (missing !== undefined) {
    throw new InputError(
      `There is no training form ${missing}; there are ${known.map(({ name }) => name).join(", ")}.`,
    );
  }
  const variants = known.filter(({ name }) => plan.variants.includes(name));
  const depths: readonly (number | undefined)[] = plan.depths ?? [undefined];
  return plan.seeds.flatMap((seed) =>
    depths.flatMap((depth) =>
      variants.map((variant): Member => ({
        variant,
        seed,
        depth,
        path: `${folder}/${variant.name}${depth === undefined ? "" : `-depth${depth}`}-seed${seed}`,
        request: {
          data: base.data,
          own: own?.block,
          resolve(dataset) {
            const config = base.resolve(dataset);
            const preset = `${config.preset}-${variant.name}`;
            const network = variantNetwork(variant, config.network, own?.block);
            return {
              ...config,
              preset,
              seed,
              network: depth === undefined ? network : withDepth(network, depth, own?.block),
            };
          },
        },
      }))
    )
  );
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
