import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../../../src/errors.ts";
import {
  byteLength,
  type Dtype,
  DTYPE_BYTES,
  float32Tensor,
  type RawTensor,
  writeSafetensors,
} from "../../../src/formats/safetensors/write.ts";
import { readSafetensors } from "../../../src/formats/safetensors/read.ts";

const DTYPES = Object.keys(DTYPE_BYTES) as Dtype[];

/** Any tensor of up to three axes, zero-sized and scalar ones too, with any bits. */
const anyTensor: fc.Arbitrary<RawTensor> = fc
  .record({
    dtype: fc.constantFrom(...DTYPES),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
  })
  .chain(({ dtype, shape }) => {
    const length = byteLength(dtype, shape);
    return fc.uint8Array({ minLength: length, maxLength: length }).map((data) => ({ dtype, shape, data }));
  });

const anyName = fc.string({ unit: "grapheme", maxLength: 12 }).filter((name) => name !== "__metadata__");

Deno.test("writeSafetensors() and readSafetensors() round-trip every dtype, shape and name bit by bit", () => {
  fc.assert(fc.property(
    fc.uniqueArray(fc.tuple(anyName, anyTensor), { selector: ([name]) => name, maxLength: 6 }),
    fc.dictionary(anyName, fc.string({ unit: "grapheme" })),
    (entries, metadata) => {
      const tensors = new Map(entries);
      const back = readSafetensors(writeSafetensors({ tensors, metadata }));
      assert.deepEqual({ ...back.metadata }, { ...metadata });
      assert.deepEqual(new Map([...back.tensors].toSorted()), new Map([...tensors].toSorted()));
    },
  ));
});

Deno.test("writeSafetensors() aligns every tensor to its element", () => {
  const bytes = writeSafetensors({
    tensors: new Map<string, RawTensor>([
      ["flag", { dtype: "U8", shape: [1], data: new Uint8Array(1) }],
      ["kernel", float32Tensor(Float32Array.of(1.5), [1])],
      ["count", { dtype: "I64", shape: [], data: new Uint8Array(8) }],
    ]),
    metadata: {},
  });
  for (const [name, { dtype, data }] of readSafetensors(bytes).tensors) {
    assert.equal(data.byteOffset % DTYPE_BYTES[dtype], 0, name);
  }
});

Deno.test("writeSafetensors() refuses data that does not fit the shape, and the reserved name", () => {
  const tensor = float32Tensor(new Float32Array(5), [2, 3]);
  assert.throws(() => writeSafetensors({ tensors: new Map([["w", tensor]]), metadata: {} }), InputError);
  const reserved = new Map([["__metadata__", float32Tensor(new Float32Array(1), [1])]]);
  assert.throws(() => writeSafetensors({ tensors: reserved, metadata: {} }), InputError);
});

Deno.test("writeSafetensors() writes the reference files back byte for byte", () => {
  const folder = new URL("../../fixtures/", import.meta.url);
  const names = [...Deno.readDirSync(folder)].map((entry) => entry.name);
  for (const name of names.filter((name) => name.endsWith(".safetensors"))) {
    const bytes = Deno.readFileSync(new URL(name, folder));
    assert.deepEqual(writeSafetensors(readSafetensors(bytes, name)), bytes, name);
  }
});
