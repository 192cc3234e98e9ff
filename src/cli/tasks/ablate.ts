/**
 * `repfuse ablate`: does re-parameterization pay on this data? The same network in several training forms, over several
 * seeds.
 *
 * @module
 */
import { availableParallelism } from "node:os";
import type { AblationPlan } from "../../ablate/plan.ts";
import { InputError } from "../../errors.ts";
import { QUESTIONS, VARIANT_NAMES, variantsFor, variantsWith } from "../../ablate/variants.ts";
import type { OwnBlock } from "../../model/blocks/own.ts";
import { BLOCK_KINDS } from "../../model/config.ts";
import { runAblation } from "../../run/ablation.ts";
import { createAblation, findAblation, readPlan } from "../../run/ablation_folder.ts";
import { readRunConfigFile } from "../../run/config.ts";
import { namedFolder } from "../../run/run_directory.ts";
import { renderAblationTable } from "../ablation_table.ts";
import { backendOptionsFor } from "../backend_options.ts";
import { print, printColumns, printJson, wholeNumber, wholeNumbers } from "../command.ts";
import { untilInterrupted } from "../interrupt.ts";
import { blockName } from "../network_flags.ts";
import { definedOnly, oneOf } from "../options.ts";
import { createProgress } from "../progress.ts";
import { refuseFlagsWithResume } from "../resume_flags.ts";
import { newNetworkCommand, ownBlockOf } from "../training_options.ts";

const DEFAULT_SEEDS = 3;
const DEFAULT_EPOCHS = 5;
const DEFAULT_DEPTHS = [6, 13, 21];

/** The command `ablate`. */
export function ablateCommand() {
  return newNetworkCommand(
    "ablate",
    "Train the same network in several training forms over several seeds, and compare the fused networks.",
  )
    .option(
      "--by <question>",
      "branch: one block's branches; block: all blocks; depth: one block and the plain network at several depths " +
        "(default: all there is)",
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
      `blocks in a row, the stem among them, with --by depth (default: ${DEFAULT_DEPTHS})`,
      wholeNumbers(2, 1000),
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
        "Where branches pay: repfuse ablate --by depth --depths 6,13,21 --seeds 5",
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
        const asksDepth = options.by === "depth" || options.depths !== undefined;
        return {
          variants: chosenVariants(own),
          seeds: Array.from({ length: options.seeds ?? DEFAULT_SEEDS }, (_, i) => i + 1),
          ...(asksDepth ? { depths: options.depths ?? DEFAULT_DEPTHS } : {}),
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

      function chosenVariants(own: OwnBlock | undefined): readonly string[] {
        const known = variantsWith(own);
        const names = known.map(({ name }) => name);
        const wrong = options.variants?.find((name) => !names.includes(name));
        if (wrong !== undefined) {
          throw new InputError(`There is no training form ${wrong}: it must be one of ${names.join(", ")}.`);
        }
        if (options.variants !== undefined) return options.variants;
        const question = options.by ?? (options.depths !== undefined ? "depth" : undefined) ??
          (options.block === undefined ? undefined : "branch");
        return question === undefined
          ? names
          : variantsFor(question, known, own?.block.name ?? options.block);
      }
    });
}
