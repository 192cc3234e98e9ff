/** Pictures of every kind against what Pillow makes of them (`tests/fixtures/pictures/make.py`). */
import { deepEqual, equal, ok } from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { InputError } from "../../src/errors.ts";
import { measurePicture, readPicture } from "../../src/data/pictures/read_picture.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { rejectsInput } from "./support.ts";

const FOLDER = "tests/fixtures/pictures";

/** Most that a value may differ: what is lossy is rounded by each decoder in its own way. */
const TOLERANCES: readonly (readonly [RegExp, number])[] = [
  [/^(cmyk|ycck)/, 4], // Adobe's inks to RGB
  [/\.jpg$/, 3],
  [/lossy.*\.webp$/, 6], // the upsampling of colours
  [/^420\.avif$/, 20], // the upsampling of colours
  [/\.avif$/, 3],
  [/^5[56]5\.bmp$/, 4], // 5 bits to 8
  [/./, 0],
];

/** The content of a binary PPM file. */
function readPpm(path: string): { width: number; height: number; pixels: Uint8Array } {
  const file = readFileSync(path);
  const [head, width, height] = /^P6\s(\d+)\s(\d+)\s255\s/.exec(file.subarray(0, 40).toString("latin1"))!;
  return { width: Number(width), height: Number(height), pixels: new Uint8Array(file.subarray(head.length)) };
}

const named = readdirSync(FOLDER);
const kinds = named.filter((name) => named.includes(`${name}.ppm`));

Deno.test("there are pictures of every format", () => {
  deepEqual([...new Set(kinds.map((name) => name.split(".")[1]))].sort(), [
    "avif",
    "bmp",
    "gif",
    "jpg",
    "png",
    "webp",
  ]);
});

for (const name of kinds) {
  Deno.test(`readPicture() of ${name} gives the pixels that Pillow gives`, async () => {
    const expected = readPpm(`${FOLDER}/${name}.ppm`);
    const { width, height, pixels } = await readPicture(`${FOLDER}/${name}`);
    deepEqual([width, height], [expected.width, expected.height]);
    equal(pixels.length, expected.pixels.length);
    const most = pixels.reduce((most, value, i) => Math.max(most, Math.abs(value - expected.pixels[i]!)), 0);
    const [, tolerance] = TOLERANCES.find(([pattern]) => pattern.test(name))!;
    ok(most <= tolerance, `differs by ${most}`);
    const measured = await measurePicture(`${FOLDER}/${name}`);
    deepEqual([measured.width, measured.height].sort(), [width, height].sort());
  });
}

const FOREIGN: readonly (readonly [string, string, string])[] = [
  ["photo.heic", "a HEIC photo", "sips -s format jpeg"],
  ["photo.tif", "a TIFF file", "Convert it"],
  ["drawing.svg", "an SVG drawing", "rsvg-convert"],
  ["animated.webp", "an animated WebP", "one of its frames"],
];

for (const [name, what, hint] of FOREIGN) {
  Deno.test(`readPicture() says that ${name} is ${what}, and the way round`, async () => {
    await rejectsInput(() => readPicture(`${FOLDER}/${name}`), name, what);
    await readPicture(`${FOLDER}/${name}`).catch((error) => ok(error.hint.includes(hint), error.hint));
  });
}

/** First bytes as latin1, and what the file is called. */
const BEGINNINGS: readonly (readonly [string, string])[] = [
  ["II*\0\x10\0\0\0CR\x02\0", "a camera's raw file"],
  ["\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "a camera's raw file (CR3)"],
  ["\0\0\0\x18ftypisom\0\0\x02\0isommp42", "a film"],
  ["\xff\x0a\xfa\x1f", "a JPEG XL file"],
  ["8BPS\0\x01", "a Photoshop file"],
  ["%PDF-1.7", "a PDF file"],
  ["PK\x03\x04", "an archive"],
  ["\x1f\x8b\x08\0", "an archive"],
  ["\n<!DOCTYPE html><title>404</title>", "a web page"],
  ["<svg width='2'/>", "an SVG drawing"],
  ["version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"],
];

Deno.test("readPicture() calls what is no picture by its first bytes", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const [head, what] of BEGINNINGS) {
      writeFileSync(`${folder}/x.jpg`, head, "latin1");
      await rejectsInput(() => readPicture(`${folder}/x.jpg`), "x.jpg", `it is ${what}`);
    }
  });
});

Deno.test("readPicture() reads a file as what it is, whatever its ending says", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const name of ["rgb.jpg", "lossy.webp", "plain.gif", "24.bmp", "rgb.avif"]) {
      writeFileSync(`${folder}/x.png`, readFileSync(`${FOLDER}/${name}`));
      deepEqual(await readPicture(`${folder}/x.png`), await readPicture(`${FOLDER}/${name}`));
    }
  });
});

Deno.test("readPicture() refuses every cut of every picture, or reads what was whole, and the whole one after", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const name of kinds) {
      const whole = readFileSync(`${FOLDER}/${name}`);
      const expected = await readPicture(`${FOLDER}/${name}`);
      for (const share of [0.2, 0.5, 0.8, 0.95]) {
        const path = `${folder}/${name}`;
        writeFileSync(path, whole.subarray(0, Math.floor(share * whole.length)));
        try {
          const { width, height, pixels } = await readPicture(path);
          equal(pixels.length, 3 * width * height, name);
        } catch (error) {
          ok(error instanceof InputError && error.message.includes(name), `${name}: ${error}`);
        }
      }
      deepEqual(await readPicture(`${FOLDER}/${name}`), expected, name);
    }
  });
});

Deno.test("readPicture() reads good pictures after a damaged one of each decoder a hundred times", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const name of ["lossy.webp", "rgb.avif", "rgb.jpg"]) {
      const damaged = new Uint8Array(readFileSync(`${FOLDER}/${name}`));
      damaged.fill(0x55, Math.floor(damaged.length / 2));
      writeFileSync(`${folder}/${name}`, damaged);
      const expected = await readPicture(`${FOLDER}/${name}`);
      for (let i = 0; i < 100; i++) await readPicture(`${folder}/${name}`).catch(() => {});
      deepEqual(await readPicture(`${FOLDER}/${name}`), expected, name);
    }
  });
});
