/**
 * `deno task demo`: exports the page of a run and serves it on this machine, with the headers that isolate it.
 *
 * @module
 */
import { newCommand, print, runTask, wholeNumber } from "../src/cli/command.ts";
import { interruptSignal } from "../src/cli/interrupt.ts";
import { createProgress } from "../src/cli/progress.ts";
import { exportModel } from "../src/deploy/export_model.ts";
import { readModelSource } from "../src/run/read_source.ts";
import { Datasets } from "../src/run/datasets.ts";
import { webFormat } from "../src/deploy/web_format.ts";
import { startBackend } from "../src/kernels/backend.ts";
import { DEFAULT_PORT, LOOPBACK, serveFolder } from "../src/deploy/serve/server.ts";

const command = newCommand("demo", "Export the page of a run and serve it on this machine.")
  .argument("[source]", "a run, a fused folder, or any model.json (default: the newest fused run)")
  .option(
    "--port <number>",
    `this port and no other (default: the first free one from ${DEFAULT_PORT})`,
    wholeNumber(0, 65535),
  )
  .option("--host <address>", "the address to listen on; 0.0.0.0 lets other machines in", LOOPBACK)
  .option("--output <folder>", "where the page goes (default: export/web in the run)")
  .addHelpText("after", "\nExample: deno task demo --port 9000");

await runTask(command.action(async (named, options) => {
  const progress = createProgress(options);
  const signal = interruptSignal();
  const source = await readModelSource(named);
  const dataset = await new Datasets(progress).ofNetwork(source.data);
  await startBackend();
  const { output } = await exportModel(source, {
    format: webFormat(false),
    precision: "float32",
    output: options.output,
    dataset,
    progress,
  });
  const { host, port } = options;
  const server = await serveFolder(output, { host, ...(port === undefined ? {} : { port }) });
  print(
    options.json
      ? JSON.stringify({ url: server.url, folder: output })
      : `Serving ${output}/ at ${server.url}`,
  );
  if (!options.json) print("Stop with Ctrl-C.");
  signal.addEventListener("abort", () => server.stop());
  await server.finished;
}));
