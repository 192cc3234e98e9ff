/**
 * How the readers of this room give up: one error that names the file and the reason.
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import type { Refuse } from "../refuse.ts";

const DAMAGED = "Fetch or save the file again; it is damaged, or PyTorch did not write it.";

/** What refuses this file. */
export function refusal(name: string): Refuse {
  return (reason, hint = DAMAGED) => {
    throw new InputError(`Cannot read ${name} as a PyTorch checkpoint: ${reason}.`, hint);
  };
}
