/**
 * How finely the threads' work is cut. It stands for itself, so that what computes on one thread alone does not carry the others.
 *
 * @module
 */

/** The most parts that a job is cut into, for each thread. */
export const MAXIMUM_PARTS_PER_THREAD = 4;
