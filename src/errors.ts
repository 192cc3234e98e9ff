/**
 * The errors that the rooms of RepFuse throw on purpose. Each carries a message that a person can act on: what was
 * being done, the value met, what was expected. `cli/errors.ts` turns the class into the exit code.
 *
 * @module
 */

/** What all errors thrown on purpose have in common. */
export abstract class ExpectedError extends Error {
  /** The next command to try, or how to mend it. */
  readonly hint: string | undefined;

  /**
   * An error with a message for a person.
   *
   * @param message One sentence or a few lines: the thing, its value, what was expected.
   * @param hint The next command to try, or how to mend it.
   */
  constructor(message: string, hint?: string) {
    super(message);
    this.name = new.target.name;
    this.hint = hint;
  }
}

/** Wrong usage or bad input: a flag, a file, a configuration, a foreign model. Exit code 2. */
export class InputError extends ExpectedError {}

/** Work that began with good input and could not be finished: a diverged loss, a full disk. Exit code 1. */
export class WorkError extends ExpectedError {}

/** A result that must not be used: the gate (equivalence, accuracy) did not hold. Exit code 3. */
export class GateError extends ExpectedError {}

/** The person pressed Ctrl-C (or SIGTERM came) and the work was saved. Exit code 130. */
export class InterruptedError extends ExpectedError {}
