import assert from "node:assert/strict";
import { readInlined, renderPage } from "../../src/deploy/page_html.ts";
import { webFormat } from "../../src/deploy/web_format.ts";
import { InputError } from "../../src/errors.ts";
import { inPage } from "./page/specimen_page.ts";

/** The most that a page may take over the wire without weights, bytes: 120 kB, of which ten test images take 30. */
const SIZE_LIMIT = 90_000;

async function gzippedBytes(path: string): Promise<number> {
  const stream = (await Deno.open(path)).readable.pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}

Deno.test("a written page is small enough without its weights", () =>
  inPage(false, async ({ folder }) => {
    let bytes = 0;
    for (const { name } of Deno.readDirSync(folder)) {
      if (!name.endsWith(".bin")) bytes += await gzippedBytes(`${folder}/${name}`);
    }
    assert.ok(bytes <= SIZE_LIMIT, `${bytes} bytes`);
  }));

Deno.test("a written page carries no TensorFlow.js, nor any file but its own", () =>
  inPage(false, async ({ folder }) => {
    const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();
    assert.deepEqual(names, ["fused.bin", "index.html", "network.json", "page.js", "training.bin"]);
    const script = await Deno.readTextFile(`${folder}/page.js`);
    assert.doesNotMatch(script, /tfjs|tensorflow|registerKernel/i);
  }));

Deno.test("a written page is read back from its data: nothing that lies in its folder is run", () =>
  inPage(false, async ({ folder, source }) => {
    await Deno.writeTextFile(`${folder}/page.js`, `globalThis.wasRun = true; throw new Error("it was run");`);
    const classifier = await webFormat(false).open(folder, source.card);
    assert.equal((await classifier.classify(new Uint8Array(2 * 32 * 32 * 3))).length, 2 * 10);
    await classifier.dispose();
    assert.equal("wasRun" in globalThis, false);
  }));

/** What may stand in `network.json` that is no page, and how it is refused. */
const STRANGE_PAGES: Record<string, RegExp> = {
  "{": /network\.json: it is no JSON/,
  "null": /Cannot use the exported page .*network\.json/,
  '{"forms":[]}': /forms/,
  '{"forms":[{"network":{},"weights":"../fused.bin"}]}': /weights is "\.\.\/fused\.bin"/,
  '{"forms":[{"network":{"format":"x"},"weights":"fused.bin"}]}': /the graph\.format: it is "x"/,
};

Deno.test("a page that is none, or holds another network's weights, is refused with what is wrong in it", () =>
  inPage(false, async ({ folder, source }) => {
    const file = `${folder}/network.json`;
    const written = await Deno.readTextFile(file);
    const assertRefused = (message: RegExp) =>
      assert.rejects(webFormat(false).open(folder, source.card), (error) => {
        assert.ok(error instanceof InputError, String(error));
        assert.match(error.message, message);
        return true;
      });
    for (const [text, message] of Object.entries(STRANGE_PAGES)) {
      await Deno.writeTextFile(file, text);
      await assertRefused(message);
    }
    await Deno.writeTextFile(file, written);
    await Deno.truncate(`${folder}/fused.bin`, 401);
    await assertRefused(/weights have 100 numbers; the network needs \d+/);
  }));

Deno.test("renderPage() puts in what readInlined() takes out, and ends no script early", () => {
  const bytes = crypto.getRandomValues(new Uint8Array(1000));
  const page = renderPage({
    html: "<head><!--style--></head><body><!--assets--><!--script--></body>",
    style: "p { color: red }",
    script: { text: 'const text = "</script><b>";' },
    assets: [{ name: "a.bin", type: "application/octet-stream", bytes }],
  });
  assert.deepEqual(readInlined(page), [{ name: "a.bin", type: "application/octet-stream", bytes }]);
  assert.equal(page.split("</script").length - 1, 2);
  assert.ok(page.includes("Content-Security-Policy"));
});
