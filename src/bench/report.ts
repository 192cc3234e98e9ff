/**
 * A benchmark as people read it: what was measured where, what each form costs, and how fast each form is.
 * The {@link BenchReport} itself is what `bench.json` and `--json` hold.
 *
 * @module
 */
import { formatBytes, formatCount } from "../text/quantities.ts";
import { renderTable } from "../text/table.ts";
import type { Environment } from "../timing/environment.ts";
import type { BenchFindings, BenchResult, BenchSettings, Speedup } from "./bench.ts";

/** The content of `bench.json`. */
export interface BenchReport extends BenchFindings {
  /** The run that the forms come from. */
  readonly run: string;
  /** The network's name and its input: "toy, 32x32x3". */
  readonly network: string;
  /** What ran both forms, where that was not TensorFlow.js: "onnxruntime-web wasm 1.30.0, 1 thread". */
  readonly engine?: string;
  /** Where it was measured, and when. */
  readonly environment: Environment;
  /** How it was measured. `budgetMs` is null where there was no limit. */
  readonly settings: BenchSettings;
  /** Size of the backend's whole heap at the end, all forms together; it never shrinks. */
  readonly backendHeapBytes: number;
}

/** What a report calls the fused form where the runtime runs it and not the engine of both forms. */
export const RUNTIME_FORM = "fused, runtime";

/** What the benchmark is about: the fused form against the training form, both on the same engine. */
export function headlineOf({ speedup }: Pick<BenchReport, "speedup">): readonly Speedup[] {
  return speedup.filter(({ form }) => form !== RUNTIME_FORM);
}

/** What is measured beside the two forms, in a sentence; empty where nothing is. */
export function besideText({ forms, engine }: Pick<BenchReport, "forms" | "engine">): string {
  const without = engine === undefined ? "TensorFlow.js" : "onnxruntime";
  return forms.some(({ form }) => form === RUNTIME_FORM)
    ? `"${RUNTIME_FORM}" is the fused form without ${without}, on our kernels and as many threads.`
    : "";
}

/** The report for a terminal: three paragraphs of plain text. */
export function renderReport(report: BenchReport, width?: number): string {
  const beside = besideText(report);
  return [
    `${report.network}\n${whereText(report)}\n${beside === "" ? "" : beside + "\n"}`,
    costTable(report, width),
    timeTable(report, width),
  ].join(
    "\n",
  );
}

/** Where it ran, in one line: a figure means nothing without it. */
export function whereText(
  { engine, environment }: Pick<BenchReport, "engine" | "environment">,
): string {
  const { backend, runtime, processor, cores } = environment;
  const kernels = backend.kernels === "stock" ? "stock kernels" : `fast kernels (${backend.instructionSet})`;
  const where = processor === "unknown" ? "unknown processor" : processor;
  const tfjs = () =>
    `TensorFlow.js ${backend.backend} ${backend.version}, ${kernels}, ${
      formatCount(backend.threads, "thread")
    }`;
  return `${engine ?? tfjs()}; ${runtime}; ${where}, ${formatCount(cores, "core")}`;
}

function costTable({ forms }: BenchReport, width?: number): string {
  return renderTable(
    ["form", "parameters", "weights", { title: "tensors in use", dispensable: 1 }, "heap in use"],
    forms.map((form) => [
      form.form,
      form.parameters.toLocaleString("en"),
      formatBytes(form.bytes),
      form.tensors ?? "-",
      form.heapBytes === null ? "-" : formatBytes(form.heapBytes),
    ]),
    { width },
  );
}

function timeTable({ results, speedup }: BenchReport, width?: number): string {
  const formatMs = millisecondFormat(results);
  return renderTable(
    [
      "batch",
      "form",
      "median ms",
      { title: "p95 ms", dispensable: 2 },
      { title: "images/s", dispensable: 1 },
      "speedup",
      { title: "95% interval", align: "right" },
      { title: "rounds", dispensable: 3 },
    ],
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
    { width },
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
