/**
 * Ctrl-C: the first one asks the work to save and stop, the second one ends the process at once.
 *
 * @module
 */

/** An abort signal that fires on SIGINT or SIGTERM. The listeners live as long as the process. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const listen = () => {
    if (controller.signal.aborted) Deno.exit(130);
    controller.abort();
  };
  Deno.addSignalListener("SIGINT", listen);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", listen);
  return controller.signal;
}
