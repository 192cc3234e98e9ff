/**
 * `deno task build [folder]`: the npm package, as `repfuse-<version>.tgz` in the folder, which is made anew (default: `dist`).
 *
 * The sources are compiled folder by folder into `lib/`, with their assets beside them. What a clone makes on first use lies
 * there ready: the compiled kernels, and the scripts that run in browsers. So neither AssemblyScript nor a bundler is needed
 * where the package is installed.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { CONTEST_SCRIPT, THREAD_SCRIPT } from "../src/bench/where/contest_folder.ts";
import { builtFile, scriptOf } from "../src/deploy/script.ts";
import { MODULE_SCRIPT } from "../src/deploy/module_format.ts";
import { PAGE_SCRIPT } from "../src/deploy/web_format.ts";
import { compile } from "./compile.ts";
import { filesBelow } from "./files_below.ts";
import { manifestOf, packagesIn, type Project } from "./manifest.ts";
import { shipKernels } from "./shipped_kernels.ts";

const ROOT = new URL("../", import.meta.url);
const SOURCE = new URL("src/", ROOT);
const DIST = pathToFileURL(resolve(process.argv[2] ?? fileURLToPath(new URL("dist", ROOT))) + "/");
const PACKAGE = new URL("package/", DIST);
const LIBRARY = "lib";
const COMPILED = new URL(`${LIBRARY}/`, PACKAGE);

/** Entries that nothing imports: the command, and what a worker begins with. */
const ENTRIES = [
  "cli/main.ts",
  "kernels/threads/node_worker.ts",
  "kernels/threads/spawn_browser.ts",
  "kernels/threads/browser_worker.ts",
  "run/ablation_worker.ts",
  "run/twin_worker.ts",
];

/** Files that the code reads as they are. */
const ASSETS = /\.(?:html|css|py)$|(?:^|\/)api\.ts$/;

const SCRIPTS = [PAGE_SCRIPT, MODULE_SCRIPT, CONTEST_SCRIPT, THREAD_SCRIPT];

const project = JSON.parse(await readFile(new URL("deno.json", ROOT), "utf8")) as Project;

await rm(DIST, { recursive: true, force: true });
await compile(
  [
    ...ENTRIES.map((name) => new URL(name, SOURCE)),
    ...Object.values(project.exports).map((path) => new URL(path, ROOT)),
  ],
  { strictness: project.compilerOptions, source: SOURCE, target: COMPILED },
);
await shipKernels(new URL("kernels/", COMPILED));
for (const script of SCRIPTS) await place(relativeTo(SOURCE, builtFile(script)), await scriptOf(script));
for (const name of await filesBelow(SOURCE, ASSETS)) {
  await place(name, await readFile(new URL(name, SOURCE)));
}
for (const name of ["README.md", "LICENSE", "CHANGELOG.md"]) {
  await copyFile(new URL(name, ROOT), new URL(name, PACKAGE));
}
await chmod(new URL("cli/main.js", COMPILED), 0o755);
const manifest = manifestOf(project, await importedPackages(), LIBRARY);
await writeFile(new URL("package.json", PACKAGE), JSON.stringify(manifest, null, 2) + "\n");
const { stdout } = await promisify(execFile)("npm", [
  "pack",
  "--silent",
  "--pack-destination",
  fileURLToPath(DIST),
], {
  cwd: fileURLToPath(PACKAGE),
});
console.log(fileURLToPath(new URL(stdout.trim(), DIST)));

/** Writes a file of the library. */
async function place(name: string, content: string | Uint8Array): Promise<void> {
  const file = new URL(name, COMPILED);
  await mkdir(new URL("./", file), { recursive: true });
  await writeFile(file, content);
}

async function importedPackages(): Promise<Set<string>> {
  const packages = new Set<string>();
  for (const name of await filesBelow(COMPILED, /(?<!\.bundle)\.js$|\.d\.ts$/)) {
    for (const found of packagesIn(await readFile(new URL(name, COMPILED), "utf8"))) packages.add(found);
  }
  return packages;
}

function relativeTo(folder: URL, file: URL): string {
  return decodeURIComponent(file.href.slice(folder.href.length));
}
