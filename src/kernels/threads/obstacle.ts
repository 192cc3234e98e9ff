/**
 * Whether several threads may share memory here.
 *
 * @module
 */

/** Why there can be no threads here, or undefined when there can. */
export function threadsObstacle(): string | undefined {
  const page = globalThis as { crossOriginIsolated?: boolean };
  if (page.crossOriginIsolated === false) return "the page is not cross-origin isolated";
  if (typeof SharedArrayBuffer === "undefined") return "there is no SharedArrayBuffer";
  return undefined;
}
