/**
 * How work says where it stands, without knowing who listens. `cli/progress.ts` shows it on a terminal.
 *
 * @module
 */

/** Where progress goes. */
export interface Progress {
  /** Shows where the work stands; on a terminal it replaces the line before, elsewhere it is dropped. */
  update(line: string): void;
  /** Says something that stays. */
  log(line: string): void;
}
