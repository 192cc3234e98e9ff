/** Pictures and folders as other programs leave them (`tests/fixtures/cases`). */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { cpSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { decodeJpeg } from "../../src/data/pictures/jpeg.ts";
import { loadDataset } from "../../src/data/load.ts";
import { readPicture } from "../../src/data/pictures/read_picture.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const CASES = "tests/fixtures/cases";
const PNGS = `${CASES}/40-png-adam7-below-8-bits`;

for (const name of readdirSync(PNGS).filter((name) => name.endsWith("-adam7.png"))) {
  Deno.test(`readPicture() of ${name} gives the pixels of the same picture without interlacing`, async () => {
    const plain = await readPicture(`${PNGS}/${name.replace("-adam7", "")}`);
    deepEqual(await readPicture(`${PNGS}/${name}`), plain);
    ok(new Set(plain.pixels).size > 1);
  });
}

Deno.test("readPicture() reads a PNG whatever stands in its ancillary chunks", async (t) => {
  const folder = `${CASES}/41-png-oddities`;
  for (const name of readdirSync(folder)) {
    await t.step(name, async () => {
      const { width, height, pixels } = await readPicture(`${folder}/${name}`);
      equal(pixels.length, width * height * 3);
    });
  }
});

Deno.test("readPicture() passes over stray bytes between the segments of a JPEG, as libjpeg does", async () => {
  const folder = `${CASES}/44-jpeg-oddities`;
  const plain = await readPicture(`${folder}/trailing-bytes.jpg`);
  for (const name of ["before-sof", "before-sos", "between-segments"]) {
    deepEqual(await readPicture(`${folder}/stray-bytes-${name}.jpg`), plain, name);
  }
});

Deno.test("decodeJpeg() refuses a damaged picture as often as it is asked, and reads good ones for ever", async () => {
  const folder = `${CASES}/81-jpeg-that-kills-the-decoder`;
  const [killer, good] = ["decoder-killer.jpg", "good.jpg"].map((name) =>
    new Uint8Array(readFileSync(`${folder}/${name}`))
  );
  const picture = await decodeJpeg(good!, "good.jpg");
  for (let i = 0; i < 1000; i++) {
    await decodeJpeg(killer!, "decoder-killer.jpg").catch((error) =>
      match(error.message, /decoder-killer\.jpg/)
    );
    if (i % 100 === 0) deepEqual(await decodeJpeg(good!, "good.jpg"), picture);
  }
});

Deno.test("loadDataset() skips what other systems leave in folders, in any case of letters", async () => {
  const { classNames, train, test } = await loadDataset(`${CASES}/50b-other-system-droppings/data`);
  deepEqual(classNames, ["cat", "dog"]);
  equal(train.count + test.count, 10);
});

Deno.test("loadDataset() takes val/, valid/ and validation/ for the test part", async () => {
  await inTemporaryFolder(async (folder) => {
    cpSync(`${CASES}/51-train-val/data`, folder, { recursive: true });
    const { checksum, test } = await loadDataset(folder);
    ok(test.count > 0);
    let before = "val";
    for (const name of ["valid", "validation", "test"]) {
      renameSync(`${folder}/${before}`, `${folder}/${name}`);
      equal((await loadDataset(folder)).checksum, checksum);
      before = name;
    }
  });
});

Deno.test("loadDataset() names every picture that cannot be read", async () => {
  const folder = `${CASES}/52-zero-byte-files/data`;
  const empty = ["cat", "dog"].flatMap((name) =>
    readdirSync(`${folder}/${name}`).map((file) => `${folder}/${name}/${file}`)
  ).filter((path) => readFileSync(path).length === 0);
  equal(empty.length, 3);
  await rejects(loadDataset(folder), ({ message }: Error) => empty.every((path) => message.includes(path)));
});

Deno.test("loadDataset() warns of a class without a training image", async () => {
  const messages: string[] = [];
  const { classNames } = await loadDataset(`${CASES}/57b-labels-from-1-to-26/data`, {
    onProgress: (message) => messages.push(message),
  });
  equal(classNames.length, 27);
  match(messages.join("\n"), /27 classes, and no training image of "0"/);
});
