/**
 * A small web server for one folder, on this machine's loopback address unless it is told otherwise.
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import { type HttpServer, listen } from "./http_server.ts";
import { type Handler, staticFiles } from "./static_files.ts";

/** Who can reach the server, unless a flag says otherwise: this machine alone. */
export const LOOPBACK = "127.0.0.1";

/** The port that is tried first. */
export const DEFAULT_PORT = 8000;

/** How many ports are tried, one after the other, where none was asked for. */
const TRIED_PORTS = 20;

/** Where to serve. */
export interface ServeOptions {
  /** The address to listen on. */
  readonly host?: string;
  /** This port and no other; 0 for any free one. Without it, the first free one from {@link DEFAULT_PORT} on. */
  readonly port?: number;
}

/** A server that runs. */
export interface RunningServer {
  /** The address of its front page. */
  readonly url: string;
  /** Resolves when it has ended. */
  readonly finished: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Serves the files of a folder until it is stopped.
 *
 * @throws {InputError} when the port is taken, or the address is not one of this machine.
 */
export async function serveFolder(folder: string, options: ServeOptions = {}): Promise<RunningServer> {
  const { host = LOOPBACK, port } = options;
  const handler = await staticFiles(folder);
  const ports = port === undefined ? Array.from({ length: TRIED_PORTS }, (_, i) => DEFAULT_PORT + i) : [port];
  for (const candidate of ports) {
    const server = await tryPort(handler, host, candidate);
    if (server === undefined) continue;
    const { port, finished, stop } = server;
    return { url: `http://${host.includes(":") ? `[${host}]` : host}:${port}/`, finished, stop };
  }
  const tried = ports.length === 1 ? `Port ${ports[0]} is` : `Ports ${ports[0]} to ${ports.at(-1)} are`;
  throw new InputError(
    `${tried} taken on ${host}.`,
    "Choose another: --port 9000, or --port 0 for any free one.",
  );
}

/** The server, or nothing when the port is taken. */
async function tryPort(handler: Handler, hostname: string, port: number): Promise<HttpServer | undefined> {
  try {
    return await listen(handler, hostname, port);
  } catch (error) {
    if ((error as { code?: unknown }).code === "EADDRINUSE") return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `Cannot listen on ${hostname}, port ${port}: ${reason}`,
      `Leave --host out to listen on ${LOOPBACK}.`,
    );
  }
}
