import assert from "node:assert/strict";
import { decodePng, isPng } from "../../src/data/pictures/png.ts";
import { plainPng, type PngContent, pngFile } from "./image_files.ts";
import { rejectsInput } from "./support.ts";

/** [what, content, RGB pixels]. */
const cases: [string, PngContent, number[]][] = [
  ["8-bit RGB", {
    width: 2,
    height: 1,
    depth: 8,
    colourType: 2,
    rows: [[1, 2, 3, 250, 251, 252]],
  }, [1, 2, 3, 250, 251, 252]],
  ["16-bit RGB", {
    width: 1,
    height: 1,
    depth: 16,
    colourType: 2,
    rows: [[0x80, 0x00, 0xff, 0xff, 0x00, 0x81]],
  }, [128, 255, 1]], // 129 / 257 = 0.502
  ["8-bit grey", {
    width: 3,
    height: 1,
    depth: 8,
    colourType: 0,
    rows: [[0, 100, 255]],
  }, [0, 0, 0, 100, 100, 100, 255, 255, 255]],
  ["1-bit grey whose rows end inside a byte", {
    width: 3,
    height: 2,
    depth: 1,
    colourType: 0,
    rows: [[0b10100000], [0b01000000]],
  }, [255, 255, 255, 0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 255, 255, 0, 0, 0]],
  ["2-bit grey", {
    width: 4,
    height: 1,
    depth: 2,
    colourType: 0,
    rows: [[0b00011011]],
  }, [0, 0, 0, 85, 85, 85, 170, 170, 170, 255, 255, 255]],
  ["4-bit grey", {
    width: 3,
    height: 1,
    depth: 4,
    colourType: 0,
    rows: [[0x0f, 0x30]],
  }, [0, 0, 0, 255, 255, 255, 51, 51, 51]],
  ["8-bit palette", {
    width: 3,
    height: 1,
    depth: 8,
    colourType: 3,
    rows: [[1, 0, 1]],
    chunks: [["PLTE", [9, 8, 7, 60, 50, 40]]],
  }, [60, 50, 40, 9, 8, 7, 60, 50, 40]],
  ["2-bit palette with transparency", {
    width: 3,
    height: 2,
    depth: 2,
    colourType: 3,
    rows: [[0b00011000], [0b10000100]],
    chunks: [["PLTE", [10, 20, 30, 100, 100, 100, 0, 0, 0]], ["tRNS", [255, 0, 51]]],
  }, [10, 20, 30, 255, 255, 255, 204, 204, 204, 204, 204, 204, 10, 20, 30, 255, 255, 255]],
  ["grey and alpha", {
    width: 3,
    height: 1,
    depth: 8,
    colourType: 4,
    rows: [[100, 255, 100, 0, 0, 51]],
  }, [100, 100, 100, 255, 255, 255, 204, 204, 204]],
  ["RGB and alpha", {
    width: 2,
    height: 1,
    depth: 8,
    colourType: 6,
    rows: [[10, 20, 30, 255, 0, 100, 255, 51]],
  }, [10, 20, 30, 204, 224, 255]],
  ["16-bit RGB and alpha", {
    width: 1,
    height: 1,
    depth: 16,
    colourType: 6,
    rows: [[0, 0, 0x80, 0x80, 0xff, 0xff, 0x33, 0x33]],
  }, [204, 230, 255]],
  ["RGB with one transparent colour", {
    width: 3,
    height: 1,
    depth: 8,
    colourType: 2,
    rows: [[1, 2, 3, 1, 2, 4, 9, 9, 9]],
    chunks: [["tRNS", [0, 1, 0, 2, 0, 3]]],
  }, [255, 255, 255, 1, 2, 4, 9, 9, 9]],
  [
    "4-bit grey with one transparent value",
    {
      width: 2,
      height: 1,
      depth: 4,
      colourType: 0,
      rows: [[0x5a]],
      chunks: [["tRNS", [0, 5]]],
    },
    [255, 255, 255, 170, 170, 170],
  ],
];

for (const [what, content, expected] of cases) {
  Deno.test(`decodePng() gives RGB for ${what}`, async () => {
    const file = await pngFile(content);
    assert.ok(isPng(file));
    const { width, height, pixels } = decodePng(file, "x.png");
    assert.deepEqual([width, height], [content.width, content.height]);
    assert.deepEqual([...pixels], expected);
  });
}

Deno.test("decodePng() refuses a file cut anywhere, and says where it ends", async () => {
  const file = await plainPng(3, 3, [1, 2, 3]);
  for (let length = 8; length < file.length; length++) {
    await rejectsInput(() => decodePng(file.subarray(0, length), "cut.png"), "cut.png", `at byte ${length}`);
  }
});

Deno.test("decodePng() refuses a file with any one byte changed, behind its signature", async () => {
  const file = await plainPng(3, 3, [1, 2, 3]);
  for (let i = 8; i < file.length; i++) {
    const damaged = file.map((byte, j) => i === j ? byte ^ 0x10 : byte);
    await rejectsInput(() => decodePng(damaged, "bad.png"), "bad.png");
  }
});

Deno.test("decodePng() refuses gigantic and empty pictures before it decodes them", async () => {
  const content = { width: 1, height: 1, depth: 8, colourType: 2, rows: [[1, 2, 3]] } as const;
  for (const size of [{ width: 2 ** 31 - 1, height: 2 ** 31 - 1 }, { width: 0, height: 5 }]) {
    const file = await pngFile({ ...content, ...size });
    await rejectsInput(
      () => decodePng(file, "big.png"),
      "big.png",
      "at byte 16",
      `${size.width} x ${size.height}`,
    );
  }
});

Deno.test("decodePng() refuses pixels that cannot be as many as the header says, before it makes room for them", async () => {
  const content = { width: 12000, height: 9000, depth: 8, colourType: 0, rows: [[0]] } as const;
  const file = await pngFile(content);
  await rejectsInput(() => decodePng(file, "bomb.png"), "bomb.png", "expected 108009000");
});

Deno.test("isPng() is false for a JPEG, and for less than a signature", () => {
  assert.ok(!isPng(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49)));
  assert.ok(!isPng(Uint8Array.of(0x89, 0x50, 0x4e, 0x47)));
});
