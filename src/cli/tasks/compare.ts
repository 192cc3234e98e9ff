/**
 * `repfuse compare`: several runs in one table and one chart.
 *
 * @module
 */
import { type ComparedRun, compareRuns } from "../../run/comparison_run.ts";
import { findRun, listRuns } from "../../run/run_directory.ts";
import { formatShare } from "../../text/quantities.ts";
import { renderTable } from "../../text/table.ts";
import { newCommand, print, printColumns, printJson } from "../command.ts";

/** Runs that are compared when none are named, at most. */
const NEWEST = 5;

/** The command `compare`. */
export function compareCommand() {
  return newCommand(
    "compare",
    "Compare runs: accuracy epoch by epoch in one chart, and what each has reached.",
  )
    .argument("[runs...]", `run directories or names of runs (default: the ${NEWEST} newest)`)
    .option("--output <file>", "where the chart goes", "comparison.svg")
    .addHelpText("after", "\nExample: repfuse compare plain wide --output comparison.svg")
    .action(async (named, { json, output }) => {
      const names = named.length > 0 ? named : (await listRuns()).slice(0, NEWEST);
      const runs = await Promise.all(
        (names.length > 0 ? names : [undefined]).map((name) => findRun(name, "started")),
      );
      const compared = await compareRuns(runs, output);
      if (json) return printJson({ runs: compared, chart: output });
      print(renderTable(COLUMNS, compared.map(rowOf), { width: printColumns() }));
      print(`Chart: ${output}`);
    });
}

const right = (title: string) => ({ title, align: "right" } as const);
const COLUMNS = [
  { title: "run" },
  { title: "network" },
  { title: "data" },
  right("epochs"),
  right("validation"),
  right("test"),
  right("parameters"),
  right("speedup"),
];

function rowOf(run: ComparedRun): string[] {
  const share = (value: number | undefined) => value === undefined ? "" : formatShare(value);
  return [
    run.run,
    run.network,
    run.data,
    String(run.epochs),
    share(run.validationAccuracy),
    share(run.testAccuracy),
    run.parameters?.map((count) => count.toLocaleString("en")).join(" to ") ?? "",
    run.speedup === undefined ? "" : `${run.speedup.toFixed(2)}x`,
  ];
}
