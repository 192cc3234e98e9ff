/** Runs tasks as a person would: a process of its own, in a folder of its own, with the permissions of deno.json. */
import { fileURLToPath } from "node:url";
import { encodeIdx } from "../../src/data/idx.ts";
import { drawShapes } from "../../src/data/shapes.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** How a task ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line of a task, as deno.json has it, for a process whose folder is elsewhere. */
function commandLine(task: string, args: readonly string[]): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`)) as {
    tasks: Record<string, { command: string }>;
  };
  const [run, ...rest] = tasks[task]!.command.split(" ").slice(1).map(fromRoot);
  return [run!, "--quiet", "--no-check", "--config", `${ROOT}deno.json`, ...rest, ...args];
}

/** Points a word of a task's line to this project: its script, and the cache of compiled kernels. */
function fromRoot(word: string): string {
  if (word.startsWith("tasks/")) return ROOT + word;
  return word.startsWith("--allow-write=") ? `${word},${ROOT}.cache` : word;
}

/** Starts a task in a folder. */
export function startTask(folder: string, task: string, ...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: commandLine(task, args),
    cwd: folder,
    // Where the person stands, whatever task runs these tests.
    env: { INIT_CWD: folder },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs a task in a folder to its end. */
export async function runTask(folder: string, task: string, ...args: string[]): Promise<Outcome> {
  return toOutcome(await startTask(folder, task, ...args).output());
}

/** Runs a task under a limit of the size of the files it writes: what a full disk looks like. */
export async function runTaskOnFullDisk(
  folder: string,
  kibibytes: number,
  task: string,
  ...args: string[]
): Promise<Outcome> {
  const line = [Deno.execPath(), ...commandLine(task, args)].map((word) => `'${word}'`).join(" ");
  return toOutcome(
    await new Deno.Command("bash", {
      args: ["-c", `trap '' XFSZ; ulimit -f ${kibibytes}; exec ${line}`],
      cwd: folder,
      env: { INIT_CWD: folder },
      stdin: "null",
    }).output(),
  );
}

/** What a process printed, as text. */
export function toOutcome({ code, stdout, stderr }: Deno.CommandOutput): Outcome {
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** A fresh folder with a small data set in `small/` and a small network in `small.json`. */
export async function inWorkplace(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "repfuse-e2e-" });
  try {
    await writeWorkplace(folder);
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Writes the data set and the configuration of {@link inWorkplace} into a folder. */
export async function writeWorkplace(folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/small`);
  for (const [part, count] of [["train", 96], ["test", 40]] as const) {
    const { images, labels } = drawShapes(part, count);
    await Deno.writeFile(
      `${folder}/small/${part}-images-idx4-ubyte`,
      encodeIdx({ shape: [count, 32, 32, 3], data: images }),
    );
    await Deno.writeFile(
      `${folder}/small/${part}-labels-idx1-ubyte`,
      encodeIdx({ shape: [count], data: Uint8Array.from(labels) }),
    );
  }
  await Deno.writeTextFile(
    `${folder}/small.json`,
    JSON.stringify({
      data: { source: "small" },
      network: { block: "repvgg", stem: { width: 8, stride: 4 }, stages: [{ depth: 2, width: 8 }] },
      training: {
        epochs: 4,
        batchSize: 32,
        learningRate: 0.05,
        dropout: 0.1,
        rDropAlpha: 1,
        emaDecay: 0.8,
      },
    }),
  );
}

/** The one run in a workplace. */
export function onlyRun(folder: string): string {
  const [name, ...others] = Array.from(Deno.readDirSync(`${folder}/runs`), (entry) => entry.name);
  if (name === undefined || others.length > 0) throw new Error(`expected one run: ${[name, ...others]}`);
  return `runs/${name}`;
}
