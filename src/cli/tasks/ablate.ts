/**
 * `repfuse ablate`: does re-parameterization pay on this data? The same network in several training forms, over several
 * seeds.
 *
 * @module
 */
import { runAblation } from "../../run/ablation.ts";
import type { AblationPlan } from "../../ablate/plan.ts";
import { createAblation, findAblation, readPlan } from "../../run/ablation_folder.ts";
import { Datasets } from "../../run/datasets.ts";
import { VARIANT_NAMES } from "../../ablate/variants.ts";
import { startBackendFor } from "../backend_options.ts";
import { renderAblationTable } from "../ablation_table.ts";
import { print, printColumns, printJson, wholeNumber } from "../command.ts";
import { untilInterrupted } from "../interrupt.ts";
import { definedOnly, someOf } from "../options.ts";
import { createProgress } from "../progress.ts";
import { refuseFlagsWithResume } from "../resume_flags.ts";
import { namedFolder } from "../../run/run_directory.ts";
import { newNetworkCommand } from "../training_options.ts";
import { readRunConfigFile } from "../../run/config.ts";

const DEFAULT_SEEDS = 3;
const DEFAULT_EPOCHS = 5;

/** The command `ablate`. */
export function ablateCommand() {
  return newNetworkCommand(
    "ablate",
    "Train the same network in several training forms over several seeds, and compare the fused networks.",
  )
    .option(
      "--variants <names>",
      `with commas between: ${VARIANT_NAMES.join(",")} (default: all)`,
      someOf(VARIANT_NAMES),
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
    .option("--resume [folder]", "go on with an interrupted ablation (default: the newest)")
    .addHelpText(
      "after",
      "\nThe defaults train 24 networks for 5 epochs of Shapes10: half an hour on two slow cores. A first impression takes\n" +
        "minutes: repfuse ablate --seeds 1 --epochs 2 --variants plain,repvgg",
    )
    .action(async (options, command) => {
      const progress = createProgress(options);
      if (options.resume !== undefined) refuseFlagsWithResume(command, options);
      const folder = options.resume === undefined
        ? undefined
        : await findAblation(options.resume === true ? undefined : options.resume);
      const named = options.name === undefined ? undefined : await namedFolder(options.name);
      const plan = folder === undefined ? await newPlan() : await readPlan(folder);
      const backend = await startBackendFor(options, progress);
      const place = folder ?? await createAblation(plan, new Date(), named);
      const report = await untilInterrupted((signal) =>
        runAblation(place, plan, { backend, progress, datasets: new Datasets(progress), signal })
      );
      if (options.json) return printJson(report);
      print(renderAblationTable(report, printColumns()));
      print(`Written: ${place.report}, ${place.chart}`);

      async function newPlan(): Promise<AblationPlan> {
        const file = options.config === undefined ? {} : await readRunConfigFile(options.config);
        const epochs = options.epochs ?? (file.training?.epochs === undefined ? DEFAULT_EPOCHS : undefined);
        return {
          variants: options.variants ?? VARIANT_NAMES,
          seeds: Array.from({ length: options.seeds ?? DEFAULT_SEEDS }, (_, i) => i + 1),
          file,
          flags: {
            ...definedOnly({ preset: options.preset }),
            data: definedOnly({ source: options.data, imageSize: options.imageSize }),
            training: definedOnly({ epochs }),
          },
        };
      }
    });
}
