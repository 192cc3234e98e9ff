/**
 * `repfuse export`: writes a network in another format, reads it back, and runs it against its source.
 *
 * @module
 */
import { decimal, print, printColumns, printJson } from "../command.ts";
import { renderExport, renderNetworkExport } from "../export_summary.ts";
import { oneOf } from "../options.ts";
import { createProgress } from "../progress.ts";
import { InputError } from "../../errors.ts";
import { NoClassifier } from "../../classify/output.ts";
import { exportNetwork } from "../../run/export_network.ts";
import { findNetwork } from "../../run/named.ts";
import type { ModelSource } from "../../deploy/model_source.ts";
import { checkExport, defaultOutput, exportModel } from "../../run/export_run.ts";
import { EXPORT_FORMATS, findFormat } from "../../deploy/formats.ts";
import { PRECISIONS } from "../../formats/tfjs/precision.ts";
import { TORCH_TRAIN } from "../../deploy/torch_train/files.ts";
import { exportTraining } from "../../run/export_training.ts";
import { findRun } from "../../run/run_directory.ts";
import { readModelSource } from "../../run/read_source.ts";
import { Datasets } from "../../run/datasets.ts";
import { webFormat } from "../../deploy/web_format.ts";
import { startBackendFor } from "../backend_options.ts";
import { answersFrom, assumedLine } from "../card_options.ts";
import { newCardCommand } from "../card_command.ts";

const formats = [...EXPORT_FORMATS, TORCH_TRAIN].map(({ name, summary }) => `${name} (${summary})`).join(
  ", ",
);

/** The command `export`. */
export function exportCommand() {
  return newCardCommand(
    "export",
    "Write a network in another format, read it back, and run it against its source.",
  )
    .argument(
      "[source]",
      "a run, a fused folder, any model.json, or an ONNX file (default: the newest fused run)",
    )
    .option("--format <name>", formats, "tfjs")
    .option("--form <form>", "which form of a run: fused or training", oneOf(["fused", "training"]), "fused")
    .option(
      "--quantize <type>",
      "how kernels are stored: float16, uint16 or uint8",
      oneOf(PRECISIONS),
      "float32",
    )
    .option("--single-file", "web only: everything in one index.html, which works without a server", false)
    .option(
      "--tolerance <share>",
      "largest difference, relative to the logits' scale (default: the format's)",
      decimal(0, 1),
    )
    .option("--output <folder>", "where the files go (default: export/ in the run, or beside the model)")
    .addHelpText("after", "\nExample: repfuse export --format onnx --form training")
    .action(async (named, options) => {
      const progress = createProgress(options);
      if (options.format === TORCH_TRAIN.name) {
        checkTraining(options);
        const run = await findRun(named, "started");
        await startBackendFor(options, progress);
        const result = await exportTraining(run, { output: options.output, progress });
        if (options.json) return printJson({ output: result.output, ...result.manifest });
        return print(renderExport(result, printColumns()));
      }
      const format = options.singleFile ? singleFileFormat(options.format) : findFormat(options.format);
      const { quantize: precision, tolerance } = options;
      let source: ModelSource;
      try {
        source = await readModelSource(named, options.form, await answersFrom(options));
      } catch (reason) {
        if (!(reason instanceof NoClassifier)) throw reason;
        const found = await findNetwork(named, "trained");
        if (found.kind === "run") throw reason;
        await startBackendFor(options, progress);
        const { output } = options;
        const result = await exportNetwork(found, { format, precision, tolerance, output, progress, reason });
        if (options.json) return printJson({ output: result.output, ...result.record });
        return print(renderNetworkExport(result, printColumns()));
      }
      const place = options.output ?? defaultOutput(source, { format, precision });
      const output = options.singleFile && options.output === undefined ? `${place}-single-file` : place;
      await checkExport(source, { format, precision, output });
      const dataset = await new Datasets(progress).ofNetwork(source.data);
      await startBackendFor(options, progress);
      const result = await exportModel(source, { format, precision, tolerance, output, dataset, progress });
      if (options.json) {
        return printJson({ output: result.output, assumed: source.assumed ?? [], ...result.manifest });
      }
      print(renderExport(result, printColumns()));
      for (const line of assumedLine(source.assumed ?? [])) print(line);
    });
}

function checkTraining({ quantize, singleFile }: { quantize: string; singleFile: boolean }): void {
  if (quantize === "float32" && !singleFile) return;
  throw new InputError(
    `--format ${TORCH_TRAIN.name} writes a program and its configuration: nothing to quantize, no page.`,
    `Leave --quantize and --single-file out: repfuse export --format ${TORCH_TRAIN.name}`,
  );
}

function singleFileFormat(name: string): ReturnType<typeof webFormat> {
  if (name === "web") return webFormat(true);
  throw new InputError(
    `--single-file is for --format web; the format is ${name}.`,
    "Leave one of the two out, or: repfuse export --format web --single-file",
  );
}
