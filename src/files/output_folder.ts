/**
 * Folders that a task makes and makes anew, such as a fused model or an export. What is not ours is not touched: a folder
 * that stands there already is replaced only where a file inside says that this task made it and nothing else lies in it,
 * and an output never overlaps an input, whatever links or `..` its path goes through.
 *
 * @module
 */
import { renameSync, rmSync } from "node:fs";
import { lstat, mkdir, readdir, realpath, rm, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import process from "node:process";
import { InputError, WorkError } from "../errors.ts";
import { TEMPORARY_ENDING } from "./atomic_write.ts";
import { fileFault } from "./file_errors.ts";
import { readJson } from "./read.ts";

/** A kind of folder that one task makes, and how one of that kind is known again. */
export interface OutputKind {
  /** For messages: "a fused model". */
  readonly what: string;
  /** Name of the JSON file that says that the task made the folder. */
  readonly marker: string;
  /**
   * Which files belong to the folder, as its marker tells.
   *
   * @returns undefined where the marker's content is not one of ours; else whether a file, named by its path inside the
   *   folder with "/" between the parts, is one that the task wrote.
   */
  recognize(marker: unknown): ((path: string) => boolean) | undefined;
}

/** Where a folder is to go, and what must not be touched on the way. */
export interface OutputRequest {
  readonly path: string;
  readonly kind: OutputKind;
  /** Files and folders that the task reads; those that are not there are passed over. */
  readonly inputs: readonly string[];
}

/**
 * Refuses a place where the folder may not go; nothing is made. Call it before any work is done.
 *
 * @throws {InputError} when a file stands there, a folder that is not one of the kind, or an input lies in the way.
 */
export async function checkOutputFolder({ path, kind, inputs }: OutputRequest): Promise<void> {
  const target = await realPathOf(path);
  for (const input of inputs) {
    const source = await realPathOf(input);
    if (await kindOf(source) === undefined) continue;
    if (!contains(target, source) && !contains(source, target)) continue;
    throw new InputError(
      `Cannot write ${kind.what} to ${path}: it ${describeOverlap(target, source)} ${input}, which is read.`,
      "Choose another folder with --output.",
    );
  }
  const reason = await objection(target, kind);
  if (reason === undefined) return;
  throw new InputError(
    `Cannot write ${kind.what} to ${path}: ${reason}.`,
    "Choose a folder with --output that is empty or not there yet, or move away what lies in it.",
  );
}

/**
 * Replaces the folder by one that `fill` makes: it is filled under a temporary name and renamed into place.
 *
 * @param fill Writes the content below the temporary folder it is given. When it throws, the old folder stays as it was.
 * @throws {InputError} as {@link checkOutputFolder} does, before and after the work.
 * @throws {WorkError} when the place cannot be written.
 */
export async function replaceFolder(
  request: OutputRequest,
  fill: (temporary: string) => Promise<void>,
): Promise<void> {
  await checkOutputFolder(request);
  const target = await realPathOf(request.path);
  // Names that nobody else has: a folder of the person's may be called "model.partial".
  const unique = `${crypto.randomUUID().slice(0, 8)}${TEMPORARY_ENDING}`;
  const beside = (name: string) => join(dirname(target), `.${basename(target)}.${name}-${unique}`);
  const [temporary, previous] = [beside("new"), beside("old")];
  let moved = false;
  // Also where the process ends in between, as by Ctrl-C: what stood there stands there again, and nothing lies beside it.
  const undo = () => {
    rmSync(temporary, { recursive: true, force: true });
    if (moved) renameSync(previous, target);
  };
  process.once("exit", undo);
  try {
    await mkdir(temporary, { recursive: true });
    await fill(temporary);
    await checkOutputFolder(request);
    if (await kindOf(target) !== undefined) {
      renameSync(target, previous);
      moved = true;
    }
    renameSync(temporary, target);
    moved = false;
  } catch (error) {
    undo();
    throw isRefusedByTheSystem(error)
      ? new WorkError(`Cannot write ${request.path}: ${error.message}`, "Choose a place that can be written.")
      : error;
  } finally {
    process.off("exit", undo);
  }
  await removeFolder(previous);
}

/**
 * Removes the folder where it is one that may be replaced, so that nobody takes what it holds for the result of work that
 * failed.
 *
 * @throws {InputError} as {@link checkOutputFolder} does; then nothing is removed.
 */
export async function removeOutputFolder(request: OutputRequest): Promise<void> {
  await checkOutputFolder(request);
  await removeFolder(await realPathOf(request.path));
}

/** A kind whose files are known by their names, beside a marker that is a JSON object with certain keys. */
export function kindByNames(
  what: string,
  marker: string,
  { keys, names }: { keys: readonly string[]; names: RegExp },
): OutputKind {
  return {
    what,
    marker,
    recognize(content) {
      if (typeof content !== "object" || content === null || !keys.every((key) => key in content)) {
        return undefined;
      }
      return (path) => path === marker || names.test(path);
    },
  };
}

/** Removes a folder and everything in it; no error when it is not there. */
export async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

/** Why what stands at a path may not be replaced; undefined where it may, or where nothing stands there. */
async function objection(target: string, kind: OutputKind): Promise<string | undefined> {
  const found = await kindOf(target);
  if (found === undefined) return undefined;
  if (found === "file") return "it is a file or lies below one";
  const files = await filesBelow(target);
  if (files.length === 0) return undefined;
  const isOurs = files.includes(kind.marker)
    ? kind.recognize(await readJson(join(target, kind.marker), "JSON").catch(() => undefined))
    : undefined;
  if (isOurs === undefined) {
    return `it holds ${
      files[0]
    }, and no ${kind.marker} that says that RepFuse made it, so nothing in it is touched`;
  }
  const stranger = files.find((file) => !isOurs(file));
  return stranger === undefined ? undefined : `it holds ${stranger}, which RepFuse did not write there`;
}

async function kindOf(path: string): Promise<"file" | "folder" | undefined> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch (error) {
    const fault = fileFault(error);
    if (fault === "a file") return "file";
    if (fault === "missing") return undefined;
    throw error;
  }
}

/** Paths of all files below a folder, and of its empty folders with a closing slash; links are not followed. */
async function filesBelow(folder: string, prefix = ""): Promise<string[]> {
  const paths: string[] = [];
  for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
    const path = prefix + entry.name;
    if (!entry.isDirectory()) paths.push(path);
    else {
      const inside = await filesBelow(folder, `${path}/`);
      paths.push(...(inside.length === 0 ? [`${path}/`] : inside));
    }
  }
  return paths.sort();
}

/** The path without links and `..`, of what is there and of what is not there yet. */
async function realPathOf(path: string): Promise<string> {
  const full = resolve(path);
  try {
    return await realpath(full);
  } catch (error) {
    if (!isMissing(error)) throw error;
    const parent = dirname(full);
    if (parent === full || await isLink(full)) return full;
    return join(await realPathOf(parent), basename(full));
  }
}

async function isLink(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isSymbolicLink() ?? false;
}

/** Whether `inner` is `outer`, or lies in it. */
function contains(outer: string, inner: string): boolean {
  const way = relative(outer, inner);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function describeOverlap(target: string, source: string): string {
  if (target === source) return "is the same as";
  return contains(target, source) ? "holds" : "lies in";
}

function isMissing(error: unknown): boolean {
  const fault = fileFault(error);
  return fault === "missing" || fault === "a file";
}

function isRefusedByTheSystem(error: unknown): error is Error {
  const fault = fileFault(error);
  return fault === "denied" || fault === "full" || fault === "a file";
}
