/** What the Markdown files of the repository name is there: links, and files in backticks. */
import assert from "node:assert/strict";
import { access, readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const SKIPPED = new Set(["node_modules", "dist", "runs", "shared", "shapes10", "shapes10-hard"]);

/** Relative targets of links and pictures, without their fragments. */
export function linksOf(markdown: string): string[] {
  return Array.from(prose(markdown).matchAll(/\]\(([^)\s]+)\)/g), ([, target]) => target!)
    .filter((target) => !/^[a-z]+:|^#/.test(target))
    .map((target) => target.replace(/#.*$/, ""));
}

/** Paths of the repository's own folders in backticks. */
export function pathsOf(markdown: string): string[] {
  const path = /`((?:src|tests|tasks|benchmarks|package)\/[\w./-]*)`/g;
  return Array.from(prose(markdown).matchAll(path), ([, name]) => name!);
}

function prose(markdown: string): string {
  return markdown.replace(/^```.*?^```/gms, "");
}

async function markdownFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const found = await Promise.all(entries.map((entry) => {
    if (entry.name.startsWith(".") || SKIPPED.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? markdownFiles(path) : entry.name.endsWith(".md") ? [path] : [];
  }));
  return found.flat();
}

const exists = (path: string) => access(path).then(() => true, () => false);

Deno.test("every link and every path in a Markdown file leads to a file", async () => {
  const files = await markdownFiles(ROOT);
  assert.ok(files.includes(join(ROOT, "README.md")));
  const missing: string[] = [];
  for (const file of files) {
    const text = await readFile(file, "utf8");
    for (const link of linksOf(text)) {
      if (!await exists(join(dirname(file), link))) missing.push(`${file}: link ${link}`);
    }
    for (const path of pathsOf(text)) {
      if (!await exists(join(ROOT, path))) missing.push(`${file}: ${path}`);
    }
  }
  assert.deepEqual(missing, []);
});

Deno.test("every command in README.md is a task of deno.json", async () => {
  const { tasks } = JSON.parse(await readFile(join(ROOT, "deno.json"), "utf8")) as { tasks: object };
  const readme = await readFile(join(ROOT, "README.md"), "utf8");
  const named = Array.from(
    readme.matchAll(/^ {4}(?:npx -y deno@[\d.]+|deno) task ([\w-]+)/gm),
    ([, name]) => name!,
  );
  assert.ok(named.length > 10);
  assert.deepEqual(named.filter((name) => !Object.hasOwn(tasks, name)), []);
});

Deno.test("linksOf() and pathsOf() find what is named, and nothing in blocks of code", () => {
  const text = "[a](b/c.md#d) [e](https://f.g) `src/h.ts` `other.ts`\n```ts\n[i](j) `src/k.ts`\n```\n";
  assert.deepEqual([linksOf(text), pathsOf(text)], [["b/c.md"], ["src/h.ts"]]);
});
