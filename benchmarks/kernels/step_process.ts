/**
 * A process that trains when told to: it says "ready", and then does one step for every line that it reads, and answers with
 * an empty line. A process has one backend, so backends that are compared live in several, and take turns.
 *
 * @module
 */
import { TextLineReader } from "./lines.ts";
import { startBackend } from "../../src/kernels/tfjs/backend.ts";
import { ourStep } from "./our_step.ts";
import { plainStep } from "./plain_step.ts";

/** What a process can run: ours on so many threads, or the step on the fallback kernels. */
export type StepKind = "ours-1" | "ours-2" | "fallback";

if (import.meta.main) {
  const kind = Deno.args[0] as StepKind;
  const threads = kind === "ours-2" ? 2 : 1;
  const info = await startBackend({ kernels: kind === "fallback" ? "stock" : "fast", threads });
  const step = kind === "fallback" ? plainStep() : ourStep();
  const lines = new TextLineReader(Deno.stdin.readable);
  console.log(`ready ${info.threads}`);
  while (await lines.next() !== undefined) {
    step.run();
    console.log("");
  }
}
