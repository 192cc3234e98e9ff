/** A page that Vite bundles with the package, in a browser. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { serveFolder } from "../../src/deploy/serve/server.ts";
import { CHROMIUM } from "../deploy/page/chromium.ts";
import { mustRun } from "./installed.ts";

const VITE = "vite@8.3.8";

/**
 * Bundles a page and opens it, where there is a browser.
 *
 * @param folder Where the package is installed.
 * @param script The page's module. It puts its answer into `document.title`.
 * @returns The answer, and what the bundler prints; undefined where there is no browser.
 */
export async function answerOfPage(
  folder: string,
  script: string,
): Promise<{ answer: string; bundling: string } | undefined> {
  if (CHROMIUM === undefined) return undefined;
  const site = join(folder, "site");
  await mkdir(site);
  await writeFile(
    join(site, "index.html"),
    '<!DOCTYPE html><title></title><script type="module" src="page.js"></script>',
  );
  await writeFile(join(site, "page.js"), script);
  await mustRun("npm", ["install", "--silent", "--no-audit", "--no-fund", "--no-save", VITE], folder);
  const bundling = await mustRun("npx", ["vite", "build", "site"], folder);
  const server = await serveFolder(join(site, "dist"), { port: 0 });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(server.url);
    await page.waitForFunction('document.title !== ""', undefined, { timeout: 60_000 }).catch(() => {});
    assert.deepEqual(errors, []);
    return { answer: await page.title(), bundling };
  } finally {
    await browser.close();
    await server.stop();
  }
}
