/**
 * `repfuse ablate`: does re-parameterization pay on this data? The same network in several training forms, over several
 * seeds.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import type { AblationPlan } from "../../ablate/plan.ts";
import type { Search } from "../../ablate/search.ts";
import { InputError } from "../../errors.ts";
import { type Question, QUESTIONS, VARIANT_NAMES, variantsFor, variantsWith } from "../../ablate/variants.ts";
import type { OwnBlock } from "../../model/blocks/own.ts";
import { BLOCK_KINDS } from "../../model/config.ts";
import { runAblation } from "../../run/ablation.ts";
import { createAblation, findAblation, readPlan } from "../../run/ablation_folder.ts";
import { readRunConfigFile } from "../../run/config.ts";
import { namedFolder } from "../../run/run_directory.ts";
import { renderAblationTable } from "../ablation_table.ts";
import { backendOptionsFor } from "../backend_options.ts";
import { decimal, print, printColumns, printJson, wholeNumber, wholeNumbers } from "../command.ts";
import { untilInterrupted } from "../interrupt.ts";
import { blockName } from "../network_flags.ts";
import { definedOnly, oneOf } from "../options.ts";
import { createProgress } from "../progress.ts";
import { refuseFlagsWithResume } from "../resume_flags.ts";
import { newNetworkCommand, ownBlockOf } from "../training_options.ts";

const DEFAULT_SEEDS = 3;
const DEFAULT_EPOCHS = 5;
const DEFAULT_DEPTHS = [6, 13, 21];

/** What `--by shape` searches: few enough to end in an hour on two cores, with the plain network and RepVGG. */
const DEFAULT_SEARCH = { macs: [1, 2, 4, 8], depths: [5, 9, 15, 21], rates: [0.1, 0.2] };
const MILLION = 1e6;

/** The command `ablate`. */
export function ablateCommand() {
  return newNetworkCommand(
    "ablate",
    "Train the same network in several training forms over several seeds, and compare the fused networks.",
  )
    .option(
      "--by <question>",
      "branch: one block's branches; block: all blocks; depth: one block and the plain network at several depths; " +
        "shape: the same at several costs, each at the best depth, width and rate (default: all there is)",
      oneOf(QUESTIONS),
    )
    .option(
      "--block <kind>",
      `the block that is asked about: ${
        BLOCK_KINDS.join(", ")
      }, or a file of your own, my_block.ts (default: repvgg)`,
      blockName,
    )
    .option(
      "--depths <counts>",
      `blocks in a row, the stem among them, with --by depth (default: ${DEFAULT_DEPTHS}) or shape ` +
        `(default: ${DEFAULT_SEARCH.depths})`,
      wholeNumbers(2, 1000),
    )
    .option(
      "--costs <millions>",
      `million multiply-adds of the fused network, with --by shape (default: ${DEFAULT_SEARCH.macs})`,
      positiveNumbers,
    )
    .option(
      "--rates <numbers>",
      `learning rates to choose from, with --by shape (default: ${DEFAULT_SEARCH.rates})`,
      positiveNumbers,
    )
    .option(
      "--variants <names>",
      `with commas between: ${VARIANT_NAMES.join(",")} (default: as --by says)`,
      (text) => text.split(",").map((name) => name.trim()),
    )
    .option(
      "--seeds <count>",
      `runs of every training form, seeds 1, 2, ... (default: ${DEFAULT_SEEDS})`,
      wholeNumber(1, 100),
    )
    .option(
      "--epochs <count>",
      `passes over the training images (default: ${DEFAULT_EPOCHS})`,
      wholeNumber(1),
    )
    .option(
      "--jobs <count>",
      `networks that train side by side, each on --threads 1 (default: one per core, ${availableParallelism()} here)`,
      wholeNumber(1, 256),
    )
    .option("--resume [folder]", "go on with an interrupted ablation (default: the newest)")
    .addHelpText(
      "after",
      "\nA first impression: repfuse ablate --seeds 1 --epochs 2 --variants plain,repvgg\n" +
        "Where branches pay: repfuse ablate --by depth --depths 6,13,21 --seeds 5\n" +
        "Against a plain network of any shape: repfuse ablate --by shape --data shapes10-hard --epochs 11",
    )
    .action(async (options, command) => {
      const progress = createProgress(options);
      const own = await ownBlockOf(options.block);
      if (options.resume !== undefined) {
        refuseFlagsWithResume(command, options, ["jobs", ...own === undefined ? [] : ["block"]]);
      }
      const folder = options.resume === undefined
        ? undefined
        : await findAblation(options.resume === true ? undefined : options.resume);
      const named = options.name === undefined ? undefined : await namedFolder(options.name);
      const plan = folder === undefined ? await newPlan(own) : await readPlan(folder);
      const place = folder ?? await createAblation(plan, new Date(), named);
      const jobs = options.jobs ?? (options.threads === undefined ? availableParallelism() : 1);
      const threads = options.threads ?? (jobs > 1 ? 1 : undefined);
      const backend = backendOptionsFor({ kernels: options.kernels, threads });
      const report = await untilInterrupted((signal) =>
        runAblation(place, plan, { progress, signal, jobs, backend, own })
      );
      if (options.json) return printJson(report);
      print(renderAblationTable(report, printColumns()));
      print(`Written: ${place.report}, ${place.chart}`);

      async function newPlan(own: OwnBlock | undefined): Promise<AblationPlan> {
        const file = options.config === undefined ? {} : await readRunConfigFile(options.config);
        const epochs = options.epochs ?? (file.training?.epochs === undefined ? DEFAULT_EPOCHS : undefined);
        const question = questionAsked();
        return {
          variants: chosenVariants(own),
          seeds: Array.from({ length: options.seeds ?? DEFAULT_SEEDS }, (_, i) => i + 1),
          ...(question === "depth" ? { depths: options.depths ?? DEFAULT_DEPTHS } : {}),
          ...(question === "shape" ? { search: searchOf(options) } : {}),
          ...(own === undefined ? {} : { block: own.file }),
          file,
          flags: {
            ...definedOnly({ preset: options.preset }),
            data: definedOnly({
              source: options.data,
              imageSize: options.imageSize,
              skipBad: options.skipBad,
            }),
            training: definedOnly({ epochs }),
          },
        };
      }

      /** As --by says, else as the other flags do. */
      function questionAsked(): Question | undefined {
        if (options.by !== undefined) return options.by;
        if (options.costs !== undefined || options.rates !== undefined) return "shape";
        if (options.depths !== undefined) return "depth";
        return options.block === undefined ? undefined : "branch";
      }

      function chosenVariants(own: OwnBlock | undefined): readonly string[] {
        const known = variantsWith(own);
        const names = known.map(({ name }) => name);
        const wrong = options.variants?.find((name) => !names.includes(name));
        if (wrong !== undefined) {
          throw new InputError(`There is no training form ${wrong}: it must be one of ${names.join(", ")}.`);
        }
        if (options.variants !== undefined) return options.variants;
        const question = questionAsked();
        return question === undefined
          ? names
          : variantsFor(question, known, own?.block.name ?? options.block);
      }
    });
}

function searchOf(options: {
  readonly costs?: readonly number[] | undefined;
  readonly depths?: readonly number[] | undefined;
  readonly rates?: readonly number[] | undefined;
}): Search {
  return {
    macs: [...options.costs ?? DEFAULT_SEARCH.macs].map((cost) => cost * MILLION),
    depths: [...options.depths ?? DEFAULT_SEARCH.depths],
    rates: [...options.rates ?? DEFAULT_SEARCH.rates],
  };
}

/** A parser for an option that takes numbers above 0 with commas between them: `1,2.5`. */
function positiveNumbers(text: string): number[] {
  return text.split(",").map(decimal(Number.MIN_VALUE));
}
