/**
 * Compiles the AssemblyScript kernels in `assembly/` with the compiler from npm, inside this process, on first use. The
 * result is kept in `.cache/kernels/` under a hash of all that it depends on; without permission to write there, it is
 * compiled again by every process (under a second).
 *
 * Every `assembly/*.as` is an entry file: what it exports, the module exports. What several share lies in
 * `assembly/lib/`. The ending is `.as` since AssemblyScript is not TypeScript, and `deno check` must not meet it.
 *
 * @module
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { WorkError } from "../errors.ts";
import { sha256 } from "../files/hash.ts";

/** What a build is made for. */
export interface KernelTarget {
  /** "relaxed-simd" has fused multiply-add; "simd" runs wherever there are 128-bit vectors. */
  readonly instructionSet: "relaxed-simd" | "simd";
  /** Whether the imported memory is a shared one. */
  readonly sharedMemory: boolean;
  /** Names of the files in `assembly/` that are compiled, without their ending; all of them when not given. */
  readonly only?: readonly string[];
}

/**
 * Pages of 64 KiB that the module declares as there from the start. V8 leaves out one of the two bounds checks of an
 * access whose constant offset lies inside them, where it cannot leave out both (denoland/deno#35658). The tfjs heap starts with 256.
 */
export const INITIAL_PAGES = 256;
/** The most that 32-bit addresses reach; the tfjs heap declares the same. */
const MAXIMUM_PAGES = 65536;
const ASSEMBLY = new URL("./assembly/", import.meta.url);
const CACHE = new URL("../../.cache/kernels/", import.meta.url);
const ENDING = ".as";

/**
 * The compiled kernels: from the cache, else from the compiler.
 *
 * @param cache Folder of the cache, with a closing slash. It is made; when it cannot be written, nothing is kept.
 * @throws {WorkError} when the sources do not compile; the message holds the compiler's.
 */
export async function buildKernels(target: KernelTarget, cache = CACHE): Promise<Uint8Array<ArrayBuffer>> {
  const sources = await readSources(target.only);
  const flags = compilerFlags(target);
  const key = await sha256(
    new TextEncoder().encode(JSON.stringify([await compilerVersion(), flags, [...sources]])),
  );
  const file = new URL(`${key}.wasm`, cache);
  const cached = await readCache(file);
  if (cached !== undefined) return cached;
  const binary = await compile(sources, flags);
  await writeCache(cache, file, binary);
  return binary;
}

function compilerFlags(target: KernelTarget): string[] {
  return [
    "-O2",
    "--noAssert",
    ...["--runtime", "stub"],
    ...["--use", "abort="],
    ...["--enable", "simd"],
    ...(target.instructionSet === "relaxed-simd" ? ["--enable", "relaxed-simd"] : []),
    "--importMemory",
    "--noExportMemory",
    ...["--initialMemory", String(INITIAL_PAGES)],
    ...(target.sharedMemory
      ? ["--sharedMemory", "--enable", "threads", "--maximumMemory", String(MAXIMUM_PAGES)]
      : []),
  ];
}

/** The sources by path relative to `assembly/`, without their ending, in a fixed order. */
async function readSources(only?: readonly string[]): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  for (const folder of ["", "lib/"]) {
    const names: string[] = [];
    for (const entry of await readdir(new URL(folder, ASSEMBLY), { withFileTypes: true })) {
      if (!entry.isFile() || !entry.name.endsWith(ENDING)) continue;
      const wanted = folder !== "" || only === undefined ||
        only.includes(entry.name.slice(0, -ENDING.length));
      if (wanted) names.push(entry.name);
    }
    for (const name of names.sort()) {
      const path = folder + name;
      sources.set(path.slice(0, -ENDING.length), await readFile(new URL(path, ASSEMBLY), "utf8"));
    }
  }
  const missing = only?.filter((name) => !sources.has(name)) ?? [];
  if (missing.length > 0) throw new Error(`Cannot compile ${missing.join(", ")}: assembly/ has no such file`);
  return sources;
}

async function compilerVersion(): Promise<string> {
  const manifest = new URL("../package.json", import.meta.resolve("assemblyscript"));
  return (JSON.parse(await readFile(manifest, "utf8")) as { version: string }).version;
}

async function compile(sources: Map<string, string>, flags: string[]): Promise<Uint8Array<ArrayBuffer>> {
  const compiler = await importCompiler();
  let binary: Uint8Array<ArrayBuffer> | undefined;
  let messages = "";
  const entries = [...sources.keys()].filter((name) => !name.includes("/")).map((name) => name + ".ts");
  const { error } = await compiler.main([...entries, "--outFile", "kernels.wasm", ...flags], {
    readFile: (name) => sources.get(name.replace(/\.ts$/, "")) ?? null,
    writeFile: (_name, content) => {
      if (typeof content !== "string") binary = new Uint8Array(content);
    },
    listFiles: () => [],
    stderr: { write: (chunk) => messages += chunk },
  });
  if (error !== null || binary === undefined) {
    // The compiler sees every source under the ending that it knows.
    const reason = (messages || String(error)).replaceAll(/(\w)\.ts\b/g, `$1${ENDING}`);
    throw new WorkError(`Cannot compile the kernels in ${decodeURIComponent(ASSEMBLY.pathname)}: ${reason}`);
  }
  assertNoDataSection(binary);
  return binary;
}

/**
 * Imports the compiler. Its terminal colours ask whether "CI" is in the environment, which would need `--allow-env`, so
 * the environment is empty while it loads.
 */
async function importCompiler(): Promise<typeof import("assemblyscript/asc")> {
  const environment = Object.getOwnPropertyDescriptor(process, "env")!;
  Object.defineProperty(process, "env", { value: {}, configurable: true, enumerable: true });
  try {
    return await import("assemblyscript/asc");
  } finally {
    Object.defineProperty(process, "env", environment);
  }
}

/** A data section would be written over tensors, since the memory is the tfjs heap's. */
function assertNoDataSection(binary: Uint8Array<ArrayBuffer>): void {
  const DATA_SECTION = 11;
  for (let at = 8; at < binary.length;) {
    const section = binary[at++]!;
    let size = 0;
    for (let shift = 0;; shift += 7) {
      const byte = binary[at++]!;
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (section === DATA_SECTION) {
      throw new WorkError("Cannot use the kernels as they hold static data, which would overwrite tensors");
    }
    at += size;
  }
}

async function readCache(file: URL): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    const binary = new Uint8Array(await readFile(file));
    return WebAssembly.validate(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

/** Several processes may write the same file at once: each its own temporary one, renamed when it is whole. */
async function writeCache(cache: URL, file: URL, binary: Uint8Array): Promise<void> {
  const temporary = new URL(`${crypto.randomUUID()}.partial`, cache);
  try {
    await mkdir(cache, { recursive: true });
    await writeFile(temporary, binary);
    await rename(temporary, file);
  } catch {
    await rm(temporary, { force: true }).catch(() => {});
  }
}
