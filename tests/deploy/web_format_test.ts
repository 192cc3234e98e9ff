import assert from "node:assert/strict";
import { readInlined, renderPage } from "../../src/deploy/page_html.ts";
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
