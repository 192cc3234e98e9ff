import assert from "node:assert/strict";
import { decodeCifar10 } from "../../src/data/cifar10.ts";
import { loadDataset } from "../../src/data/load.ts";
import { rejectsInput, writeFiles } from "./support.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const RECORD = 3073;
const NAMES = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");

Deno.test("decodeCifar10() interleaves the planes of red, green and blue", () => {
  const file = batch([3, 9], (index, channel, pixel) => index * 100 + channel * 30 + pixel % 7);
  const { images, labels, count } = decodeCifar10(file, "x.bin");
  assert.equal(count, 2);
  assert.deepEqual([...labels], [3, 9]);
  for (const index of [0, 1]) {
    for (const pixel of [0, 33, 1023]) {
      const at = (index * 1024 + pixel) * 3;
      const value = index * 100 + pixel % 7;
      assert.deepEqual([...images.subarray(at, at + 3)], [value, value + 30, value + 60]);
    }
  }
});

Deno.test("decodeCifar10() refuses an empty file, a cut one, and a label above 9", async () => {
  await rejectsInput(() => decodeCifar10(new Uint8Array(0), "none.bin"), "none.bin", "at byte 0", "after 0");
  const file = batch([1, 2]);
  await rejectsInput(
    () => decodeCifar10(file.subarray(0, RECORD + 5), "cut.bin"),
    `at byte ${RECORD}`,
    "after 5",
  );
  await rejectsInput(
    () => decodeCifar10(batch([1, 10]), "odd.bin"),
    "odd.bin",
    `at byte ${RECORD}`,
    "found 10",
  );
});

Deno.test("loadDataset() reads CIFAR-10 with its class names, batches in their order", async () => {
  await inTemporaryFolder(async (folder) => {
    const labels = Array.from({ length: 11 }, (_, i) => i % 10);
    await writeFiles(
      folder,
      labels.map((label, i) => [`data_batch_${i + 1}.bin`, batch([label], () => i)] as const),
    );
    await writeFiles(folder, [["test_batch.bin", batch([5, 6, 7])], [
      "batches.meta.txt",
      text(NAMES.join("\n") + "\n\n"),
    ]]);
    const { train, test, classNames, ...shape } = await loadDataset(folder);
    assert.deepEqual([shape.height, shape.width, shape.channels], [32, 32, 3]);
    assert.deepEqual(classNames, NAMES);
    assert.deepEqual([...train.labels], labels);
    assert.deepEqual(
      Array.from({ length: 11 }, (_, i) => train.images[i * 3072]),
      Array.from({ length: 11 }, (_, i) => i),
    );
    assert.equal(test.count, 3);
  });
});

Deno.test("loadDataset() names the batch that CIFAR-10 lacks", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeFiles(folder, [["data_batch_1.bin", batch([1])], ["data_batch_3.bin", batch([1])]]);
    await rejectsInput(() => loadDataset(folder), "data_batch_2.bin is missing");
    await writeFiles(folder, [["data_batch_2.bin", batch([1])]]);
    await rejectsInput(() => loadDataset(folder), "test_batch.bin is missing");
  });
});

Deno.test("loadDataset() refuses CIFAR-10 with other than ten class names", async () => {
  await inTemporaryFolder(async (folder) => {
    const files = [["data_batch_1.bin", batch([1])], ["test_batch.bin", batch([1])]] as const;
    await writeFiles(folder, [...files, ["batches.meta.txt", text("cat\ndog\n")]]);
    await rejectsInput(() => loadDataset(folder), "batches.meta.txt", "expected 10 class names; found 2");
  });
});

function batch(
  labels: number[],
  value: (index: number, channel: number, pixel: number) => number = () => 0,
): Uint8Array {
  return Uint8Array.from(labels.flatMap((label, index) => [
    label,
    ...[0, 1, 2].flatMap((channel) =>
      Array.from({ length: 1024 }, (_, pixel) => value(index, channel, pixel))
    ),
  ]));
}

function text(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}
