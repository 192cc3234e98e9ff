import assert from "node:assert/strict";
import { WorkError } from "../../../src/errors.ts";
import { MAXIMUM_PARTS_PER_THREAD } from "../../../src/kernels/threads/parts.ts";
import type { PoolWorker } from "../../../src/kernels/threads/pool.ts";
import type { WorkerStart } from "../../../src/kernels/threads/serve.ts";
import { spawnWorker } from "../../../src/kernels/threads/spawn.ts";
import { SCRATCH, startTestPool } from "./test_kernels.ts";

/** Jobs are repeated up to this long until a worker has taken part, which is left to the system. */
const WORKER_TURN_MS = 20_000;

/** Repeats `job` until it throws, and returns what it threw. */
function errorOf(job: () => void): WorkError {
  const start = performance.now();
  while (performance.now() - start < WORKER_TURN_MS) {
    try {
      job();
    } catch (error) {
      assert.ok(error instanceof WorkError);
      return error;
    }
  }
  throw new assert.AssertionError({ message: "no error came" });
}

/** An entry file for a worker, as a data URL. */
function entry(source: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(source)}`);
}

for (const threads of [2, 3, 5]) {
  Deno.test(`WorkerPool.run() does every unit once with ${threads} threads`, async () => {
    const { pool, run, integers } = await startTestPool({ threads });
    for (const [job, units] of [1, 2, 3, 7, 64, 1000].entries()) {
      const at = 4096 * job;
      for (let round = 0; round < 20; round++) {
        run("mark", units, at, threads * (round % MAXIMUM_PARTS_PER_THREAD + 1));
      }
      assert.deepEqual(integers(units + 1, at), [...Array(units).fill(20), 0]);
    }
    await pool.stop();
  });
}

Deno.test("WorkerPool.run() does ten thousand small jobs, some after the workers fell asleep", async () => {
  const { pool, run, integers } = await startTestPool();
  for (let job = 0; job < 10_000; job++) {
    run("mark", 8);
    if (job % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  assert.deepEqual(integers(8), Array(8).fill(10_000));
  await pool.stop();
});

Deno.test("WorkerPool.run() lets a worker take part, with scratch memory of its own", async () => {
  const { pool, run, integers } = await startTestPool();
  const seen = new Set<number>();
  const start = performance.now();
  while (seen.size < 2 && performance.now() - start < WORKER_TURN_MS) {
    run("sign", 64);
    for (const scratch of integers(64)) seen.add(scratch);
  }
  assert.deepEqual([...seen].sort(), [SCRATCH, SCRATCH + 128]);
  await pool.stop();
});

Deno.test("WorkerPool.run() reaches memory that grew after the workers started", async () => {
  const { pool, memory, run, integers } = await startTestPool();
  for (let round = 0; round < 50; round++) {
    const at = memory.buffer.byteLength;
    memory.grow(1);
    run("mark", 4096, at);
    assert.deepEqual(integers(4096, at), Array(4096).fill(1));
  }
  await pool.stop();
});

Deno.test("WorkerPool.run() throws when a part traps, and goes on afterwards", async () => {
  const { pool, run, integers } = await startTestPool();
  for (let round = 0; round < 100; round++) {
    assert.throws(() => run("trapOnFirst", 64), {
      name: "WorkError",
      message: "Cannot run the kernel trapOnFirst: RuntimeError: unreachable",
    });
  }
  run("mark", 64);
  assert.deepEqual(integers(64), Array(64).fill(1));
  await pool.stop();
});

Deno.test("WorkerPool.run() gives up when a worker hangs, and ends it", async () => {
  const workers: PoolWorker[] = [];
  const spawn = (start: WorkerStart) => {
    workers.push(spawnWorker(start));
    return workers.at(-1)!;
  };
  const { run } = await startTestPool({ patienceMs: 500, spawn });
  const error = errorOf(() => run("hangOnWorker", 64));
  assert.match(error.message, /worker 1 has not finished its part of the kernel hangOnWorker 0.5 s after/);
  assert.match(error.hint!, /--threads 1/);
  assert.equal(await workers[0]!.ended, "it ended with code 1");
  assert.throws(() => run("mark", 64), error);
});

Deno.test("WorkerPool.run() throws once a worker was ended from outside", async () => {
  const workers: PoolWorker[] = [];
  const spawn = (start: WorkerStart) => {
    workers.push(spawnWorker(start));
    return workers.at(-1)!;
  };
  const { pool, run } = await startTestPool({ threads: 3, spawn });
  run("mark", 64);
  await workers[1]!.terminate();
  await workers[1]!.ended;
  const error = errorOf(() => run("mark", 64));
  assert.equal(error.message, "Cannot go on as worker 2 has died: it ended with code 1");
  await pool.stop();
});

Deno.test("WorkerPool.run() throws after stop()", async () => {
  const { pool, run } = await startTestPool();
  await pool.stop();
  await pool.stop();
  assert.throws(() => run("mark", 64), /Cannot use the worker threads as they were stopped/);
});

for (
  const [what, source, message] of [
    ["throws", "throw new Error('no luck')", /Cannot start worker 1: .*no luck/],
    ["ends", "process.exit(3)", /Cannot start worker 1: it ended with code 3/],
    [
      "does nothing",
      "await new Promise((r) => setTimeout(r, 1e6))",
      /Cannot start worker 1: no sign of it for 0.5 s/,
    ],
  ] as const
) {
  Deno.test(`WorkerPool.start() rejects when a worker ${what}`, async () => {
    const spawn = (start: WorkerStart) => spawnWorker(start, entry(source));
    await assert.rejects(startTestPool({ spawn, patienceMs: 500 }), { name: "WorkError", message });
  });
}

Deno.test("WorkerPool.start() rejects when there is no file to run", async () => {
  const spawn = (start: WorkerStart) => spawnWorker(start, new URL("./no_such_file.ts", import.meta.url));
  await assert.rejects(startTestPool({ spawn }), { name: "WorkError", message: /Cannot start worker 1/ });
});

Deno.test("WorkerPool.start() rejects when a worker cannot instantiate the kernels", async () => {
  const unshared = new WebAssembly.Module(
    new Uint8Array([
      ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
      // (import "env" "other" (memory 1))
      ...[0x02, 0x0e, 0x01, 0x03, 0x65, 0x6e, 0x76, 0x05, 0x6f, 0x74, 0x68, 0x65, 0x72, 0x02, 0x00, 0x01],
    ]),
  );
  const spawn = (start: WorkerStart) => spawnWorker({ ...start, module: unshared });
  await assert.rejects(startTestPool({ spawn }), { message: /Cannot start worker 1: .*LinkError|TypeError/ });
});
