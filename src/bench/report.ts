/**
 * A benchmark as people read it: what was measured where, what each form costs, and how fast each form is.
 * The {@link BenchReport} itself is what `bench.json` and `--json` hold.
 *
 * @module
 */
import { formatBytes } from "../text/quantities.ts";
import { renderTable } from "../text/table.ts";
import type { Environment } from "../timing/environment.ts";
import type { BenchFindings, BenchResult, BenchSettings, Speedup } from "./bench.ts";

/** The content of `bench.json`. */
export interface BenchReport extends BenchFindings {
  /** The run that the forms come from. */
  readonly run: string;
  /** The network's name and its input: "toy, 32x32x3". */
  readonly network: string;
  /** Where it was measured, and when. */
  readonly environment: Environment;
  /** How it was measured. `budgetMs` is null where there was no limit. */
  readonly settings: BenchSettings;
  /** Size of the backend's whole heap at the end, all forms together; it never shrinks. */
  readonly backendHeapBytes: number;
}

/** The report for a terminal: three paragraphs of plain text. */
export function renderReport(report: BenchReport): string {
  return [`${report.network}\n${whereText(report.environment)}\n`, costTable(report), timeTable(report)].join(
    "\n",
  );
}

/** Where it ran, in one line: a figure means nothing without it. */
export function whereText({ backend, runtime, processor, cores }: Environment): string {
  const kernels = backend.kernels === "stock" ? "stock kernels" : `fast kernels (${backend.instructionSet})`;
  const threads = backend.threads === 1 ? "1 thread" : `${backend.threads} threads`;
  const where = processor === "unknown" ? "unknown processor" : processor;
  return `TensorFlow.js ${backend.backend} ${backend.version}, ${kernels}, ${threads}; ${runtime}; ${where}, ${cores} cores`;
}

function costTable({ forms }: BenchReport): string {
  return renderTable(
    ["form", "parameters", "weights", "tensors in use", "heap in use"],
    forms.map((form) => [
      form.form,
      form.parameters.toLocaleString("en"),
      formatBytes(form.bytes),
      form.tensors,
      formatBytes(form.heapBytes),
    ]),
  );
}

function timeTable({ results, speedup }: BenchReport): string {
  const formatMs = millisecondFormat(results);
  return renderTable(
    ["batch", "form", "median ms", "p95 ms", "images/s", "speedup", "95% interval", "rounds"].map((title) =>
      title === "95% interval" ? { title, align: "right" } : title
    ),
    results.map((result) => {
      const ratio = speedup.find(({ batch, form }) => batch === result.batch && form === result.form);
      return [
        result.batch,
        result.form,
        formatMs(result.medianMs),
        formatMs(result.p95Ms),
        Math.round(result.imagesPerSecond).toLocaleString("en"),
        ...(ratio === undefined ? ["", ""] : ratioCells(ratio)),
        result.rounds,
      ];
    }),
  );
}

function ratioCells({ ratio, low, high }: Speedup): [string, string] {
  return [`${ratio.toFixed(2)}x`, `${low.toFixed(2)}x to ${high.toFixed(2)}x`];
}

/** One number of decimals for the whole column, such that the fastest form keeps three digits. */
function millisecondFormat(results: readonly BenchResult[]): (ms: number) => string {
  const fastest = Math.min(...results.map(({ medianMs }) => medianMs));
  const decimals = fastest < 1 ? 3 : fastest < 10 ? 2 : 1;
  return (ms) => ms.toFixed(decimals);
}
