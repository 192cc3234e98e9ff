import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readTorchCheckpoint } from "../../../src/formats/torch/read.ts";
import { checkpoint, dictionary, storage, tensor } from "./pickles.ts";

const FIXTURES = new URL("../../fixtures/torch/", import.meta.url);

function read(name: string) {
  return readTorchCheckpoint(new Uint8Array(readFileSync(new URL(name, FIXTURES))), name);
}

/** What PyTorch reads, in PyTorch's words. */
interface Expected {
  readonly dtype: string;
  readonly shape: number[];
  readonly bits: string;
}

const DTYPES: Record<string, string> = {
  F16: "torch.float16",
  BF16: "torch.bfloat16",
  F32: "torch.float32",
  F64: "torch.float64",
  I64: "torch.int64",
  I32: "torch.int32",
  I16: "torch.int16",
  I8: "torch.int8",
  U8: "torch.uint8",
  BOOL: "torch.bool",
};

for (const name of ["tensors.pt", "tensors-legacy.pt"]) {
  Deno.test(`readTorchCheckpoint() gives the bits of ${name}, views and all, that PyTorch gives`, () => {
    const expected: Record<string, Expected> = JSON.parse(
      readFileSync(new URL("expected.json", FIXTURES), "utf8"),
    );
    const { tensors } = read(name);
    assert.deepEqual([...tensors.keys()], Object.keys(expected));
    for (const [key, { dtype, shape, data }] of tensors) {
      const found = { dtype: DTYPES[dtype], shape: [...shape], bits: Buffer.from(data).toString("hex") };
      assert.deepEqual(found, expected[key], key);
    }
  });
}

Deno.test("readTorchCheckpoint() copies no contiguous tensor", () => {
  const bytes = new Uint8Array(readFileSync(new URL("tensors.pt", FIXTURES)));
  const { tensors } = readTorchCheckpoint(bytes);
  for (const name of ["base", "reshaped", "slice"]) {
    assert.equal(tensors.get(name)!.data.buffer, bytes.buffer);
  }
});

for (const name of ["legacy.pth", "protocol-4.pt", "protocol-5.bin"]) {
  Deno.test(`readTorchCheckpoint() reads the same from ${name} as from the zip archive`, () => {
    const [found, expected] = [read(name), read("zip.pth")].map(({ tensors }) =>
      [...tensors].map(([key, { dtype, shape, data }]) => ({ key, dtype, shape, data: [...data] }))
    );
    assert.deepEqual(found, expected);
  });
}

Deno.test("readTorchCheckpoint() joins the names of dictionaries in each other, and passes over what is no tensor", () => {
  const { tensors, passedOver } = read("training.pth.tar");
  const state = [...read("zip.pth").tensors.keys()].map((name) => `state_dict.${name}`);
  assert.deepEqual([...tensors.keys()], [...state, "optimizer.state.0.momentum_buffer"]);
  assert.deepEqual([...passedOver], [["complex", "complex64"]]);
});

Deno.test("readTorchCheckpoint() reads a file that stands anywhere in a larger buffer", () => {
  for (const name of ["zip.pth", "legacy.pth"]) {
    const bytes = readFileSync(new URL(name, FIXTURES));
    const larger = new Uint8Array(bytes.length + 3);
    larger.set(bytes, 3);
    const { tensors } = readTorchCheckpoint(larger.subarray(3));
    const bias = tensors.get("linear.bias")!;
    assert.deepEqual([...bias.data], [...read(name).tensors.get("linear.bias")!.data]);
  }
});

Deno.test("readTorchCheckpoint() takes a stride of any size where its axis has length 1", () => {
  const data = new Uint8Array(Float32Array.of(1, 2, 3).buffer);
  const pickle = dictionary({ w: tensor(storage("0", 3), [1, 3], [999, 1]) });
  const { tensors } = readTorchCheckpoint(checkpoint(pickle, { "0": data }));
  assert.deepEqual([...tensors.get("w")!.data], [...data]);
});
