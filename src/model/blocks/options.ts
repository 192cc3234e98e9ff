/**
 * Schemas of options that several blocks have. The bounds are those of good sense: a slip of the keyboard is an error
 * message, not an allocation of terabytes.
 *
 * @module
 */
import { z } from "zod";

const MAX_KERNEL = 31;

/** Branches of one kind in one block. */
export const MAX_BRANCHES = 16;

/** Height and width of a kernel that has a centre. */
export const oddKernel = z.int().min(1).max(MAX_KERNEL)
  .refine((size) => size % 2 === 1, "expected an odd kernel size");
