/**
 * `deno task fuse`: folds every multi-branch block into one convolution, and proves that nothing changed.
 *
 * @module
 */
import { decimal, newCommand, print, runTask } from "../src/cli/command.ts";
import { renderCosts, renderProof, renderRegions } from "../src/cli/fusion_table.ts";
import { createProgress } from "../src/cli/progress.ts";
import { summarizeFusion } from "../src/cli/summaries.ts";
import { MODEL_FILE } from "../src/export/layers_model.ts";
import { exists } from "../src/files/read.ts";
import { EQUIVALENCE_TOLERANCE } from "../src/fuse/verify.ts";
import { startBackend } from "../src/kernels/backend.ts";
import { fuseModelFile, fuseRun } from "../src/run/fusion_run.ts";
import { findRun } from "../src/run/run_directory.ts";

const command = newCommand(
  "fuse",
  "Fold every multi-branch block into one plain convolution, and prove that nothing changed.",
)
  .argument("[source]", "a trained run, or any model.json (default: the newest run)")
  .option("--output <folder>", "where the fused model goes (default: fused/ in the run, or beside the model)")
  .option(
    "--tolerance <share>",
    "largest difference, relative to the output's scale",
    decimal(0, 1),
    EQUIVALENCE_TOLERANCE,
  )
  .addHelpText("after", "\nExample: deno task fuse path/to/model.json --output runs/mine");

await runTask(command.action(async (source, options) => {
  const progress = createProgress(options);
  const { output, tolerance } = options;
  let result;
  if (source !== undefined && await isModel(source)) {
    await startBackend();
    result = await fuseModelFile(source, {
      output: output ?? `${folderOf(source)}/fused`,
      tolerance,
      progress,
    });
  } else {
    const run = await findRun(source, "trained");
    await startBackend();
    result = await fuseRun(run, { output: output ?? run.fused, tolerance, progress });
  }
  const { record } = result;
  if (options.json) {
    print(JSON.stringify(summarizeFusion(result.output, record)));
    return;
  }
  print(renderCosts(record));
  print(renderRegions(record));
  print(renderProof(record));
  for (const { layer, reason, advice } of record.refusals) {
    print(`not merged: ${layer}: ${reason}. ${advice}`);
  }
  print(`\nWritten: ${result.output}/${MODEL_FILE}`);
}));

async function isModel(path: string): Promise<boolean> {
  return path.endsWith(".json") || await exists(`${path}/${MODEL_FILE}`);
}

function folderOf(path: string): string {
  if (!path.endsWith(".json")) return path.replace(/\/+$/, "");
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".";
}
