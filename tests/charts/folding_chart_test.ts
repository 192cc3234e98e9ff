import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { fileURLToPath } from "node:url";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { readSvg } from "./read_svg.ts";

const ROOT = new URL("../../", import.meta.url);
const COMMITTED = await readFile(new URL("src/charts/folding.svg", ROOT), "utf8");

Deno.test("the picture in README.md is the one that the code draws", async () => {
  await inTemporaryFolder(async (folder) => {
    const drawn = join(folder, "folding.svg");
    const task = fileURLToPath(new URL("tasks/picture.ts", ROOT));
    await promisify(execFile)(Deno.execPath(), [
      "run",
      "--quiet",
      "--no-check",
      "--allow-read",
      "--allow-env=INIT_CWD",
      `--allow-write=${folder}`,
      task,
      drawn,
    ]);
    assert.equal(await readFile(drawn, "utf8"), COMMITTED);
  });
});

Deno.test("renderFolding() shows branches whose numbers add up to the fused convolution's", () => {
  const texts = readSvg(COMMITTED).filter(({ name }) => name === "text").map(({ text }) => text);
  const numbers = (pattern: RegExp) =>
    texts.flatMap((text) => pattern.exec(text)?.[1] ?? []).map((text) => Number(text.replace("−", "-")));
  const weights = numbers(/^(−?\d(?:\.\d)?)$/);
  const biases = numbers(/^bias (−?\d\.\d)$/);
  assert.deepEqual([weights.length, biases.length], [4 * 9, 4]);
  const sum = (parts: number[]) => Number(parts.reduce((total, part) => total + part, 0).toFixed(1));
  for (let i = 0; i < 9; i++) {
    assert.equal(sum([weights[i]!, weights[9 + i]!, weights[18 + i]!]), weights[27 + i], `weight ${i}`);
  }
  assert.equal(sum(biases.slice(0, 3)), biases[3]);
});
