import assert from "node:assert/strict";
import { decodeJpeg, isJpeg } from "../../src/data/pictures/jpeg.ts";
import { jpegFile, withOrientation } from "./image_files.ts";
import { rejectsInput } from "./support.ts";

const WIDTH = 24;
const HEIGHT = 16;
/** Red on the left, blue on the right: a smooth picture, which JPEG keeps to within a few levels. */
const pixels = Uint8Array.from(
  { length: WIDTH * HEIGHT * 3 },
  (_, i) => [250 - 10 * (Math.floor(i / 3) % WIDTH), 60, 10 * (Math.floor(i / 3) % WIDTH)][i % 3]!,
);
/** Most that quality 100 changes a channel of it. */
const TOLERANCE = 6;

for (const progressive of [false, true]) {
  Deno.test(`decodeJpeg() gives the pixels of a ${progressive ? "progressive" : "baseline"} file`, async () => {
    const file = await jpegFile(WIDTH, HEIGHT, pixels, progressive);
    assert.ok(isJpeg(file));
    const image = await decodeJpeg(file, "x.jpg");
    assert.deepEqual([image.width, image.height], [WIDTH, HEIGHT]);
    assert.ok(image.pixels.every((value, i) => Math.abs(value - pixels[i]!) <= TOLERANCE));
  });
}

Deno.test("decodeJpeg() turns the picture as its EXIF orientation says", async () => {
  const file = await jpegFile(WIDTH, HEIGHT, pixels);
  const turned = await decodeJpeg(withOrientation(file, 6), "x.jpg"); // 6: the camera lay on its side
  assert.deepEqual([turned.width, turned.height], [HEIGHT, WIDTH]);
  const topRed = turned.pixels[0]!;
  const bottomRed = turned.pixels.at(-3)!;
  assert.ok(topRed > 200 && bottomRed < 60, `${topRed}, ${bottomRed}`);
});

Deno.test("decodeJpeg() refuses a file cut anywhere", async () => {
  const file = await jpegFile(WIDTH, HEIGHT, pixels);
  for (let length = 3; length < file.length - 1; length += 7) {
    await rejectsInput(() => decodeJpeg(file.slice(0, length), "cut.jpg"), "cut.jpg", "JPEG");
  }
  const length = file.length - 40;
  await rejectsInput(() => decodeJpeg(file.slice(0, length), "cut.jpg"), `at byte ${length}`, "FF D9");
});

Deno.test("decodeJpeg() goes on with the next file after a damaged one", async () => {
  const file = await jpegFile(WIDTH, HEIGHT, pixels);
  const damaged = file.slice();
  const table = damaged.findIndex((byte, i) => byte === 0xff && damaged[i + 1] === 0xc4);
  damaged.fill(0xff, table + 5, table + 21); // Huffman code lengths that cannot be
  await rejectsInput(() => decodeJpeg(damaged, "bad.jpg"), "bad.jpg");
  assert.equal((await decodeJpeg(file, "x.jpg")).width, WIDTH);
});

Deno.test("decodeJpeg() refuses a gigantic picture before it decodes it", async () => {
  const file = await jpegFile(WIDTH, HEIGHT, pixels);
  const frame = file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xc0);
  file.set([0xff, 0xff, 0xff, 0xff], frame + 5);
  await rejectsInput(() => decodeJpeg(file, "big.jpg"), "big.jpg", `at byte ${frame + 5}`, "65535 x 65535");
});

Deno.test("decodeJpeg() refuses what has no marker segments", async () => {
  const file = Uint8Array.of(0xff, 0xd8, 0xff, 0xfe, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
  await rejectsInput(() => decodeJpeg(file, "odd.jpg"), "odd.jpg", "at byte 6", "bytes 0102");
});
