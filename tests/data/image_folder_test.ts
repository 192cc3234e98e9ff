import assert from "node:assert/strict";
import { loadDataset } from "../../src/data/load.ts";
import { jpegFile, plainPng, pngFile, withOrientation } from "./image_files.ts";
import { rejectsInput, writeFiles } from "./support.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

Deno.test("loadDataset() reads class folders below train and test, PNG and JPEG by content", async () => {
  await inTemporaryFolder(async (folder) => {
    const green = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => i % 3 === 1 ? 200 : 20);
    await writeFiles(folder, [
      ["train/dog/b.png", await plainPng(8, 8, [4, 5, 6])],
      ["train/dog/a.PNG", await jpegFile(8, 8, green)],
      ["train/cat/1.jpeg", await plainPng(8, 8, [7, 8, 9])],
      ["test/cat/1.png", await plainPng(8, 8, [1, 1, 1])],
      ["test/dog/1.png", await plainPng(8, 8, [2, 2, 2])],
      ["train/cat/.DS_Store", Uint8Array.of(0)],
      ["train/cat/Thumbs.db", Uint8Array.of(0)],
      ["train/.hidden/x", Uint8Array.of(0)],
      ["README.txt", Uint8Array.of(0)],
      ["train/cat/@eaDir/x.jpg", Uint8Array.of(0)],
      ["others/odd/x.txt", Uint8Array.of(0)],
    ]);
    const { classNames, train, test, height, width, channels } = await loadDataset(folder);
    assert.deepEqual(classNames, ["cat", "dog"]);
    assert.deepEqual([height, width, channels], [8, 8, 3]);
    assert.deepEqual([...train.labels], [0, 1, 1]);
    assert.deepEqual([...test.labels], [0, 1]);
    assert.deepEqual([...train.images.subarray(0, 3)], [7, 8, 9]);
    const jpeg = train.images.subarray(192, 195);
    assert.ok(jpeg[0]! < 30 && jpeg[1]! > 190 && jpeg[2]! < 30, `${jpeg}`);
    assert.deepEqual([...train.images.subarray(384, 387)], [4, 5, 6]);
    assert.deepEqual([...test.images.subarray(0, 3)], [1, 1, 1]);
  });
});

Deno.test("loadDataset() sets a fifth of each class aside, the same one every time", async () => {
  await inTemporaryFolder(async (folder) => {
    for (let i = 0; i < 20; i++) await writeFiles(folder, [[`a/${i}.png`, await plainPng(2, 2, [i, 0, 0])]]);
    for (let i = 0; i < 3; i++) {
      await writeFiles(folder, [[`b/${i}.png`, await plainPng(2, 2, [100 + i, 0, 0])]]);
    }
    const first = await loadDataset(folder);
    assert.deepEqual([...first.test.labels], [0, 0, 0, 0, 1]);
    assert.deepEqual([...first.train.labels], [...new Array(16).fill(0), 1, 1]);
    const seen = [...firstBytes(first.train.images), ...firstBytes(first.test.images)];
    assert.deepEqual(seen.sort((a, b) => a - b), [...Array.from({ length: 20 }, (_, i) => i), 100, 101, 102]);
    assert.notDeepEqual(firstBytes(first.test.images).slice(0, 4), [0, 1, 2, 3]);
    assert.equal((await loadDataset(folder)).checksum, first.checksum);
    // Another class beside them changes nothing in theirs.
    await writeFiles(folder, [["c/0.png", await plainPng(2, 2, [9, 9, 9])], [
      "c/1.png",
      await plainPng(2, 2, [8, 8, 8]),
    ]]);
    assert.deepEqual(
      firstBytes((await loadDataset(folder)).test.images).slice(0, 5),
      firstBytes(first.test.images),
    );
  });
});

Deno.test("loadDataset() brings pictures of any size to the size asked for", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeFiles(folder, [
      ["train/a/1.png", await plainPng(5, 9, [10, 20, 30])],
      ["train/b/1.png", await plainPng(16, 3, [40, 50, 60])],
      ["test/a/1.png", await plainPng(4, 4, [70, 80, 90])],
      ["test/b/1.png", await plainPng(1, 1, [5, 6, 7])],
    ]);
    const { height, width, train, test } = await loadDataset(folder, { imageSize: 4 });
    assert.deepEqual([height, width], [4, 4]);
    assert.deepEqual([...train.images.subarray(45, 51)], [10, 20, 30, 40, 50, 60]);
    assert.deepEqual([...test.images.subarray(45, 51)], [70, 80, 90, 5, 6, 7]);
    const messages: string[] = [];
    const chosen = await loadDataset(folder, { onProgress: (message) => messages.push(message) });
    assert.deepEqual([chosen.height, chosen.width, chosen.imageSize], [32, 32, 32]);
    assert.match(messages.join("\n"), /32 x 32 pixels \(the median of their shorter sides is 4\)/);
    for (const imageSize of [0, 2.5, 5000, NaN]) {
      await rejectsInput(() => loadDataset(folder, { imageSize }), `${imageSize}`, "1 to 4096");
    }
  });
});

/** [what, files besides two good classes, texts of the message] */
const faults: [string, () => Promise<[string, Uint8Array][]>, string[]][] = [
  ["a foreign file in a class folder", () => one("a/notes.txt", text("hello")), [
    "a/notes.txt",
    "at byte 0",
    "signature of a JPEG, PNG, WebP, AVIF, GIF or BMP file",
    "68656c6c",
  ]],
  ["an empty file", () => one("a/1.png", new Uint8Array(0)), ["a/1.png", "at byte 0", "an empty file"]],
  ["a cut PNG", async () => [["b/1.png", (await plainPng(2, 2, [1, 2, 3])).subarray(0, 50)]], [
    "b/1.png",
    "at byte 50",
  ]],
  ["a cut JPEG", async () => [["b/1.jpg", (await jpegFile(2, 2, new Uint8Array(12))).subarray(0, 100)]], [
    "b/1.jpg",
    "JPEG",
  ]],
  ["a gigantic PNG", async () => {
    const rows = [[0, 0, 0]];
    return [["a/0.png", await pngFile({ width: 2 ** 20, height: 2 ** 20, depth: 8, colourType: 2, rows })]];
  }, ["a/0.png", "at byte 16", "1048576 x 1048576"]],
  ["a folder inside a class folder", () => one("a/more/1.png", text("x")), ["/a:", "found the folder more"]],
  ["a class of one picture", async () => [["c/1.png", await plainPng(2, 2, [0, 0, 0])]], [
    "/c:",
    "at least 2",
  ]],
  ["train without test", () => one("train/a/1.png", text("x")), ["train/ holds folders", "no test/"]],
  ["test without train", () => one("test/a/1.png", text("x")), ["test/ holds folders", "no train/"]],
];

for (const [what, files, texts] of faults) {
  Deno.test(`loadDataset() refuses class folders with ${what}`, async () => {
    await inTemporaryFolder(async (folder) => {
      const good = await plainPng(2, 2, [1, 2, 3]);
      await writeFiles(folder, [["a/8.png", good], ["a/9.png", good], ["b/8.png", good], ["b/9.png", good]]);
      await writeFiles(folder, await files());
      await rejectsInput(() => loadDataset(folder), ...texts);
    });
  });
}

Deno.test("loadDataset() keeps small pictures of one size as they are, and refuses one that EXIF turns", async () => {
  await inTemporaryFolder(async (folder) => {
    const flat = await jpegFile(6, 4, new Uint8Array(72).fill(90));
    await writeFiles(folder, ["a/1", "a/2", "b/1", "b/2"].map((name) => [`${name}.jpg`, flat]));
    const { height, width, imageSize } = await loadDataset(folder);
    assert.deepEqual([height, width, imageSize], [4, 6, undefined]);
    await writeFiles(folder, [["b/3.jpg", withOrientation(flat, 6)]]);
    await rejectsInput(() => loadDataset(folder), "b/3.jpg", "4 x 6", "is 6 x 4");
  });
});

Deno.test("loadDataset() leaves empty classes out, and warns of them and of strong imbalance", async () => {
  await inTemporaryFolder(async (folder) => {
    const good = await plainPng(2, 2, [1, 2, 3]);
    await writeFiles(folder, Array.from({ length: 50 }, (_, i) => [`many/${i}.png`, good] as const));
    await writeFiles(folder, [["few/1.png", good], ["few/2.png", good], ["none/.keep", text("")]]);
    const messages: string[] = [];
    const { classNames } = await loadDataset(folder, { onProgress: (message) => messages.push(message) });
    assert.deepEqual(classNames, ["few", "many"]);
    assert.match(messages.join("\n"), /no pictures in none\/; left out/);
    assert.match(messages.join("\n"), /40 training images of "many" and 1 of "few"/);
  });
});

Deno.test("loadDataset() names ten bad pictures and counts the rest, or leaves them out when told to", async () => {
  await inTemporaryFolder(async (folder) => {
    const good = await plainPng(2, 2, [1, 2, 3]);
    await writeFiles(folder, ["a/8.png", "a/9.png", "b/8.png", "b/9.png"].map((name) => [name, good]));
    await writeFiles(folder, Array.from({ length: 12 }, (_, i) => [`b/x${i}.jpg`, text("bad")] as const));
    await rejectsInput(() => loadDataset(folder), "12 pictures cannot be read", "b/x0.jpg", "and 2 more");
    const messages: string[] = [];
    const { train, test } = await loadDataset(folder, {
      skipBad: true,
      onProgress: (message) => messages.push(message),
    });
    assert.equal(train.count + test.count, 4);
    assert.match(messages.join("\n"), /12 pictures of .* left out:\n.*x/);
  });
});

Deno.test("loadDataset() reads 200 classes of three pictures", async () => {
  await inTemporaryFolder(async (folder) => {
    const good = await plainPng(1, 1, [1, 2, 3]);
    await writeFiles(
      folder,
      Array.from({ length: 600 }, (_, i) => [`c${i % 200}/${i}.png`, good] as const),
    );
    const { classNames, train, test } = await loadDataset(folder);
    assert.deepEqual([classNames.length, train.count, test.count], [200, 400, 200]);
  });
});

Deno.test("loadDataset() looks inside a folder that holds nothing but another, and a part is no such folder", async () => {
  await inTemporaryFolder(async (folder) => {
    const good = await plainPng(2, 2, [1, 2, 3]);
    const files = ["a/1.png", "a/2.png", "b/1.png", "b/2.png"];
    await writeFiles(folder, files.map((name) => [`photos/${name}`, good]));
    await writeFiles(folder, [["__MACOSX/photos/x", text("")]]);
    assert.deepEqual((await loadDataset(folder)).classNames, ["a", "b"]);
    await writeFiles(`${folder}/other`, files.map((name) => [`train/${name}`, good]));
    await rejectsInput(() => loadDataset(`${folder}/other`), "no test/ beside it");
  });
});

Deno.test("loadDataset() refuses other classes for testing than for training", async () => {
  await inTemporaryFolder(async (folder) => {
    const good = await plainPng(2, 2, [1, 2, 3]);
    await writeFiles(
      folder,
      ["train/a", "train/b", "test/a", "test/c"].map((path) => [`${path}/1.png`, good] as const),
    );
    await rejectsInput(() => loadDataset(folder), 'the class "b" is in train/, but not in test/');
  });
});

Deno.test("loadDataset() refuses one class folder, and takes more classes than a byte can number", async () => {
  await inTemporaryFolder(async (folder) => {
    const good = await plainPng(1, 1, [1, 2, 3]);
    await writeFiles(folder, [["0/1.png", good]]);
    await rejectsInput(() => loadDataset(folder), "2 to 65,536 class folders", "found 1");
    const names = Array.from({ length: 300 }, (_, i) => `${1000 + i}`);
    await Deno.remove(`${folder}/0`, { recursive: true });
    await writeFiles(
      folder,
      names.flatMap((name) => [1, 2].map((i) => [`${name}/${i}.png`, good] as const)),
    );
    const { classNames, train } = await loadDataset(folder);
    assert.deepEqual(classNames, names);
    assert.deepEqual([...train.labels], names.map((_, label) => label));
  });
});

function firstBytes(images: Uint8Array): number[] {
  return [...images].filter((_, i) => i % 12 === 0);
}

function one(path: string, bytes: Uint8Array): Promise<[string, Uint8Array][]> {
  return Promise.resolve([[path, bytes]]);
}

function text(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}
