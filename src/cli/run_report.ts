/**
 * The last thing that a task does to a run that it has added to: `report.html` is written anew.
 *
 * @module
 */
import { exists } from "../files/read.ts";
import { writeReport } from "../run/report_run.ts";
import { type RunDirectory, runDirectoryAt } from "../run/run_directory.ts";

/**
 * Writes the report of a run anew.
 *
 * @param run A run, or a folder that may be one; for another folder nothing is written.
 * @returns A line for the person, or undefined where there is no run.
 */
export async function refreshReport(run: RunDirectory | string): Promise<string | undefined> {
  const directory = typeof run === "string" ? runDirectoryAt(run) : run;
  if (!(await exists(directory.config))) return undefined;
  return `Report: ${await writeReport(directory)}`;
}
