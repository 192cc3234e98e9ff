import { deepEqual, equal } from "node:assert/strict";
import { encodeIdx } from "../../src/data/idx.ts";
import { loadDataset } from "../../src/data/load.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { rejectsInput, writeFiles } from "./support.ts";

function files(set: string, labels: readonly number[]): [string, Uint8Array][] {
  const data = Uint8Array.from({ length: 4 * labels.length }, (_, i) => i);
  return ["train", "test"].flatMap((part): [string, Uint8Array][] => [
    [`emnist-${set}-${part}-images-idx3-ubyte`, encodeIdx({ shape: [labels.length, 2, 2], data })],
    [
      `emnist-${set}-${part}-labels-idx1-ubyte`,
      encodeIdx({ shape: [labels.length], data: Uint8Array.from(labels) }),
    ],
  ]);
}

Deno.test("loadDataset() reads EMNIST's letters upright, and from A", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeFiles(folder, files("letters", [1, 26]));
    const { classNames, train, test } = await loadDataset(folder);
    equal(classNames.join(""), "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    deepEqual([...train.labels], [0, 25]);
    deepEqual([...test.images], [0, 2, 1, 3, 4, 6, 5, 7]);
  });
});

Deno.test("loadDataset() refuses labels below the first of EMNIST's letters, and two of its sets at once", async () => {
  await inTemporaryFolder(async (folder) => {
    await writeFiles(folder, files("letters", [1, 0]));
    await rejectsInput(() => loadDataset(folder), "train-labels", "at byte 9", "1 or more", "found 0");
    await writeFiles(folder, files("digits", [1, 0]));
    await rejectsInput(() => loadDataset(folder), "2 sets of EMNIST: ", "digits", "letters");
  });
});
