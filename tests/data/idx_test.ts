import assert from "node:assert/strict";
import fc from "fast-check";
import { gunzip } from "../../src/data/gzip.ts";
import { decodeIdx, encodeIdx, type IdxArray, readIdx } from "../../src/data/idx.ts";
import { gzip, rejectsInput } from "./support.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

Deno.test("decodeIdx() gives back what encodeIdx() was given", () => {
  fc.assert(fc.property(idxArray(), (array) => {
    const decoded = decodeIdx(encodeIdx(array), "x");
    assert.deepEqual(decoded.shape, array.shape);
    assert.deepEqual(decoded.data, array.data);
  }));
});

Deno.test("encodeIdx() writes the header that MNIST has", () => {
  const file = encodeIdx({ shape: [2, 1, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
  assert.equal(file.toHex(), "00000803" + "00000002" + "00000001" + "00000003" + "010203040506");
});

Deno.test("encodeIdx() throws when shape and elements disagree, or a dimension is no uint32", () => {
  assert.throws(() => encodeIdx({ shape: [2, 2], data: new Uint8Array(3) }), RangeError);
  assert.throws(() => encodeIdx({ shape: [-1], data: new Uint8Array(0) }), RangeError);
  assert.throws(() => encodeIdx({ shape: [2 ** 32], data: new Uint8Array(0) }), RangeError);
});

Deno.test("decodeIdx() refuses a file cut anywhere, and says where it ends", async () => {
  const file = encodeIdx({ shape: [2, 3], data: new Uint8Array(6) });
  for (let length = 0; length < file.length; length++) {
    await rejectsInput(
      () => decodeIdx(file.subarray(0, length), "cut.idx"),
      "cut.idx",
      `at byte ${length}`,
      "the end",
    );
  }
});

Deno.test("decodeIdx() refuses bytes behind the data", async () => {
  const file = new Uint8Array([...encodeIdx({ shape: [2], data: new Uint8Array(2) }), 0, 0, 0]);
  await rejectsInput(() => decodeIdx(file, "long.idx"), "long.idx", "at byte 10", "3 more bytes");
});

Deno.test("decodeIdx() refuses a wrong magic number and another type", async () => {
  await rejectsInput(
    () => decodeIdx(Uint8Array.of(0x89, 0x50, 8, 1), "a.png"),
    "at byte 0",
    "00 00",
    "89 50",
  );
  await rejectsInput(() => decodeIdx(Uint8Array.of(0, 0, 0x0d, 1, 0, 0, 0, 0), "f"), "at byte 2", "float32");
  await rejectsInput(() => decodeIdx(Uint8Array.of(0, 0, 0x77, 1, 0, 0, 0, 0), "f"), "at byte 2", "found 77");
});

Deno.test("decodeIdx() refuses gigantic dimensions without allocating for them", async () => {
  const gigantic = new Uint8Array(4 + 4 * 255).fill(0xff);
  gigantic.set([0, 0, 8, 255]);
  await rejectsInput(
    () => decodeIdx(gigantic, "big.idx"),
    "big.idx",
    "at byte 1024",
    "the end of the file after 0",
  );
  const four = Uint8Array.of(0, 0, 8, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1);
  await rejectsInput(() => decodeIdx(four, "big.idx"), "18446744065119617025 bytes", "after 1");
});

Deno.test("readIdx() reads a gzipped file, whatever its name", async () => {
  await inTemporaryFolder(async (folder) => {
    const array = { shape: [3, 2], data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    await Deno.writeFile(`${folder}/a`, await gzip(encodeIdx(array)));
    assert.deepEqual(await readIdx(`${folder}/a`), array);
  });
});

Deno.test("readIdx() refuses a gzipped file that is cut or damaged, and a missing file", async () => {
  await inTemporaryFolder(async (folder) => {
    const data = Uint8Array.from({ length: 5000 }, (_, i) => i * i * 31 % 251);
    const file = await gzip(encodeIdx({ shape: [5000], data }));
    await Deno.writeFile(`${folder}/cut.gz`, file.subarray(0, file.length - 20));
    await rejectsInput(
      () => readIdx(`${folder}/cut.gz`),
      "cut.gz",
      "after byte",
      `${file.length - 20} bytes`,
    );
    const damaged = file.map((byte, i) => i === file.length - 6 ? byte ^ 1 : byte); // its CRC
    await Deno.writeFile(`${folder}/damaged.gz`, damaged);
    await rejectsInput(() => readIdx(`${folder}/damaged.gz`), "damaged.gz");
    await rejectsInput(() => readIdx(`${folder}/none`), "none", "no such file");
  });
});

Deno.test("gunzip() stops when more comes out than it may", async () => {
  const bomb = await gzip(new Uint8Array(1_000_000));
  await rejectsInput(() => gunzip(bomb, "bomb.gz", 999_999), "bomb.gz", "longer than 999999 bytes");
  assert.equal((await gunzip(bomb, "bomb.gz", 1_000_000)).length, 1_000_000);
});

function idxArray(): fc.Arbitrary<IdxArray> {
  return fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 5 }).chain((shape) => {
    const length = shape.reduce((product, size) => product * size, 1);
    return fc.uint8Array({ minLength: length, maxLength: length }).map((data) => ({ shape, data }));
  });
}
