/** The data of the exported PyTorch programs against ours: the same bytes, and the same done to them. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { changeColors } from "../../src/data/augment/color.ts";
import { cropImage } from "../../src/data/augment/crop.ts";
import { moveImage } from "../../src/data/augment/move.ts";
import { encodeIdx } from "../../src/data/idx.ts";
import { loadDataset } from "../../src/data/load.ts";
import { withValidation } from "../../src/data/validation.ts";
import { Random } from "../../src/random.ts";
import { plainPng } from "../data/image_files.ts";
import { gzip, writeFiles } from "../data/support.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";
import { pythonWithTorch, runPython } from "./torch_train.ts";

const PYTHON = pythonWithTorch();
const PROGRAMS = fileURLToPath(new URL("../../src/deploy/torch_train/", import.meta.url));

/** What a program prints as JSON, given a value. */
async function inPython(program: string, value: unknown): Promise<unknown> {
  const head =
    "import json, sys\nfrom pathlib import Path\nsys.path.insert(0, sys.argv[1])\nimport numpy, torch\n" +
    "from data import *\nvalue = json.loads(sys.argv[2])\n";
  return JSON.parse(await runPython(PYTHON!, ["-c", head + program, PROGRAMS, JSON.stringify(value)]));
}

function bytes(count: number, seed: string): Uint8Array<ArrayBuffer> {
  const random = Random.from(1, seed);
  return Uint8Array.from({ length: count }, () => random.integer(256));
}

function labels(count: number, classes: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: count }, (_, i) => (i * i) % classes);
}

type Files = [string, Uint8Array][];

async function pictures(folder: string, counts: Readonly<Record<string, number>>): Promise<Files> {
  const files: Files = [];
  for (const [name, count] of Object.entries(counts)) {
    for (let i = 0; i < count; i++) {
      files.push([`${folder}${name}/${i}.png`, await plainPng(8, 6, [i, count, folder.length])]);
    }
  }
  return files;
}

const SOURCES: Readonly<Record<string, () => Promise<Files>>> = {
  "grey IDX files, gzipped": async () => [
    ["train-images-idx3-ubyte.gz", await gzip(encodeIdx({ shape: [30, 5, 6], data: bytes(900, "x") }))],
    ["train-labels-idx1-ubyte.gz", await gzip(encodeIdx({ shape: [30], data: labels(30, 3) }))],
    ["t10k-images.idx3-ubyte", encodeIdx({ shape: [4, 5, 6], data: bytes(120, "y") })],
    ["t10k-labels.idx1-ubyte", encodeIdx({ shape: [4], data: labels(4, 2) })],
  ],
  "CIFAR-10's batches": () =>
    Promise.resolve(["data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"].map((name) => {
      const records = bytes(20 * 3073, name);
      for (let i = 0; i < 20; i++) records[i * 3073] = i % 10;
      return [name, records];
    })),
  "class folders": async () => [
    ...await pictures("", { cat: 12, "a dog": 7, émeu: 2 }),
    ["cat/.DS_Store", Uint8Array.of(0)],
    ["cat/Thumbs.db", Uint8Array.of(0)],
  ],
  "class folders below train, Val and test": async () => [
    ...await pictures("train/", { cat: 5, dog: 4 }),
    ...await pictures("Val/", { cat: 2, dog: 1 }),
    ...await pictures("test/", { cat: 1, dog: 2 }),
  ],
  "class folders below train and val": async () => [
    ...await pictures("train/", { cat: 5, dog: 4 }),
    ...await pictures("val/", { cat: 2, dog: 1 }),
  ],
};

for (const [name, files] of Object.entries(SOURCES)) {
  Deno.test({
    name: `data.py has the bytes of ${name} that we have, and holds the same back`,
    ignore: PYTHON === undefined,
    fn: () =>
      inTemporaryFolder(async (folder) => {
        await writeFiles(folder, await files());
        const dataset = await loadDataset(folder);
        const { height, width, channels, classNames, checksum } = dataset;
        const config = { network: { inputSize: [height, width, channels] }, data: { classNames } };
        const program = `
try:
    import PIL
except ImportError:
    print('"no Pillow"')
    sys.exit()
data = load_data(Path(value["folder"]), value["config"])
train, held = hold_back(data["train"], 0.3, 7, len(value["config"]["data"]["classNames"]))
held = held if "validation" not in data else data["validation"]
print(json.dumps([checksum_of(data), Random(7, "training").shuffle(20).tolist(), held.images.ravel().tolist()]))`;
        const found = await inPython(program, { folder, config });
        if (found === "no Pillow") return console.log("skipped: no Pillow is installed");
        const order = Random.from(7, "training").shuffle(Array.from({ length: 20 }, (_, i) => i));
        const held = withValidation(dataset, 0.3, 7).validation!;
        assert.deepEqual(found, [checksum, order, [...held.images]]);
      }),
  });
}

for (const channels of [1, 3]) {
  Deno.test({
    name: `data.py crops, moves and recolours images of ${channels} channel(s) as we do`,
    ignore: PYTHON === undefined,
    async fn() {
      const shape = { height: 9, width: 7, channels };
      const length = 9 * 7 * channels;
      const random = Random.from(3, "moves");
      const cases = Array.from({ length: 12 }, (_, i) => ({
        pixels: bytes(length, `${i}`),
        crop: {
          top: random.uniform(0, 4),
          left: random.uniform(0, 2),
          height: random.uniform(2, 5),
          width: random.uniform(2, 5),
        },
        move: {
          dx: random.integer(7) - 3,
          dy: random.integer(7) - 3,
          mirrored: i % 2 === 1,
        },
        color: {
          brightness: random.uniform(0.5, 1.5),
          contrast: random.uniform(0.5, 1.5),
          saturation: random.uniform(0.5, 1.5),
        },
      }));
      const ours = cases.map(({ pixels, crop, move, color }) => {
        const [cropped, moved, recoloured] = [new Uint8Array(length), new Uint8Array(length), pixels.slice()];
        cropImage(pixels, shape, crop, cropped);
        moveImage(pixels, shape, move, moved);
        changeColors(recoloured, shape, color);
        return [cropped, moved, recoloured].map((values) => [...values]);
      });
      const program = `
x = torch.tensor([c["pixels"] for c in value], dtype=torch.float64).reshape(len(value), 9, 7, -1).permute(0, 3, 1, 2)
column = lambda part, *keys: [numpy.array([c[part][key] for c in value]) for key in keys]
done = [crop(x, *column("crop", "top", "left", "height", "width")), move(x, *column("move", "dx", "dy", "mirrored")),
        recolour(x, *column("color", "brightness", "contrast", "saturation"))]
print(json.dumps([[y[i].permute(1, 2, 0).ravel().int().tolist() for y in done] for i in range(len(value))]))`;
      const theirs = await inPython(program, cases.map((one) => ({ ...one, pixels: [...one.pixels] })));
      assert.deepEqual(theirs, ours);
    },
  });
}

Deno.test({
  name: "data.py paints a grey square where its corner is, cut off at the edges",
  ignore: PYTHON === undefined,
  async fn() {
    const program = `
y = cut_out(torch.zeros(3, 1, 4, 5), numpy.array([-1, 1, 3]), numpy.array([-1, 2, 4]), 2)
print(json.dumps([[[j, k] for j, k in (image[0] == 128).nonzero().tolist()] for image in y]))`;
    assert.deepEqual(await inPython(program, null), [[[0, 0]], [[1, 2], [1, 3], [2, 2], [2, 3]], [[3, 4]]]);
  },
});
