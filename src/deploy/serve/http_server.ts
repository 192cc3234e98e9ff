/**
 * A server of `node:http` whose handler speaks in the requests and responses of the web.
 *
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import type { Handler } from "./static_files.ts";

/** A server that listens. */
export interface HttpServer {
  readonly port: number;
  /** Resolves when it has ended. */
  readonly finished: Promise<void>;
  /** Lets the requests that are under way end, and resolves when they have. */
  stop(): Promise<void>;
}

/**
 * Starts a server.
 *
 * @param port 0 for any free one.
 * @throws when the port is taken (`code` "EADDRINUSE"), or the address is not one of this machine.
 */
export async function listen(handler: Handler, hostname: string, port: number): Promise<HttpServer> {
  const server = createServer((request, response) => void respond(handler, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, resolve);
  });
  const finished = new Promise<void>((resolve) => void server.once("close", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    finished,
    stop() {
      server.close();
      server.closeIdleConnections();
      return finished;
    },
  };
}

async function respond(handler: Handler, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const request = requestOf(incoming);
  const response = request === undefined
    ? new Response("This is no request for a file.\n", { status: 400 })
    : await handler(request).catch(() => new Response("The file cannot be read.\n", { status: 500 }));
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(new Uint8Array(await response.arrayBuffer()));
}

/** The request, or nothing where it asks for something else than a path, or in a way that nobody may. */
function requestOf(incoming: IncomingMessage): Request | undefined {
  const { url = "", method = "GET" } = incoming;
  if (!url.startsWith("/")) return undefined;
  try {
    const hasBody = method !== "GET" && method !== "HEAD";
    // A path that begins with two slashes must not become the name of a host.
    const init = { method, ...(hasBody ? { body: Readable.toWeb(incoming), duplex: "half" } : {}) };
    return new Request(`http://localhost${url}`, init as RequestInit);
  } catch {
    return undefined;
  }
}
