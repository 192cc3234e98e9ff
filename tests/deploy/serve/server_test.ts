import assert from "node:assert/strict";
import { InputError } from "../../../src/errors.ts";
import { serveFolder } from "../../../src/deploy/serve/server.ts";
import { staticFiles } from "../../../src/deploy/serve/static_files.ts";

/** A folder `site/` with a few files, and a secret beside it. */
async function inSite(work: (site: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "repfuse-serve-" });
  try {
    const site = `${folder}/site`;
    await Deno.mkdir(`${site}/sub`, { recursive: true });
    await Deno.mkdir(`${folder}/site-secret`);
    await Deno.writeTextFile(`${folder}/secret.txt`, "secret");
    await Deno.writeTextFile(`${folder}/site-secret/secret.txt`, "secret");
    await Deno.writeTextFile(`${site}/index.html`, "<p>front</p>");
    await Deno.writeTextFile(`${site}/sub/index.html`, "<p>below</p>");
    await Deno.writeTextFile(`${site}/a b.json`, "{}");
    for (const name of ["x.js", "x.wasm", "x.png", "x.bin", "x.css", "X.SVG"]) {
      await Deno.writeTextFile(`${site}/${name}`, "x");
    }
    await Deno.symlink(`${folder}/secret.txt`, `${site}/link.txt`);
    await Deno.symlink(`${folder}/site-secret/secret.txt`, `${site}/near.txt`);
    await Deno.symlink(folder, `${site}/up`);
    await Deno.symlink(`${site}/x.js`, `${site}/inside.js`);
    await Deno.symlink(`${site}/loop`, `${site}/loop`);
    await work(site);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function get(site: string, path: string, method = "GET"): Promise<Response> {
  const handler = await staticFiles(site);
  return await handler(new Request(`http://localhost${path}`, { method }));
}

Deno.test("staticFiles() serves files, folders by their index, and links within the folder", () =>
  inSite(async (site) => {
    assert.equal(await (await get(site, "/")).text(), "<p>front</p>");
    assert.equal(await (await get(site, "/?query=1")).text(), "<p>front</p>");
    assert.equal(await (await get(site, "/sub/")).text(), "<p>below</p>");
    assert.equal(await (await get(site, "/a%20b.json")).text(), "{}");
    assert.equal(await (await get(site, "/inside.js")).text(), "x");
  }));

Deno.test("staticFiles() names media types and isolates the page", () =>
  inSite(async (site) => {
    const types: Record<string, string> = {
      "/": "text/html; charset=utf-8",
      "/x.js": "text/javascript; charset=utf-8",
      "/x.wasm": "application/wasm",
      "/x.png": "image/png",
      "/x.bin": "application/octet-stream",
      "/x.css": "text/css; charset=utf-8",
      "/X.SVG": "image/svg+xml",
      "/a%20b.json": "application/json; charset=utf-8",
    };
    for (const [path, type] of Object.entries(types)) {
      const response = await get(site, path);
      assert.equal(response.headers.get("content-type"), type, path);
      assert.equal(response.headers.get("cross-origin-opener-policy"), "same-origin");
      assert.equal(response.headers.get("cross-origin-embedder-policy"), "require-corp");
    }
  }));

Deno.test("staticFiles() gives away nothing outside of its folder", () =>
  inSite(async (site) => {
    const paths = [
      "/../secret.txt",
      "/%2e%2e/secret.txt",
      "/..%2fsecret.txt",
      "/sub/%2e%2e/%2e%2e/secret.txt",
      "/..%5csecret.txt",
      "/../site-secret/secret.txt",
      "/..%2fsite-secret/secret.txt",
      "/sub%2f..%2fx.js",
      "/link.txt",
      "/near.txt",
      "/up/secret.txt",
      "/up",
      "/loop",
      "/missing",
      "/x.js/below",
      "/%00",
      "/%E0%A4%A",
      "//etc/passwd",
    ];
    for (const path of paths) {
      const response = await get(site, path);
      assert.equal(response.status, 404, path);
      assert.doesNotMatch(await response.text(), /^secret/);
    }
  }));

Deno.test("staticFiles() answers HEAD without content and refuses to be written to", () =>
  inSite(async (site) => {
    const head = await get(site, "/x.js", "HEAD");
    assert.equal(head.status, 200);
    assert.equal(head.headers.get("content-length"), "1");
    assert.equal(await head.text(), "");
    assert.equal((await get(site, "/x.js", "DELETE")).status, 405);
  }));

Deno.test("serveFolder() listens on loopback, goes on to the next free port, and says when the one asked for is taken", () =>
  inSite(async (site) => {
    const first = await serveFolder(site);
    const second = await serveFolder(site);
    try {
      for (const { url } of [first, second]) {
        assert.equal(new URL(url).hostname, "127.0.0.1");
        assert.equal(await (await fetch(url)).text(), "<p>front</p>");
      }
      const port = Number(new URL(first.url).port);
      assert.ok(Number(new URL(second.url).port) > port);
      await assert.rejects(
        serveFolder(site, { port }),
        (error) =>
          error instanceof InputError && error.message.includes(`Port ${port} is taken on 127.0.0.1`),
      );
    } finally {
      await first.stop();
      await second.stop();
    }
  }));

Deno.test("serveFolder() says when the address is not this machine's", () =>
  inSite(async (site) => {
    await assert.rejects(
      serveFolder(site, { host: "203.0.113.9", port: 0 }),
      (error) => error instanceof InputError && /Cannot listen on 203\.0\.113\.9/.test(error.message),
    );
  }));
