/**
 * How work says where it stands, without knowing who listens. `cli/progress.ts` shows it on a terminal.
 *
 * @module
 */

/** Where progress goes. */
export interface Progress {
  /**
   * Shows where the work stands; on a terminal it replaces the line before, elsewhere it is dropped.
   *
   * @param parts What the line is made of, such as "epoch 2/10", "loss 1.20" and "41 s left". Where the terminal is too
   *   narrow for all, the last stays longest, then the first, the second and so on.
   */
  update(...parts: string[]): void;
  /** Says something that stays. */
  log(line: string): void;
}

/** How long work may keep the thread to itself, in ms: so soon Ctrl-C and other events are heard. */
const TURN_MS = 50;

let turnEndedMs = 0;

/**
 * Lets waiting events in, such as Ctrl-C, where the last chance lies long enough back. Long work calls it between its parts:
 * awaiting a promise that is settled already lets nothing in.
 */
export async function letEventsIn(): Promise<void> {
  if (performance.now() - turnEndedMs < TURN_MS) return;
  await new Promise((resolve) => setTimeout(resolve, 0));
  turnEndedMs = performance.now();
}
