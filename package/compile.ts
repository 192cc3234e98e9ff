/**
 * The sources as JavaScript and declarations for Node 20: the TypeScript compiler knows its library and its types, so that
 * what Node 20 lacks does not compile.
 *
 * @module
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { WorkError } from "../src/errors.ts";
import { filesBelow } from "./files_below.ts";

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2023.d.ts", "lib.es2024.sharedmemory.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  types: ["node"],
  rewriteRelativeImportExtensions: true,
  declaration: true,
  removeComments: false,
  skipLibCheck: true,
};

/**
 * Compiles everything that some files import.
 *
 * @param strictness The compiler options of deno.json.
 * @param source Folder of the sources, with a closing slash.
 * @param target Folder of what comes out; it mirrors `source`.
 * @throws {WorkError} with what the compiler says.
 */
export async function compile(
  entries: readonly URL[],
  { strictness, source, target }: {
    readonly strictness: Readonly<Record<string, boolean>>;
    readonly source: URL;
    readonly target: URL;
  },
): Promise<void> {
  const options = {
    ...OPTIONS,
    ...strictness,
    rootDir: fileURLToPath(source),
    outDir: fileURLToPath(target),
  };
  const program = ts.createProgram(entries.map((entry) => fileURLToPath(entry)), options);
  const { diagnostics } = program.emit();
  const faults = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (faults.length > 0) {
    throw new WorkError(
      ts.formatDiagnostics(faults, {
        getCurrentDirectory: () => fileURLToPath(new URL("../", import.meta.url)),
        getCanonicalFileName: (name) => name,
        getNewLine: () => "\n",
      }),
    );
  }
  for (const name of await filesBelow(target, /\.d\.ts$/)) {
    const file = new URL(name, target);
    await writeFile(file, namingJavaScript(await readFile(file, "utf8")));
  }
}

/** The compiler leaves the endings of imports in declarations as they are. */
function namingJavaScript(declarations: string): string {
  return declarations.replaceAll(/((?:from|import)\s*\(?\s*"\.{1,2}\/[^"]+)\.ts"/g, '$1.js"');
}
