/** The demo from its start to Ctrl-C. */
import assert from "node:assert/strict";
import { inWorkplace, onlyRun, runTask, startTask } from "./task.ts";

/** The first line that a process prints. */
async function firstLine(child: Deno.ChildProcess): Promise<string> {
  let text = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0]!;
}

Deno.test("demo serves the page of the newest run on loopback until Ctrl-C", () =>
  inWorkplace(async (folder) => {
    await runTask(folder, "train", "--config", "small.json", "--epochs", "1");
    await runTask(folder, "fuse");
    const child = startTask(folder, "demo", "--port", "0", "--json", "--quiet");
    try {
      const { url, folder: served } = JSON.parse(await firstLine(child)) as { url: string; folder: string };
      assert.equal(served, `${onlyRun(folder)}/export/web`);
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
      const response = await fetch(url);
      assert.equal(response.headers.get("cross-origin-embedder-policy"), "require-corp");
      assert.match(await response.text(), /<title>RepFuse<\/title>/);
      const other = await runTask(folder, "demo", "--port", new URL(url).port);
      assert.equal(other.code, 2);
      assert.match(other.stderr, /Port \d+ is taken on 127\.0\.0\.1\.\n.*--port 0/);
    } finally {
      child.kill("SIGINT");
    }
    const { code } = await child.status;
    await child.stderr.cancel();
    assert.equal(code, 0);
  }));

Deno.test("demo and export say when there is nothing to show, and what --single-file is for", () =>
  inWorkplace(async (folder) => {
    const demo = await runTask(folder, "demo");
    assert.equal(demo.code, 2);
    assert.match(demo.stderr, /no fused run below runs\/.*\n.*deno task fuse/);
    const mixed = await runTask(folder, "export", "--format", "onnx", "--single-file");
    assert.equal(mixed.code, 2);
    assert.match(mixed.stderr, /--single-file is for --format web; the format is onnx/);
  }));
