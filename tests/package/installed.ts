/**
 * The package as a person gets it: built, packed, and installed by npm in a folder of its own, where there is no Deno and
 * nothing of the repository.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** How a program ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export function run(program: string, args: readonly string[], cwd: string): Promise<Ended> {
  const env = { ...process.env, XDG_CACHE_HOME: join(cwd, ".cache"), NO_COLOR: "1" };
  return new Promise((resolve) => {
    execFile(program, args, { cwd, env, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, stdout, stderr: error === null ? stderr : stderr || error.message });
    });
  });
}

/** Runs a program that must do what it is asked; gives what it prints. */
export async function mustRun(program: string, args: readonly string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, cwd);
  assert.equal(code, 0, `${program} ${args.join(" ")}\n${stderr}${stdout}`);
  return stdout;
}

/** Does something in a folder with a space in its name, where the package is installed. */
export async function whereInstalled(work: (folder: string) => Promise<void>): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), "repfuse-package-"));
  try {
    const folder = join(parent, "a person's folder");
    await mkdir(folder);
    await writeFile(join(folder, "package.json"), '{"private":true,"type":"module"}');
    const tarball = await mustRun(
      "deno",
      ["run", "--quiet", "--allow-all", join(ROOT, "package/build.ts"), join(parent, "dist")],
      ROOT,
    );
    await mustRun("npm", ["install", "--silent", "--no-audit", "--no-fund", tarball.trim()], folder);
    await work(folder);
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

/** Writes a module into the folder and runs it with Node.js; gives what it prints. */
export async function runModule(folder: string, text: string): Promise<string> {
  const file = join(folder, `${crypto.randomUUID()}.js`);
  await writeFile(file, text);
  return await mustRun("node", [file], folder);
}
