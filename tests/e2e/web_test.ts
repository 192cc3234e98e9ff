/** The exported page as a person meets it: in a browser, from a server and from a file. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Browser, Page } from "playwright-core";
import { normalizePixels } from "../../src/data/normalization.ts";
import { readLayersModel } from "../../src/formats/tfjs/read.ts";
import { softmax } from "../../src/graph/class_scores.ts";
import { createRuntime } from "../../src/runtime/runtime.ts";
import { serveFolder } from "../../src/deploy/serve/server.ts";
import { browserTest } from "../deploy/page/chromium.ts";
import { greySource, inPage, type SpecimenPage } from "../deploy/page/specimen_page.ts";

/** A page that is open, with everything that it asked for and complained about. */
interface Visit {
  readonly page: Page;
  readonly requests: string[];
  readonly complaints: string[];
}

/** @param before Runs in the page before its own script. */
async function visit(browser: Browser, url: string, before?: string): Promise<Visit> {
  const page = await browser.newPage();
  if (before !== undefined) await page.addInitScript(before);
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("requestfailed", (request) => complaints.push(`failed: ${request.url().slice(0, 200)}`));
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`error: ${error.message}`));
  await page.goto(url);
  await page.waitForSelector("html[data-ready]", { timeout: 30_000 });
  return { page, requests, complaints };
}

/** A browser from before there were vectors in WebAssembly. */
const NO_SIMD = "WebAssembly.validate = () => false; WebAssembly.compile = undefined;";

/** Clears the board as soon as the forms begin to be timed. */
const CLEAR_WHEN_TIMED = `{
  const forms = document.getElementById("forms");
  const clear = () => forms.hasAttribute("aria-busy") && document.getElementById("clear").click();
  new MutationObserver(clear).observe(forms, { attributes: true });
}`;

/** Draws a triangle with the mouse. */
async function drawTriangle(page: Page): Promise<void> {
  const box = (await page.locator("#board").boundingBox())!;
  const corners = [[0.5, 0.2], [0.8, 0.75], [0.2, 0.7], [0.5, 0.2]] as const;
  const [first, ...rest] = corners.map(([x, y]) => [box.x + x * box.width, box.y + y * box.height] as const);
  await page.mouse.move(...first!);
  await page.mouse.down();
  for (const corner of rest) await page.mouse.move(...corner, { steps: 5 });
  await page.mouse.up();
}

/** Waits until both forms were timed, and reads the times in ms. */
async function readTimes(page: Page): Promise<{ training: number; fused: number }> {
  await page.waitForSelector("#forms .fused", { timeout: 30_000 });
  const read = async (form: string) => Number(await page.locator(`#forms .${form}`).getAttribute("data-ms"));
  return { training: await read("training"), fused: await read("fused") };
}

/** What the page shows is what the network says of the very pixels that the page shows it got. */
async function assertRightAnswer(page: Page, { source }: SpecimenPage): Promise<void> {
  // Where an answer takes long, it waits until nobody draws, as the times do.
  await page.waitForSelector("#forms > div", { timeout: 30_000 });
  const rgba = await page.evaluate(`(() => {
    const canvas = document.getElementById("seen");
    return [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data];
  })()`) as number[];
  const [height, width, channels] = source.card.inputSize;
  assert.equal(rgba.length, height * width * 4);
  const pixels = Uint8Array.from(rgba.filter((_, i) => i % 4 < channels));
  assert.ok(new Set(pixels).size > 5, "the network got an empty picture");
  const runtime = createRuntime({ kernels: "javascript" });
  const plan = await runtime.compile(readLayersModel(source.artifacts), { batch: 1 });
  const images = normalizePixels(pixels, source.card.normalization);
  const [outputs] = plan.run([images]) as [Float32Array];
  const probabilities = source.card.givesProbabilities ? outputs : Float32Array.from(softmax(outputs));
  const probability = Math.max(...probabilities);
  assert.equal(
    await page.textContent("#answer"),
    source.card.classNames[probabilities.indexOf(probability)],
  );
  assert.equal(await page.textContent("#confidence"), `${(100 * probability).toFixed(1)}% sure`);
}

browserTest(
  "the page recognizes a drawing and times both forms, from its own files alone",
  (browser) =>
    inPage(false, async (specimen) => {
      const server = await serveFolder(specimen.folder, { port: 0 });
      try {
        const { page, requests, complaints } = await visit(browser, server.url);
        assert.equal(await page.textContent("h1"), "RepFuse toy");
        await drawTriangle(page);
        await assertRightAnswer(page, specimen);
        const { training, fused } = await readTimes(page);
        assert.ok(
          training > 0 && fused > 0 && fused < training,
          `training ${training} ms, fused ${fused} ms`,
        );
        assert.match((await page.textContent("#speedup"))!, /^Fused, it is \d+\.\d\d times as fast\.$/);
        assert.equal(await page.evaluate("crossOriginIsolated"), true);
        assert.deepEqual(requests.map((url) => url.replace(server.url, "")).sort(), [
          "",
          "fused.bin",
          "network.json",
          "page.js",
          "training.bin",
        ]);
        assert.deepEqual(complaints, []);
        await page.click("#clear");
        assert.equal(await page.textContent("#answer"), "Ready");
        await page.evaluate(CLEAR_WHEN_TIMED);
        await drawTriangle(page);
        await page.waitForSelector('#answer:text-is("Ready")');
        await page.waitForTimeout(1000);
        assert.equal(await page.locator("#forms > div").count(), 0, "times of a picture that is gone");
        assert.equal(await page.locator("#forms[aria-busy]").count(), 0);
      } finally {
        await server.stop();
      }
    }),
);

browserTest(
  "the page takes a picture file, and says when a file is none",
  (browser) =>
    inPage(false, async (specimen) => {
      const server = await serveFolder(specimen.folder, { port: 0 });
      try {
        const { page, complaints } = await visit(browser, server.url);
        await page.setInputFiles("#file", {
          name: "notes.png",
          mimeType: "image/png",
          buffer: Buffer.from("no picture"),
        });
        await page.waitForSelector("#answer.failure");
        assert.equal(
          await page.textContent("#answer"),
          "notes.png is not a picture that this browser can read.",
        );
        const svg =
          `<svg xmlns="http://www.w3.org/2000/svg" width="90" height="60"><rect width="90" height="60"` +
          ` fill="teal"/><circle cx="45" cy="30" r="20" fill="gold"/></svg>`;
        const png = await page.evaluate(`(async () => {
        const canvas = document.createElement("canvas");
        const image = new Image();
        image.src = ${JSON.stringify(`data:image/svg+xml,${encodeURIComponent(svg)}`)};
        await image.decode();
        [canvas.width, canvas.height] = [90, 60];
        canvas.getContext("2d").drawImage(image, 0, 0);
        return canvas.toDataURL("image/png").split(",")[1];
      })()`) as string;
        const buffer = Buffer.from(png, "base64");
        await page.setInputFiles("#file", { name: "circle.png", mimeType: "image/png", buffer });
        await page.waitForSelector("#answer:not(.failure)");
        await assertRightAnswer(page, specimen);
        assert.deepEqual(complaints, []);
      } finally {
        await server.stop();
      }
    }),
);

browserTest(
  "the page in a single file works from file:, and asks for nothing else",
  (browser) =>
    inPage(true, async (specimen) => {
      assert.deepEqual(Array.from(Deno.readDirSync(specimen.folder), ({ name }) => name), ["index.html"]);
      const url = `file://${specimen.folder}/index.html`;
      const { page, requests, complaints } = await visit(browser, url);
      await drawTriangle(page);
      await assertRightAnswer(page, specimen);
      const { training, fused } = await readTimes(page);
      assert.ok(fused < training, `training ${training} ms, fused ${fused} ms`);
      assert.deepEqual(requests.filter((address) => !address.startsWith("data:")), [url]);
      assert.deepEqual(complaints, []);
    }),
);

browserTest(
  "the page computes in plain JavaScript where the browser has no SIMD",
  (browser) =>
    inPage(true, async (specimen) => {
      const { page, complaints } = await visit(browser, `file://${specimen.folder}/index.html`, NO_SIMD);
      assert.match((await page.textContent("#facts"))!, /^On plain JavaScript, one thread/);
      await drawTriangle(page);
      await assertRightAnswer(page, specimen);
      const { training, fused } = await readTimes(page);
      assert.ok(training > 0 && fused > 0);
      assert.deepEqual(complaints, []);
    }),
);

browserTest(
  "the page in a folder says what to do when it is opened as a file",
  (browser) =>
    inPage(false, async ({ folder }) => {
      const page = await browser.newPage();
      await page.goto(`file://${folder}/index.html`);
      await page.waitForSelector("#answer.failure");
      assert.match((await page.textContent("#answer"))!, /^Cannot read network\.json: .*--single-file/);
    }),
);

browserTest(
  "the page shows a network of one form, with grey images that are not square",
  (browser) =>
    inPage(true, async (specimen) => {
      const { page, complaints } = await visit(browser, `file://${specimen.folder}/index.html`);
      await drawTriangle(page);
      await assertRightAnswer(page, specimen);
      await page.waitForSelector("#forms .unknown");
      assert.equal(await page.locator("#forms > div").count(), 1);
      assert.equal(await page.textContent("#speedup"), "");
      assert.deepEqual(complaints, []);
    }, greySource),
);
