/**
 * What a person names for a task that takes a run or a model: a run directory, any `model.json`, or nothing for the newest
 * run.
 *
 * @module
 */
import { MODEL_FILE } from "../formats/tfjs/layers_model.ts";
import { exists } from "../files/read.ts";
import { findRun, type RunDirectory, type RunStage } from "./run_directory.ts";

/** A run of ours, or a model of anybody's. */
export type Source =
  | { readonly kind: "run"; readonly run: RunDirectory }
  | {
    readonly kind: "model";
    /** What was named: the file, or the folder that holds it. */
    readonly path: string;
    /** The folder that holds the file, without a closing slash. */
    readonly folder: string;
  };

/**
 * The run or the model that a person means.
 *
 * @param named A run directory, a `model.json` or its folder; undefined for the newest run.
 * @param stage How far a run must have come.
 * @throws {InputError} when there is no such run, with the command that makes one.
 */
export async function findSource(named: string | undefined, stage: RunStage): Promise<Source> {
  if (named === undefined || !(await isModel(named))) {
    return { kind: "run", run: await findRun(named, stage) };
  }
  return { kind: "model", path: named, folder: folderOf(named) };
}

async function isModel(path: string): Promise<boolean> {
  return path.endsWith(".json") || await exists(`${path}/${MODEL_FILE}`);
}

function folderOf(path: string): string {
  if (!path.endsWith(".json")) return path.replace(/\/+$/, "");
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".";
}
