import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describeKernels, DESCRIPTORS } from "../../src/kernels/describe.ts";
import { winogradWeightsWords, winogradWords } from "../../src/kernels/descriptors.ts";

Deno.test("descriptors.ts is what the classes in assembly/ say", async () => {
  assert.ok(
    await readFile(DESCRIPTORS, "utf8") === await describeKernels(),
    "run: deno run --allow-read --allow-write=src src/kernels/describe.ts",
  );
});

Deno.test("describeKernels() describes every class that a kernel lays over its descriptor, or over a table", async () => {
  const text = await describeKernels();
  const names = [...text.matchAll(/export interface (\w+)Fields/g)].map(([, name]) => name).sort();
  const expected = [
    ..."BatchNorm Branch Convolution Depthwise DepthwiseFilterGradient Elementwise FilterGradient Mean".split(
      " ",
    ),
    ..."MovingAverage NesterovSgd PackWeights Piece Winograd WinogradFilterGradient WinogradWeights".split(
      " ",
    ),
  ];
  assert.deepEqual(names, expected);
});

Deno.test("words are in the order of the class whatever order they are named in, and floats by their bits", () => {
  const words = winogradWeightsWords({
    tile: 6,
    transposed: 5,
    outChannels: 4,
    inChannels: 3,
    packed: 2,
    filter: 1,
  });
  assert.deepEqual(words, [1, 2, 3, 4, 5, 6]);
  const zeros = {
    input: 0,
    weights: 0,
    bias: 0,
    output: 0,
    batch: 0,
    inHeight: 0,
    inWidth: 0,
    inChannels: 0,
  };
  const rest = { outHeight: 0, outWidth: 0, outChannels: 0, top: 0, left: 0, tile: 0, blockPanels: 0 };
  const floats = winogradWords({ ...zeros, ...rest, lo: -Infinity, hi: 6 });
  assert.deepEqual(floats.slice(13, 15), [0xff800000 | 0, 0x40c00000]);
});
