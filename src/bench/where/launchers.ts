/**
 * What starts the bundled contest: a script for Deno and Node.js, which prints the result, and a page for a browser, which
 * posts it to where the page came from.
 *
 * @module
 */
import { CONTEST_FILES } from "./contest_data.ts";

/** The script for Deno and Node.js. */
export const LAUNCHER_FILE = "launch.mjs";

/** The page for a browser. */
export const PAGE_FILE = "index.html";

/** Where the page posts to. */
export const POSTS = { result: "/result", failure: "/failure", progress: "/progress" } as const;

/** What a line of progress begins with, on stderr. */
export const PROGRESS_MARK = "progress: ";

/**
 * The bundle is made for browsers. TensorFlow.js and onnxruntime would look for their parts for Node.js, which are not in
 * it, so in these two runtimes they are shown what a browser's worker looks like.
 */
export function launcherText(): string {
  return `import { readFile } from "node:fs/promises";
const { process } = globalThis;
const runtime = globalThis.Deno ? "Deno " + Deno.version.deno : "Node.js " + process.versions.node;
const show = (name, value) => Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
show("process", undefined);
show("WorkerGlobalScope", class {});
show("importScripts", () => {});
show("self", globalThis);
show("location", new URL("http://localhost/"));
const { holdContest } = await import("./${CONTEST_FILES.script}");
const result = await holdContest({
  runtime,
  threads: 1,
  read: async (name) => new Uint8Array(await readFile(new URL(name, import.meta.url))).buffer,
  onProgress: (message) => process.stderr.write(${JSON.stringify(PROGRESS_MARK)} + message + "\\n"),
});
process.stdout.write(JSON.stringify(result) + "\\n", () => process.exit(0));
`;
}

/** The page. */
export const PAGE_TEXT = `<!DOCTYPE html>
<meta charset="utf-8">
<link rel="icon" href="data:,">
<title>Contest</title>
<script type="module">
  import { holdContest } from "./${CONTEST_FILES.script}";
  const post = (path, body) => fetch(path, { method: "POST", body });
  try {
    const [, name, version] = /(Chrome|Firefox|Safari)\\/([0-9]+)/.exec(navigator.userAgent) ?? [, "browser", "?"];
    const result = await holdContest({
      runtime: name + " " + version,
      threads: Number(new URLSearchParams(location.search).get("threads")),
      read: async (name) => await (await fetch("./" + name)).arrayBuffer(),
      onProgress: (message) => void post("${POSTS.progress}", message),
    });
    await post("${POSTS.result}", JSON.stringify(result));
  } catch (error) {
    await post("${POSTS.failure}", String(error?.stack ?? error));
  }
</script>
`;
