/**
 * `deno task kernels`: holds the fast kernels against PyTorch, the stock kernels, onnxruntime-web and float64, in turn.
 *
 * @module
 */
import { InvalidArgumentError } from "@commander-js/extra-typings";
import { newCommand, print, printColumns, printJson, runTask, wholeNumber } from "../src/cli/command.ts";
import { createProgress } from "../src/cli/progress.ts";
import { renderTable } from "../src/text/table.ts";
import { startBackend } from "../src/kernels/tfjs/backend.ts";
import { type Result, statusOf, TARGET_COLUMNS, targetRow } from "../benchmarks/kernels/targets.ts";
import { compareKernels, kernelRow } from "../benchmarks/kernels/kernel_section.ts";
import { kernelSets } from "../benchmarks/kernels/kernel_sets.ts";
import { measurePeak } from "../benchmarks/kernels/peak.ts";
import { a0Section, errorsSection, stepSection, tinySection } from "../benchmarks/kernels/sections.ts";

const SECTIONS = ["step", "a0", "tiny", "errors", "shapes"] as const;
const DEFAULT_ROUNDS = 20;
/** Debian's PyTorch belongs to Debian's interpreter, which need not be the first in the path. */
const PYTHONS = ["python3", "/usr/bin/python3"];

function sectionNames(text: string): (typeof SECTIONS)[number][] {
  return text.split(",").map((name) => {
    const section = SECTIONS.find((known) => known === name);
    if (section === undefined) throw new InvalidArgumentError(`The sections are ${SECTIONS.join(", ")}.`);
    return section;
  });
}

const command = newCommand("kernels", "Hold the fast kernels against others, in turn within one run.")
  .option("--rounds <count>", "pairs of times for each figure", wholeNumber(2), DEFAULT_ROUNDS)
  .option("--only <sections>", `some of ${SECTIONS.join(",")} (default: all)`, sectionNames)
  .option("--shape <text>", "of the shapes, only those whose name contains this", "")
  .addHelpText("after", "\nExample: repfuse kernels --only a0,tiny --rounds 40");

await runTask(command.action(async (options) => {
  const progress = createProgress(options);
  const wanted = new Set(options.only ?? SECTIONS);
  const section = {
    rounds: options.rounds,
    pythons: PYTHONS,
    update: progress.update,
  };
  const info = await startBackend({ kernels: "stock" });
  const sets = await kernelSets();
  const sections = [
    ...(wanted.has("step") ? [await stepSection(section)] : []),
    ...(wanted.has("a0") ? [await a0Section(sets, section)] : []),
    ...(wanted.has("tiny") ? [await tinySection(sets, section)] : []),
    ...(wanted.has("errors") ? [errorsSection(sets, section)] : []),
  ];
  const results: Result[] = sections.flatMap((section) => section.results);
  const notes = sections.flatMap((section) => section.notes);
  const peakGflops = wanted.has("shapes") ? await measurePeak() : NaN;
  const shapes = wanted.has("shapes") ? await compareKernels(sets, { ...section, only: options.shape }) : [];
  if (options.json) {
    const judged = results.map((result) => ({ ...result, status: statusOf(result) }));
    return printJson({
      backend: info.backend,
      version: info.version,
      results: judged,
      notes,
      peakGflops,
      shapes,
    });
  }
  if (results.length > 0) {
    print(renderTable(TARGET_COLUMNS, results.map(targetRow), { width: printColumns() }));
    print(notes.join("\n") + "\n");
  }
  if (shapes.length > 0) {
    const columns = ["", "fast ms", "stock ms", "ratio", "95%", "GFLOP/s", "of the peak"];
    print(
      renderTable(columns, shapes.map((shape) => kernelRow(shape, peakGflops)), { width: printColumns() }),
    );
    print(`Peak of 128-bit multiply-adds on one thread here: ${peakGflops.toFixed(1)} GFLOP/s.`);
  }
}));
