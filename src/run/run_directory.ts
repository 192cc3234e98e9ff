/**
 * The run directory `runs/<time>-<preset>/`, or `runs/<name>/`, where one training run keeps everything that it made:
 *
 * ```text
 * config.json  environment.json  metrics.jsonl  timing.jsonl  curves.svg
 * source/{model.json, weights-1of1.bin}                         the network that it was fine-tuned from
 * checkpoints/{last,previous,best}.safetensors
 * snapshot/{model.json, weights-1of1.bin, bn_snapshot.json}     the training form, frozen
 * fused/{model.json, weights-1of1.bin, fusion.json}             the deploy form, proven
 * network.svg  bench.json  bench.svg  evaluation/{fused,training}/  report.html
 * ```
 *
 * @module
 */
import { mkdir, readdir, readFile, stat } from "node:fs/promises";
import { InputError } from "../errors.ts";
import { fileFault } from "../files/file_errors.ts";
import { exists } from "../files/read.ts";
import { quoted } from "../text/shell.ts";

/** Where runs live unless a flag says otherwise. */
export const RUNS_FOLDER = "runs";

/** The files of one run. */
export interface RunDirectory {
  /** The folder itself, without a closing slash. */
  readonly path: string;
  readonly config: string;
  readonly environment: string;
  readonly metrics: string;
  readonly timing: string;
  readonly curves: string;
  /** A copy of the network that it is fine-tuned from. */
  readonly source: string;
  readonly checkpoints: string;
  readonly snapshot: string;
  readonly bnSnapshot: string;
  readonly fused: string;
  readonly fusionReport: string;
  readonly networkChart: string;
  readonly benchReport: string;
  readonly benchChart: string;
  /** The run of the plain twin. */
  readonly twin: string;
  /** What both have reached. */
  readonly twinComparison: string;
}

/** How far a run has come. */
export type RunStage = "started" | "trained" | "fused";

/** The paths of the run in a folder. Nothing is read or made. */
export function runDirectoryAt(folder: string): RunDirectory {
  const path = folder.replace(/\/+$/, "");
  return {
    path,
    config: `${path}/config.json`,
    environment: `${path}/environment.json`,
    metrics: `${path}/metrics.jsonl`,
    timing: `${path}/timing.jsonl`,
    curves: `${path}/curves.svg`,
    source: `${path}/source`,
    checkpoints: `${path}/checkpoints`,
    snapshot: `${path}/snapshot`,
    bnSnapshot: `${path}/snapshot/bn_snapshot.json`,
    fused: `${path}/fused`,
    fusionReport: `${path}/fused/fusion.json`,
    networkChart: `${path}/network.svg`,
    benchReport: `${path}/bench.json`,
    benchChart: `${path}/bench.svg`,
    twin: `${path}/twin`,
    twinComparison: `${path}/twin.json`,
  };
}

/**
 * Makes a new run directory, named by the time (UTC) and the preset.
 *
 * @param preset The preset's name, or "custom".
 * @param now The time of the start.
 * @param root Where runs live.
 */
export async function createRunDirectory(
  preset: string,
  now: Date,
  root = RUNS_FOLDER,
): Promise<RunDirectory> {
  const time = timeName(now);
  await mkdir(root, { recursive: true });
  for (let attempt = 1;; attempt++) {
    const path = `${root}/${time}-${preset}${attempt === 1 ? "" : `-${attempt}`}`;
    try {
      await mkdir(path);
      return runDirectoryAt(path);
    } catch (error) {
      if (fileFault(error) !== "there") throw error;
    }
  }
}

/** Whether a text can be the name of a run: a plain name, which means one folder on every system. */
export function isRunName(text: string): boolean {
  return /^\w[\w.-]*$/.test(text) && !text.endsWith(".");
}

/**
 * The folder of a run that a person gives a name.
 *
 * @throws {InputError} when it is there already.
 */
export async function namedFolder(name: string, root = RUNS_FOLDER): Promise<string> {
  const path = `${root}/${name}`;
  if (!(await exists(path))) return path;
  throw new InputError(`There is ${path} already.`, "Give another name with --name, or remove that folder.");
}

/**
 * Makes a run directory in a given place, or takes the empty one that is there.
 *
 * @param folder Where.
 */
export async function openRunDirectory(folder: string): Promise<RunDirectory> {
  await mkdir(folder, { recursive: true });
  return runDirectoryAt(folder);
}

/**
 * The run that a person means: the one they name, else the newest that has come far enough.
 *
 * @param named A run directory, the name of one below the root, or undefined for the newest.
 * @param stage How far it must have come.
 * @param root Where runs live.
 * @throws {InputError} when there is none, with the command that makes one.
 */
export async function findRun(
  named: string | undefined,
  stage: RunStage,
  root = RUNS_FOLDER,
): Promise<RunDirectory> {
  if (named !== undefined) {
    const run = await runNamed(named, root);
    if (run === undefined) {
      const runs = await listRuns(root);
      throw new InputError(
        `${named} is not a run: it has no config.json.`,
        runs.length > 0 ? `The newest run is ${runs[0]}.` : HINTS.started,
      );
    }
    if (!(await hasReached(run, stage))) {
      throw new InputError(`The run ${run.path} is not ${stage} yet.`, hintFor(stage, run.path));
    }
    return run;
  }
  for (const path of await listRuns(root)) {
    const run = runDirectoryAt(path);
    if (await hasReached(run, stage)) return run;
  }
  throw new InputError(`There is no ${stage} run below ${root}/.`, HINTS[stage]);
}

/** A time (UTC) as it stands in the names of folders. */
export function timeName(now: Date): string {
  return now.toISOString().slice(0, 19).replaceAll(":", "-");
}

/** The run directories below a folder, newest first. */
export function listRuns(root = RUNS_FOLDER): Promise<string[]> {
  return foldersByAge(root, "config.json");
}

/**
 * The folders below another that hold a file, the last started first: by the time that `environment.json` names, else by the
 * age of the file. Their names tell nothing, since people choose them.
 */
export async function foldersByAge(root: string, marker: string): Promise<string[]> {
  if (!(await exists(root))) return [];
  const found: { path: string; startedMs: number }[] = [];
  for (const entry of await readdir(root, { withFileTypes: true })) {
    const path = `${root}/${entry.name}`;
    if (!entry.isDirectory() || !(await exists(`${path}/${marker}`))) continue;
    found.push({ path, startedMs: await startedMs(path) ?? (await stat(`${path}/${marker}`)).mtimeMs });
  }
  return found
    .sort((a, b) => b.startedMs - a.startedMs || (a.path < b.path ? 1 : -1))
    .map(({ path }) => path);
}

/** When a run began, as its `environment.json` says; undefined where that cannot be read. */
async function startedMs(folder: string): Promise<number | undefined> {
  try {
    const { startedAt } = JSON.parse(await readFile(`${folder}/environment.json`, "utf8")) as {
      startedAt?: unknown;
    };
    const time = typeof startedAt === "string" ? Date.parse(startedAt) : NaN;
    return Number.isFinite(time) ? time : undefined;
  } catch {
    return undefined;
  }
}

/** Whether there is a run in a folder, or of that name below the root. */
export async function isRun(named: string, root = RUNS_FOLDER): Promise<boolean> {
  return await runNamed(named, root) !== undefined;
}

/** The run in a folder, or of that name below the root. */
async function runNamed(named: string, root: string): Promise<RunDirectory | undefined> {
  for (const path of [named, `${root}/${named}`]) {
    const run = runDirectoryAt(path);
    if (await exists(run.config)) return run;
  }
  return undefined;
}

const HINTS: Record<RunStage, string> = {
  started: "Start one: repfuse train",
  trained: "Train one first: repfuse train",
  fused: "Fuse one first: repfuse fuse",
};

function hintFor(stage: RunStage, path: string): string {
  if (stage === "fused") return `Fuse it first: repfuse fuse ${quoted(path)}`;
  return `Finish its training first: repfuse train --resume ${quoted(path)}`;
}

/** Whether a run has come as far as a stage. The last file that a stage writes says so. */
function hasReached(run: RunDirectory, stage: RunStage): Promise<boolean> {
  const marker = { started: run.config, trained: run.bnSnapshot, fused: run.fusionReport }[stage];
  return exists(marker);
}
