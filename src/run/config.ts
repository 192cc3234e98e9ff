/**
 * The configurations of runs that lie on the disk: a person's file, and the `config.json` of a run.
 *
 * @module
 */
import { readJson } from "../files/read.ts";
import {
  type AnyRunConfig,
  parseRunConfig,
  parseRunConfigInput,
  type RunConfigInput,
} from "../train/run_config.ts";

/**
 * Reads a configuration file.
 *
 * @param path A JSON file.
 * @throws {InputError} when it is not JSON or has unknown keys.
 */
export async function readRunConfigFile(path: string): Promise<RunConfigInput> {
  return parseRunConfigInput(await readJson(path, "a configuration"), `configuration ${path}`);
}

/**
 * Reads the `config.json` of a run.
 *
 * @param path The file.
 * @throws {InputError} when it is missing or not one of ours.
 */
export async function readRunConfig(path: string): Promise<AnyRunConfig> {
  return parseRunConfig(await readJson(path, "a run's configuration"), path);
}
