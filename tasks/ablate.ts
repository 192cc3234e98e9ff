/**
 * `deno task ablate`: does re-parameterization pay on this data? The same network in several training forms, over several
 * seeds.
 *
 * @module
 */
import { runAblation } from "../src/run/ablation.ts";
import type { AblationPlan } from "../src/ablate/plan.ts";
import { createAblation, findAblation, readPlan } from "../src/run/ablation_folder.ts";
import { VARIANT_NAMES } from "../src/ablate/variants.ts";
import { newComputeCommand, startBackendFor } from "../src/cli/backend_options.ts";
import { renderAblationTable } from "../src/cli/ablation_table.ts";
import { print, runTask, wholeNumber } from "../src/cli/command.ts";
import { interruptSignal } from "../src/cli/interrupt.ts";
import { definedOnly, someOf } from "../src/cli/options.ts";
import { createProgress } from "../src/cli/progress.ts";
import { refuseFlagsWithResume } from "../src/cli/resume_flags.ts";
import { PRESET_NAMES } from "../src/model/presets.ts";
import { Datasets } from "../src/run/datasets.ts";
import { readRunConfigFile } from "../src/run/config.ts";

const DEFAULT_SEEDS = 3;
const DEFAULT_EPOCHS = 5;

const command = newComputeCommand(
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
  .option("--epochs <count>", `passes over the training images (default: ${DEFAULT_EPOCHS})`, wholeNumber(1))
  .option("--preset <name>", `sizes of the network: ${PRESET_NAMES.join(", ")} (default: toy)`)
  .option("--config <file>", "a JSON file with any of: preset, data, network, training; flags win over it")
  .option("--data <source>", "shapes10, or a folder of IDX files, CIFAR-10 batches or class folders")
  .option("--resume [folder]", "go on with an interrupted ablation (default: the newest)")
  .addHelpText(
    "after",
    "\nThe defaults train 24 networks for 5 epochs of Shapes10: half an hour on two slow cores. A first impression takes\n" +
      "minutes: deno task ablate --seeds 1 --epochs 2 --variants plain,repvgg",
  );

await runTask(command.action(async (options) => {
  const progress = createProgress(options);
  if (options.resume !== undefined) refuseFlagsWithResume(command, options);
  const folder = options.resume === undefined
    ? undefined
    : await findAblation(options.resume === true ? undefined : options.resume);
  const plan = folder === undefined ? await newPlan() : await readPlan(folder);
  const signal = interruptSignal();
  const backend = await startBackendFor(options, progress);
  const place = folder ?? await createAblation(plan, new Date());
  const report = await runAblation(place, plan, {
    backend,
    progress,
    datasets: new Datasets(progress),
    signal,
  });
  if (options.json) {
    print(JSON.stringify(report));
    return;
  }
  print(renderAblationTable(report));
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
        data: definedOnly({ source: options.data }),
        training: definedOnly({ epochs }),
      },
    };
  }
}));
