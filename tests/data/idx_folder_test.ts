import assert from "node:assert/strict";
import { encodeIdx } from "../../src/data/idx.ts";
import { encodeIdxFolder } from "../../src/data/idx_folder.ts";
import { loadDataset } from "../../src/data/load.ts";
import { sha256 } from "../../src/files/hash.ts";
import { gzip, rejectsInput, writeFiles } from "./support.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

/** A data set under MNIST's names: 3 training and 2 test images of 2 x 4 grey pixels, labels 0 to 2. */
function mnist(): Map<string, Uint8Array<ArrayBuffer>> {
  return new Map([
    ["train-images-idx3-ubyte", images([3, 2, 4])],
    ["train-labels-idx1-ubyte", encodeIdx({ shape: [3], data: Uint8Array.of(2, 0, 1) })],
    ["t10k-images-idx3-ubyte", images([2, 2, 4])],
    ["t10k-labels-idx1-ubyte", encodeIdx({ shape: [2], data: Uint8Array.of(1, 2) })],
  ]);
}

Deno.test("loadDataset() reads MNIST's files, grey, with digits for class names", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeFiles(folder, mnist());
    const dataset = await loadDataset(folder + "/");
    assert.equal(dataset.name, folder.split("/").at(-1));
    assert.deepEqual([dataset.height, dataset.width, dataset.channels], [2, 4, 1]);
    assert.deepEqual(dataset.classNames, ["0", "1", "2"]);
    assert.deepEqual([dataset.train.count, dataset.test.count], [3, 2]);
    assert.deepEqual([...dataset.train.labels], [2, 0, 1]);
    assert.deepEqual([...dataset.test.images], Array.from({ length: 16 }, (_, i) => i * 7 % 256));
    const { train, test } = dataset;
    assert.equal(dataset.checksum, await sha256(train.images, train.labels, test.images, test.labels));
  });
});

Deno.test("loadDataset() reads gzipped files and names with a dot, and prefers what is decompressed", async () => {
  await inTemporaryFolder(async (folder) => {
    for (const [name, bytes] of mnist()) {
      await writeFiles(folder, [[name.replace("-idx", ".idx") + ".gz", await gzip(bytes)]]);
    }
    assert.equal((await loadDataset(folder)).train.count, 3);
    await writeFiles(folder, [[
      "train-labels-idx1-ubyte",
      encodeIdx({ shape: [3], data: Uint8Array.of(0, 1, 2) }),
    ]]);
    assert.deepEqual([...(await loadDataset(folder)).train.labels], [0, 1, 2]);
  });
});

Deno.test("loadDataset() gives back what encodeIdxFolder() wrote", async () => {
  await inTemporaryFolder(async (folder) => {
    const split = (count: number) => ({
      images: Uint8Array.from({ length: count * 12 }, (_, i) => i * 31 % 256),
      labels: Uint8Array.from({ length: count }, (_, i) => i % 2),
      count,
    });
    const dataset = {
      height: 1,
      width: 4,
      channels: 3,
      classNames: ["cat", "dog"],
      train: split(4),
      test: split(2),
    };
    await writeFiles(folder, encodeIdxFolder(dataset));
    const { name: _name, checksum: _checksum, ...loaded } = await loadDataset(folder);
    assert.deepEqual(loaded, dataset);
  });
});

Deno.test("loadDataset() brings IDX images to the size asked for", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeFiles(folder, mnist());
    const { height, width, train } = await loadDataset(folder, { imageSize: 2 });
    assert.deepEqual([height, width, train.images.length], [2, 2, 3 * 4]);
    assert.deepEqual([...train.images.subarray(0, 4)], [7, 14, 35, 42]); // the middle of 0 7 14 21 / 28 35 42 49
  });
});

/** [what, change, texts of the message] */
const faults: [string, (files: Map<string, Uint8Array>) => void, string[]][] = [
  ["a missing file", (files) => files.delete("t10k-labels-idx1-ubyte"), ["test labels are missing"]],
  ["two files for one part", (files) => files.set("train-images-idx4-ubyte", images([3, 2, 4, 1])), [
    "train-images-idx3-ubyte and train-images-idx4-ubyte",
  ]],
  ["other counts of images and labels", (files) => {
    files.set("train-labels-idx1-ubyte", encodeIdx({ shape: [2], data: new Uint8Array(2) }));
  }, ["train-labels-idx1-ubyte", "at byte 4", "expected 3 labels", "found 2"]],
  ["images of rank 2", (files) => files.set("t10k-images-idx3-ubyte", images([2, 8])), [
    "t10k-images-idx3-ubyte",
    "at byte 3",
    "rank 3 or 4",
    "rank 2",
  ]],
  ["labels of rank 2", (files) => files.set("t10k-labels-idx1-ubyte", images([2, 1])), [
    "t10k-labels-idx1-ubyte",
    "at byte 3",
    "rank 1",
    "rank 2",
  ]],
  ["channels before height and width", (files) => {
    files.delete("train-images-idx3-ubyte");
    files.set("train-images-idx4-ubyte", images([3, 1, 2, 5]));
  }, ["train-images-idx4-ubyte", "at byte 16", "found 5"]],
  [
    "other sizes for training and testing",
    (files) => files.set("t10k-images-idx3-ubyte", images([2, 2, 5])),
    [
      "has width 4",
      "has 5",
    ],
  ],
  ["no images", (files) => {
    files.set("t10k-images-idx3-ubyte", images([0, 2, 4]));
    files.set("t10k-labels-idx1-ubyte", images([0]));
  }, ["no test images"]],
  ["images without pixels", (files) => {
    files.set("train-images-idx3-ubyte", images([3, 0, 4]));
    files.set("t10k-images-idx3-ubyte", images([2, 0, 4]));
  }, ["train-images-idx3-ubyte", "at byte 8", "height of at least 1", "found 0"]],
  ["a test label that no training image has", (files) => {
    files.set("t10k-labels-idx1-ubyte", encodeIdx({ shape: [2], data: Uint8Array.of(1, 3) }));
  }, ["t10k-labels-idx1-ubyte", "at byte 9", "0..2", "found 3"]],
  ["a label beyond the class names", (files) => files.set("classes.txt", text("a\nb\n")), [
    "train-labels-idx1-ubyte",
    "at byte 8",
    "0..1",
    "found 2",
  ]],
  ["one class", (files) => {
    files.set("train-labels-idx1-ubyte", encodeIdx({ shape: [3], data: new Uint8Array(3) }));
    files.set("t10k-labels-idx1-ubyte", encodeIdx({ shape: [2], data: new Uint8Array(2) }));
  }, ["2 to 65,536 classes", "found 1"]],
  ["more than 256 class names", (files) => {
    files.set("classes.txt", text(Array.from({ length: 257 }, (_, i) => `class ${i}`).join("\n")));
  }, ["classes.txt", "found 257"]],
  ["a class name twice", (files) => files.set("classes.txt", text("a\r\nb\r\na\r\n")), [
    "classes.txt",
    '"a"',
  ]],
  ["a cut file", (files) => {
    files.set("train-images-idx3-ubyte", files.get("train-images-idx3-ubyte")!.subarray(0, 20));
  }, ["train-images-idx3-ubyte", "at byte 20"]],
];

for (const [what, change, texts] of faults) {
  Deno.test(`loadDataset() refuses IDX files with ${what}`, async () => {
    await inTemporaryFolder(async (folder) => {
      const files: Map<string, Uint8Array> = mnist();
      change(files);
      await writeFiles(folder, files);
      await rejectsInput(() => loadDataset(folder), ...texts);
    });
  });
}

function images(shape: number[]): Uint8Array<ArrayBuffer> {
  const length = shape.reduce((product, size) => product * size, 1);
  return encodeIdx({ shape, data: Uint8Array.from({ length }, (_, i) => i * 7 % 256) });
}

function text(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}
