/**
 * The house stands: every import of `src/` runs downward in the order of CONTRIBUTING's table, and nothing stands in a
 * circle, neither files nor folders. The table is read, so that it cannot say one thing and the code do another.
 *
 * @module
 */
import { deepEqual, fail } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";

const ROOT = new URL("../", import.meta.url);

/** Files at the root that others stand on; every other file at the root is a door of the package, above all rooms. */
const GROUND = ["errors.ts", "random.ts", "progress.ts"];

/** One import. */
interface Arrow {
  readonly from: string;
  readonly to: string;
}

/** The paths of all sources below `src/`. */
const FILES: readonly string[] = readdirSync(new URL("src/", ROOT), { recursive: true, encoding: "utf8" })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => path.endsWith(".ts"))
  .sort();

const ROOMS = roomsOf(readFileSync(new URL("CONTRIBUTING.md", ROOT), "utf8"));

const ARROWS = FILES.flatMap((path) => arrowsOf(path, readFileSync(new URL(`src/${path}`, ROOT), "utf8")));

/** The rooms in the first column of the table, from the ground up: "files", "kernels", "kernels/tfjs". */
function roomsOf(contributing: string): string[] {
  const rows = contributing.split("\n").filter((line) => line.startsWith("| `src/"));
  return rows.flatMap((row) => row.split("|")[1]!.match(/(?<=`src\/)[\w/]+(?=\/`)/g) ?? []);
}

/** What a file imports from others of ours. */
function arrowsOf(path: string, text: string): Arrow[] {
  const targets = importsOf(text).map((target) => posix.join(posix.dirname(path), target));
  return [...new Set(targets)].filter((to) => FILES.includes(to)).map((to) => ({ from: path, to }));
}

/** The relative specifiers of every kind of import: of values, of types, handed on, or while it runs. */
function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  return [...code.matchAll(/\b(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g)].map(([, target]) => target!);
}

/** The number of the floor on which a file stands. */
function floorOf(path: string, rooms: readonly string[]): number {
  if (!path.includes("/")) return GROUND.includes(path) ? -1 : rooms.length;
  const room = rooms.filter((room) => path.startsWith(`${room}/`)).sort((a, b) => b.length - a.length)[0];
  return room === undefined ? NaN : rooms.indexOf(room);
}

function upward(arrows: readonly Arrow[], rooms: readonly string[]): string[] {
  return arrows.filter(({ from, to }) => !(floorOf(to, rooms) <= floorOf(from, rooms))).map(describe);
}

/**
 * In each folder, the circles among the files and the folders that lie in it: a folder counts with all that is below it.
 * Files of different folders that import each other are thus a circle of their folders.
 */
function circles(arrows: readonly Arrow[]): string[] {
  const folders = new Map<string, Map<string, Set<string>>>();
  for (const { from, to } of arrows) {
    const [a, b] = [from.split("/"), to.split("/")];
    const depth = a.findIndex((part, i) => part !== b[i]);
    if (depth < 0) continue;
    const folder = a.slice(0, depth).join("/");
    const inside = folders.get(folder) ?? new Map<string, Set<string>>();
    const targets = inside.get(a[depth]!) ?? new Set();
    folders.set(folder, inside.set(a[depth]!, targets.add(b[depth]!)));
  }
  return [...folders].flatMap(([folder, inside]) =>
    [...inside.keys()].flatMap((start) => {
      const way = wayBack(start, inside);
      // A circle is listed once, from the first of its names.
      return way === undefined || way.some((name) => name < start)
        ? []
        : [`${folder || "src"}: ${[...way, start].join(" -> ")}`];
    })
  );
}

/** The shortest way from a place back to itself: the places on it, the start first. */
function wayBack(start: string, targets: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const ways = [[start]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const next of targets.get(way.at(-1)!) ?? []) {
      if (next === start) return way;
      if (!seen.has(next)) ways.push([...way, next]);
      seen.add(next);
    }
  }
  return undefined;
}

/** Fails with the whole list, which an assertion would cut. */
function expectNone(found: readonly string[]): void {
  if (found.length > 0) fail(`\n  ${found.join("\n  ")}`);
}

function describe({ from, to }: Arrow): string {
  return `${from} -> ${to}`;
}

Deno.test("every folder of src/ has its row in CONTRIBUTING's table", () => {
  const folders = new Set(FILES.filter((path) => path.includes("/")).map((path) => path.split("/")[0]!));
  deepEqual([...folders].filter((folder) => !ROOMS.includes(folder)), []);
});

Deno.test("every import runs downward", () => {
  expectNone(upward(ARROWS, ROOMS));
});

Deno.test("no files and no folders stand in a circle", () => {
  expectNone(circles(ARROWS));
});

Deno.test("importsOf() sees every kind, and none in comments", () => {
  const text = `import { a } from "./a.ts";
import type { B } from "./b.ts";
export { c } from "./c.ts";
export * from "../d.ts";
import "./e.ts";
const f = await import("./f.ts");
let g: import("./g.ts").G;
import {
  h,
} from "./h.ts";
/**
 * import { x } from "./comment.ts";
 */
// import { y } from "./comment.ts";
`;
  deepEqual(
    importsOf(text),
    [..."abc"].map((name) => `./${name}.ts`).concat("../d.ts", [..."efgh"].map((name) => `./${name}.ts`)),
  );
});

Deno.test("upward() and circles() find what is wrong", () => {
  const arrow = (from: string, to: string): Arrow => ({ from, to });
  const rooms = ["low", "low/top", "high"];
  deepEqual(upward([arrow("low/a.ts", "high/b.ts"), arrow("high/b.ts", "low/a.ts")], rooms), [
    "low/a.ts -> high/b.ts",
  ]);
  deepEqual(upward([arrow("low/a.ts", "low/top/b.ts"), arrow("low/top/b.ts", "low/a.ts")], rooms), [
    "low/a.ts -> low/top/b.ts",
  ]);
  deepEqual(upward([arrow("errors.ts", "low/a.ts"), arrow("mod.ts", "high/a.ts")], rooms), [
    "errors.ts -> low/a.ts",
  ]);
  deepEqual(circles([arrow("low/a.ts", "low/b.ts"), arrow("low/b.ts", "low/a.ts")]), [
    "low: a.ts -> b.ts -> a.ts",
  ]);
  deepEqual(circles([arrow("low/x/a.ts", "low/y/b.ts"), arrow("low/y/c.ts", "low/x/d.ts")]), [
    "low: x -> y -> x",
  ]);
  deepEqual(circles([arrow("low/a.ts", "low/x/b.ts"), arrow("low/x/b.ts", "low/c.ts")]), []);
});
