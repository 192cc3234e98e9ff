/**
 * `package.json` of the npm package: names and pins from `deno.json`, dependencies from what the compiled code imports.
 *
 * @module
 */
import ts from "typescript";
import { WorkError } from "../src/errors.ts";

/** What is read of `deno.json`. */
export interface Project {
  readonly version: string;
  readonly license: string;
  /** Subpaths, and the sources behind them: `{ "./train": "./src/train.ts" }`. */
  readonly exports: Readonly<Record<string, string>>;
  /** Bare names, and the pinned packages behind them. */
  readonly imports: Readonly<Record<string, string>>;
  readonly compilerOptions: Readonly<Record<string, boolean>>;
}

/**
 * The manifest.
 *
 * @param packages Names of the packages that the code imports.
 * @param library Folder of the compiled code in the package: "lib".
 */
export function manifestOf(project: Project, packages: ReadonlySet<string>, library: string) {
  const compiled = (source: string) => source.replace(/^\.\/src\/(.*)\.ts$/, `./${library}/$1`);
  return {
    name: "repfuse",
    version: project.version,
    description:
      "Train wide, deploy plain: multi-branch networks folded into plain convolutions, and proven equal.",
    license: project.license,
    type: "module",
    engines: { node: ">=20.19" },
    bin: { repfuse: `${library}/cli/main.js` },
    exports: Object.fromEntries(
      Object.entries(project.exports).map(([subpath, source]) => [
        subpath,
        { types: `${compiled(source)}.d.ts`, default: `${compiled(source)}.js` },
      ]),
    ),
    // What a browser has not, and what stands in for it.
    browser: {
      [`./${library}/kernels/threads/spawn.js`]: `./${library}/kernels/threads/spawn_browser.js`,
      "node:os": false,
    },
    files: [library],
    dependencies: Object.fromEntries([...packages].sort().map((name) => [name, pinOf(name, project)])),
  };
}

/** The names of the packages that a module or a declaration file imports, or whose files it looks for. */
export function packagesIn(code: string): string[] {
  const imported = ts.preProcessFile(code, true, true).importedFiles.map(({ fileName }) => fileName);
  const resolved = [...code.matchAll(/import\.meta\.resolve\("([^"]+)"\)/g)].map(([, specifier]) =>
    specifier!
  );
  return [...imported, ...resolved]
    .filter((specifier) => !/^(?:\.|#|node:)/.test(specifier))
    .map((specifier) => specifier.match(/^(?:@[^/]+\/)?[^/]+/)![0]);
}

function pinOf(name: string, { imports }: Project): string {
  const version = imports[name]?.match(/@([^@/]+)$/)?.[1];
  if (version === undefined) throw new WorkError(`The code imports ${name}, which deno.json does not pin.`);
  return version;
}
