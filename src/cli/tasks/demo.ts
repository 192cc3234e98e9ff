/**
 * `repfuse demo`: exports the page of a run and serves it on this machine, with the headers that isolate it.
 *
 * @module
 */
import { print, printJson, wholeNumber } from "../command.ts";
import { untilInterrupted } from "../interrupt.ts";
import { createProgress } from "../progress.ts";
import { exportModel } from "../../run/export_run.ts";
import { readModelSource } from "../../run/read_source.ts";
import { Datasets } from "../../run/datasets.ts";
import { webFormat } from "../../deploy/web_format.ts";
import { newComputeCommand, startBackendFor } from "../backend_options.ts";
import { DEFAULT_PORT, LOOPBACK, serveFolder } from "../../deploy/serve/server.ts";

/** The command `demo`. */
export function demoCommand() {
  return newComputeCommand("demo", "Export the page of a run and serve it on this machine.")
    .argument("[source]", "a run, a fused folder, or any model.json (default: the newest fused run)")
    .option(
      "--port <number>",
      `this port and no other (default: the first free one from ${DEFAULT_PORT})`,
      wholeNumber(0, 65535),
    )
    .option("--host <address>", "the address to listen on; 0.0.0.0 lets other machines in", LOOPBACK)
    .option("--output <folder>", "where the page goes (default: export/web in the run, or beside the model)")
    .addHelpText("after", "\nExample: repfuse demo --port 9000")
    .action(async (named, options) => {
      const progress = createProgress(options);
      const source = await readModelSource(named);
      const dataset = await new Datasets(progress).ofNetwork(source.data);
      await startBackendFor(options, progress);
      const { output } = await exportModel(source, {
        format: webFormat(false),
        precision: "float32",
        output: options.output,
        dataset,
        progress,
      });
      const { host, port } = options;
      const server = await serveFolder(output, { host, ...(port === undefined ? {} : { port }) });
      await untilInterrupted(async (signal) => {
        signal.addEventListener("abort", () => server.stop());
        if (options.json) printJson({ url: server.url, folder: output });
        else print(`Serving ${output}/ at ${server.url}\nStop with Ctrl-C.`);
        await server.finished;
      });
    });
}
