/**
 * Another process as a contestant: it stays alive, works when it is this one's turn, and sleeps else.
 *
 * @module
 */
import { WorkError } from "../../src/errors.ts";
import { TextLineReader } from "./lines.ts";
import type { StepKind } from "./step_process.ts";

/** A process that does one step of work for every line it is sent. */
export class StepProcess {
  private constructor(
    /** What it is called in a report. */
    readonly what: string,
    private readonly child: Deno.ChildProcess,
    private readonly writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>,
    private readonly lines: TextLineReader,
    /** What it said of itself when it was ready. */
    readonly greeting: string,
  ) {}

  /** One of our own, through `step_process.ts`. */
  static ours(kind: StepKind): Promise<StepProcess> {
    const script = new URL("./step_process.ts", import.meta.url);
    const cache = new URL("../../.cache", import.meta.url);
    return StepProcess.start(kind, "deno", [
      "run",
      "--allow-read",
      `--allow-write=${decodeURIComponent(cache.pathname)}`,
      decodeURIComponent(script.pathname),
      kind,
    ]);
  }

  /**
   * PyTorch, by the first of `interpreters` that has it.
   *
   * @returns undefined when none has.
   */
  static async pytorch(interpreters: readonly string[]): Promise<StepProcess | undefined> {
    const script = decodeURIComponent(new URL("./training_step.py", import.meta.url).pathname);
    for (const interpreter of interpreters) {
      try {
        return await StepProcess.start("PyTorch", interpreter, [script]);
      } catch (error) {
        if (!(error instanceof WorkError || error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    return undefined;
  }

  private static async start(what: string, program: string, args: string[]): Promise<StepProcess> {
    const child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "null" })
      .spawn();
    const lines = new TextLineReader(child.stdout);
    const greeting = await lines.next();
    if (greeting === undefined) {
      throw new WorkError(`Cannot start ${what}: ${program} ended with code ${(await child.status).code}`);
    }
    return new StepProcess(what, child, child.stdin.getWriter(), lines, greeting.replace("ready ", ""));
  }

  /**
   * Lets it do one step; resolves when it is done.
   *
   * @throws {WorkError} when the process has ended.
   */
  async step(): Promise<void> {
    await this.writer.write(ONE_LINE);
    if (await this.lines.next() === undefined) {
      throw new WorkError(`Cannot go on measuring ${this.what}: its process has ended`);
    }
  }

  /** Ends it; resolves when it is gone. */
  async stop(): Promise<void> {
    await this.writer.close();
    await this.child.status;
  }
}

const ONE_LINE = new TextEncoder().encode("\n");
