/**
 * The places where a contest can be held. Each starts a process of its own on the same folder.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { realpath } from "node:fs/promises";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { InputError, WorkError } from "../../errors.ts";
import { exists } from "../../files/read.ts";
import { listen } from "../../deploy/serve/http_server.ts";
import { staticFiles } from "../../deploy/serve/static_files.ts";
import { LOOPBACK } from "../../deploy/serve/server.ts";
import type { ContestResult } from "./contest_data.ts";
import { LAUNCHER_FILE, POSTS, PROGRESS_MARK } from "./launchers.ts";

/** The places, in the order of the table. */
export const PLACES = ["deno", "node", "browser"] as const;

/** Where a contest is held. */
export type Place = (typeof PLACES)[number];

/** Where Debian and others put Chromium. */
const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser"];

const CHROMIUM_FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-extensions",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** No contest takes so long; a browser that hangs says nothing. In ms. */
const PATIENCE_MS = 600_000;

/**
 * Holds the contest in one place.
 *
 * @param folder From `fillContestFolder`.
 * @param threads How many threads; more than 1 in a browser alone.
 * @param onProgress Told how far it is.
 * @throws {InputError} when the place is not installed.
 * @throws {WorkError} when the contest fails there, with what it said.
 */
export async function holdAt(
  place: Place,
  folder: string,
  threads: number,
  onProgress: (message: string) => void,
): Promise<ContestResult> {
  switch (place) {
    case "deno":
      return await inProcess(
        "deno",
        ["run", "--quiet", "--no-config", "--allow-read", "--allow-env"],
        folder,
        onProgress,
      );
    case "node":
      return await inProcess("node", [], folder, onProgress);
    case "browser":
      return await inBrowser(folder, threads, onProgress);
  }
}

async function inProcess(
  program: string,
  args: readonly string[],
  folder: string,
  onProgress: (message: string) => void,
): Promise<ContestResult> {
  const script = `${await realpath(folder)}/${LAUNCHER_FILE}`;
  const child = spawn(program, [...args, script], { stdio: ["ignore", "pipe", "pipe"] });
  const [complaints, stdout, [code]] = await Promise.all([
    readProgress(child.stderr, onProgress),
    text(child.stdout),
    once(child, "close") as Promise<[number | null]>,
  ]).catch((error) => {
    throw cannotStart(program, error);
  });
  // TensorFlow.js greets whom it takes for Node.js: the result is the last line.
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  if (code === 0 && last.startsWith("{")) return JSON.parse(last) as ContestResult;
  throw new WorkError(`The contest failed in ${program}: ${complaints.trim() || "it said nothing"}`);
}

/** Hands on the lines of progress; returns the others. */
async function readProgress(
  stream: Readable,
  onProgress: (message: string) => void,
): Promise<string> {
  let rest = "";
  let others = "";
  for await (const chunk of stream.setEncoding("utf8")) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      if (line.startsWith(PROGRESS_MARK)) onProgress(line.slice(PROGRESS_MARK.length));
      else others += `${line}\n`;
    }
  }
  return others + rest;
}

async function inBrowser(
  folder: string,
  threads: number,
  onProgress: (message: string) => void,
): Promise<ContestResult> {
  const program = await findChromium();
  const files = await staticFiles(folder);
  let resolve!: (result: ContestResult) => void;
  let reject!: (error: unknown) => void;
  const held = new Promise<ContestResult>((...ways) => [resolve, reject] = ways);
  const server = await listen(
    async (request) => {
      if (request.method !== "POST") return await files(request);
      const text = await request.text();
      const { pathname } = new URL(request.url);
      if (pathname === POSTS.progress) onProgress(text);
      else if (pathname === POSTS.result) resolve(JSON.parse(text) as ContestResult);
      else reject(new WorkError(`The contest failed in ${program}: ${text}`));
      return new Response(null, { status: 204 });
    },
    LOOPBACK,
    0,
  );
  const profile = `${await realpath(folder)}/profile`;
  const url = `http://${LOOPBACK}:${server.port}/?threads=${threads}`;
  let child: ChildProcess | undefined;
  const timer = setTimeout(
    () => reject(new WorkError(`${program} has not finished the contest.`)),
    PATIENCE_MS,
  );
  try {
    child = spawn(program, [...CHROMIUM_FLAGS, `--user-data-dir=${profile}`, url], { stdio: "ignore" });
    child.once("error", reject);
    child.once("exit", (code) => reject(new WorkError(`${program} has ended with code ${code}.`)));
    return await held;
  } catch (error) {
    throw error instanceof WorkError ? error : cannotStart(program, error);
  } finally {
    clearTimeout(timer);
    await end(child);
    await server.stop();
  }
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

async function findChromium(): Promise<string> {
  for (const path of CHROMIUM) if (await exists(path)) return path;
  throw new InputError(
    `There is no Chromium here: ${CHROMIUM.join(" and ")} are missing.`,
    "Install it (apt-get install chromium), or leave the browser out: --where deno,node",
  );
}

function cannotStart(program: string, error: unknown): InputError {
  const reason = error instanceof Error ? error.message : String(error);
  return new InputError(
    `Cannot start ${program}: ${reason}`,
    `Install it, or leave it out of --where (${PLACES.join(", ")}).`,
  );
}
