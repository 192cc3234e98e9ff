/** What only a process of its own shows: its permissions, its end, and a runtime without shared memory. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const SOURCES = new URL("../../../src/kernels/", import.meta.url);
const CONFIG = fileURLToPath(new URL("../../../deno.json", import.meta.url));
/** A process that is still there after this long hangs. */
const WATCHDOG_MS = 120_000;

/** Runs a program with `--allow-read` alone; `tf`, `startBackend` and `stopBackendThreads` are imported. */
async function run(program: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const source = `
    import * as tf from "${import.meta.resolve("@tensorflow/tfjs")}";
    import { startBackend, stopBackendThreads } from "${new URL("tfjs/backend.ts", SOURCES)}";
    ${program}`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--no-prompt", "--config", CONFIG, "--allow-read", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(WATCHDOG_MS),
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(source));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

const CONVOLVE = "tf.conv2d(tf.ones([8, 32, 32, 8]), tf.ones([3, 3, 8, 8]), 1, 'same').sum().dataSync()[0]";

Deno.test("startBackend() on two threads needs no permission but to read, and lets the process end", async () => {
  const { code, stdout, stderr } = await run(`
    const { threads } = await startBackend({ threads: 2 });
    console.log(threads, ${CONVOLVE} > 0);`);
  assert.deepEqual([code, stdout, stderr], [0, "2 true", ""]);
});

Deno.test("startBackend() puts back what it replaced", async () => {
  const { stdout, stderr } = await run(`
    const before = Object.getOwnPropertyDescriptor(globalThis, "Worker").value;
    await startBackend({ threads: 2 });
    console.log(globalThis.Worker === before && before.name);
    await stopBackendThreads();
    console.log(${CONVOLVE} > 0);`);
  assert.deepEqual([stdout, stderr], ["Worker\ntrue", ""]);
});

for (
  const [what, program, note] of [
    [
      "there is no SharedArrayBuffer",
      "delete globalThis.SharedArrayBuffer;",
      "there is no SharedArrayBuffer",
    ],
    [
      "the page is not isolated",
      "globalThis.crossOriginIsolated = false;",
      "the page is not cross-origin isolated",
    ],
  ] as const
) {
  Deno.test(`startBackend() uses one thread and says why when ${what}`, async () => {
    const { stdout, stderr } = await run(`
      ${program}
      const { threads, threadsNote } = await startBackend({ threads: 2 });
      console.log(threads, threadsNote, ${CONVOLVE} > 0, tf.backend().wasm.HEAPU8.buffer instanceof ArrayBuffer);`);
    assert.deepEqual([stdout, stderr], [`1 ${note} true true`, ""]);
  });
}

Deno.test("startBackend() on one thread leaves the heap unshared", async () => {
  const { stdout } = await run(`
    await startBackend({ threads: 1 });
    console.log(tf.backend().wasm.HEAPU8.buffer instanceof ArrayBuffer);`);
  assert.equal(stdout, "true");
});
