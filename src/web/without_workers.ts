/**
 * Stands in for Deno's workers when a page is bundled: the page computes on one thread.
 *
 * @module
 */

/** Never called: a page asks for one thread. */
export function spawnWorker(): never {
  throw new Error("A page computes on one thread");
}
