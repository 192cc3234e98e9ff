/**
 * The errors that the rooms of RepFuse throw on purpose. Each carries a message that a person can act on: what was
 * being done, the value met, what was expected. `cli/errors.ts` turns the class into the exit code.
 *
 * @module
 */

/** Wrong usage or bad input: a flag, a file, a configuration, a foreign model. Exit code 2. */
export class InputError extends Error {
  override name = "InputError";

  /**
   * @param message One sentence or a few lines: the thing, its value, what was expected.
   * @param hint The next command to try, or how to mend it.
   */
  constructor(message: string, readonly hint?: string) {
    super(message);
  }
}

/** Work that began with good input and could not be finished: a diverged loss, a full disk. Exit code 1. */
export class WorkError extends Error {
  override name = "WorkError";

  /**
   * @param message What failed, with the numbers.
   * @param hint What to change or run next.
   */
  constructor(message: string, readonly hint?: string) {
    super(message);
  }
}

/** A result that must not be used: the gate (equivalence, accuracy) did not hold. Exit code 3. */
export class GateError extends Error {
  override name = "GateError";

  /**
   * @param message The bar and the figure that missed it.
   * @param hint What to look at next.
   */
  constructor(message: string, readonly hint?: string) {
    super(message);
  }
}

/** The person pressed Ctrl-C (or SIGTERM came) and the work was saved. Exit code 130. */
export class InterruptedError extends Error {
  override name = "InterruptedError";

  /**
   * @param message What was saved, and where.
   * @param hint The command that goes on from there.
   */
  constructor(message: string, readonly hint?: string) {
    super(message);
  }
}
