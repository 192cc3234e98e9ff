import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { loadDataset } from "../../src/data/load.ts";
import { pixelsOfFile, pixelsOfPicture } from "../../src/classify/picture.ts";
import { pixelsOf } from "../../src/deploy/page/picture.ts";
import { jpegFile, pngFile } from "../data/image_files.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const RGB_8 = { inputSize: [8, 8, 3] } as const;

/** A picture whose every pixel differs, [height, width, 3]. */
function gradient(width: number, height: number) {
  return { width, height, pixels: Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 7) % 251) };
}

function gradientPng(width: number, height: number): Promise<Uint8Array> {
  const { pixels } = gradient(width, height);
  const rows = Array.from(
    { length: height },
    (_, y) => [...pixels.subarray(3 * width * y, 3 * width * (y + 1))],
  );
  return pngFile({ width, height, depth: 8, colourType: 2, rows });
}

Deno.test("pixelsOfPicture() leaves a picture of the right size alone", () => {
  const picture = gradient(8, 8);
  assert.deepEqual(pixelsOfPicture(picture, "p", RGB_8), picture.pixels);
});

Deno.test("pixelsOfPicture() cuts the middle square of a wide picture", () => {
  const pixels = new Uint8Array(3 * 24 * 8);
  for (let y = 0; y < 8; y++) pixels.fill(200, 3 * (24 * y + 8), 3 * (24 * y + 16));
  assert.deepEqual([...new Set(pixelsOfPicture({ width: 24, height: 8, pixels }, "p", RGB_8))], [200]);
});

Deno.test("pixelsOfPicture() makes grey by luma, and keeps what is grey", () => {
  const picture = { width: 2, height: 1, pixels: Uint8Array.of(255, 0, 0, 77, 77, 77) };
  assert.deepEqual([...pixelsOfPicture(picture, "p", { inputSize: [1, 2, 1] })], [76, 77]);
});

Deno.test("pixelsOfPicture() cuts the middle of the network's proportions when they are no square", () => {
  const pixels = new Uint8Array(3 * 8 * 12).fill(9);
  for (let y = 4; y < 8; y++) pixels.fill(200, 3 * 8 * y, 3 * 8 * (y + 1));
  const picture = { width: 8, height: 12, pixels };
  assert.deepEqual(pixelsOfPicture(picture, "p", { inputSize: [2, 4, 3] }), new Uint8Array(24).fill(200));
});

Deno.test("pixelsOf() of the page gives the bytes that pixelsOfPicture() gives of the same picture", () => {
  for (const [width, height] of [[37, 20], [8, 8], [5, 9], [64, 100]] as const) {
    const picture = gradient(width, height);
    const data = Uint8ClampedArray.from(
      { length: 4 * width * height },
      (_, i) => i % 4 === 3 ? 255 : picture.pixels[3 * Math.floor(i / 4) + i % 4]!,
    );
    const canvas = { width, height, getContext: () => ({ getImageData: () => ({ width, height, data }) }) };
    for (const inputSize of [[8, 8, 3], [8, 8, 1], [6, 10, 3], [6, 10, 1]] as const) {
      const onPage = pixelsOf(canvas as unknown as Parameters<typeof pixelsOf>[0], inputSize);
      assert.deepEqual(
        onPage,
        pixelsOfPicture(picture, "p", { inputSize }),
        `${width}x${height} to ${inputSize}`,
      );
    }
  }
});

Deno.test("pixelsOfPicture() refuses what it cannot make fit", () => {
  assert.throws(() => pixelsOfPicture(gradient(8, 8), "p.png", { inputSize: [8, 8, 4] }), (error) => {
    assert(error instanceof InputError);
    assert.match(error.message, /p\.png: the network takes images of 4 channels/);
    return true;
  });
});

Deno.test("pixelsOfFile() prepares a picture as training data is prepared, PNG and JPEG", () =>
  inTemporaryFolder(async (folder) => {
    for (const name of ["a", "b"]) {
      await Deno.mkdir(`${folder}/${name}`);
      await Deno.writeFile(`${folder}/${name}/1.png`, await gradientPng(20, 12));
      await Deno.writeFile(`${folder}/${name}/2.jpg`, await jpegFile(20, 12, gradient(20, 12).pixels));
    }
    const { train, test } = await loadDataset(folder, { imageSize: 8 });
    const known = [train, test].flatMap(({ images, count }) =>
      Array.from({ length: count }, (_, i) => images.subarray(192 * i, 192 * (i + 1)).toHex())
    );
    for (const path of ["a/1.png", "b/2.jpg"]) {
      assert(known.includes((await pixelsOfFile(`${folder}/${path}`, RGB_8)).toHex()), path);
    }
  }));
