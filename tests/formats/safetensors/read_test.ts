import assert from "node:assert/strict";
import fc from "fast-check";
import { InputError } from "../../../src/errors.ts";
import { float32Tensor, writeSafetensors } from "../../../src/formats/safetensors/write.ts";
import { MAX_HEADER_BYTES, readSafetensors } from "../../../src/formats/safetensors/read.ts";

/** A file of this header and this many bytes of data, whatever they say about each other. */
function file(header: string | Uint8Array, dataBytes = 0, claimed?: bigint): Uint8Array {
  const json = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const W = `"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`;

const VALID = writeSafetensors({
  tensors: new Map([
    ["w", float32Tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3])],
    ["b", float32Tensor(Float32Array.of(-1), [1])],
  ]),
  metadata: { format: "pt" },
});

const REFUSALS: [name: string, bytes: Uint8Array, reason: RegExp][] = [
  ["an empty file", new Uint8Array(0), /0 bytes long/],
  ["a file shorter than its length field", new Uint8Array(7), /7 bytes long/],
  ["a file cut in the header", VALID.subarray(0, 40), /header claims \d+ bytes and 32 are there/],
  ["a file cut in the data", VALID.subarray(0, VALID.length - 1), /the file is cut/],
  ["a header of 100 MB", file("{}", 0, 100_000_000n), /claims 100000000 bytes, expected at most 8388608/],
  ["a header longer than any memory", file("{}", 0, 2n ** 64n - 1n), /claims 18446744073709551615 bytes/],
  ["a header that is not UTF-8", file(Uint8Array.of(0x7b, 0xff, 0x7d)), /not UTF-8/],
  ["a header that is not JSON", file("{w}"), /not JSON/],
  ["a header that is a list", file("[]"), /not a JSON object/],
  ["a header that starts with a blank", file(" {}"), /not a JSON object/],
  ["the same name twice", file(`{${W},${W}}`, 8), /holds the name "w" twice/],
  ["the same name twice in other spelling", file(`{${W},${W.replace("w", "\\u0077")}}`, 8), /"w" twice/],
  ["an offset outside the file", file(`{${W}}`, 4), /ends at byte 8 of the data, which has 4/],
  ["an offset of 2^60", file(`{${W.replace("8]", "1152921504606846976]")}}`, 8), /data_offsets/],
  ["a negative offset", file(`{${W.replace("[0,8]", "[-8,0]")}}`, 8), /data_offsets \[-8,0\]/],
  ["offsets in the wrong order", file(`{${W.replace("[0,8]", "[8,0]")}}`, 8), /data_offsets \[8,0\]/],
  ["one offset", file(`{${W.replace("[0,8]", "[8]")}}`, 8), /data_offsets \[8\]/],
  ["an unknown dtype", file(`{${W.replace("F32", "F31")}}`, 8), /dtype "F31", expected one of BOOL, /],
  ["a dtype from the prototype", file(`{${W.replace("F32", "constructor")}}`, 8), /dtype "constructor"/],
  ["no dtype", file(`{"w":{"shape":[2],"data_offsets":[0,8]}}`, 8), /dtype undefined/],
  [
    "a shape that is too large",
    file(`{${W.replace("[2]", "[3]")}}`, 8),
    /has 8 bytes, but F32 \[3\] takes 12/,
  ],
  [
    "a shape beyond all numbers",
    file(`{${W.replace("[2]", `[${"9e14,".repeat(30)}0]`)}}`, 8),
    /takes NaN|takes/,
  ],
  ["a negative size", file(`{${W.replace("[2]", "[-2]")}}`, 8), /shape \[-2\]/],
  ["a broken size", file(`{${W.replace("[2]", "[2.5]")}}`, 8), /shape \[2.5\]/],
  ["a shape that is a number", file(`{${W.replace("[2]", "2")}}`, 8), /shape 2/],
  ["an unknown key", file(`{${W.replace('"shape"', '"x":1,"shape"')}}`, 8), /unknown key "x"/],
  ["an entry that is a number", file(`{"w":8}`, 8), /not described by an object/],
  [
    "overlapping tensors",
    file(`{${W},"v":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12),
    /tensors "v" and "w" overlap at byte 4/,
  ],
  [
    "two tensors in one place",
    file(`{${W},${W.replace("w", "v")}}`, 8),
    /overlap at byte 0/,
  ],
  [
    "a gap between tensors",
    file(`{${W},"v":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}`, 16),
    /bytes 8 to 12 of the data, after "w", belong to no tensor/,
  ],
  ["a gap at the start", file(`{${W.replace("[0,8]", "[4,12]")}}`, 12), /bytes 0 to 4/],
  ["bytes after the last tensor", file(`{${W}}`, 11), /3 bytes at the end belong to no tensor/],
  ["metadata that is a list", file(`{"__metadata__":["a"],${W}}`, 8), /__metadata__/],
  ["metadata with a number", file(`{"__metadata__":{"a":1},${W}}`, 8), /__metadata__/],
];

for (const [name, bytes, reason] of REFUSALS) {
  Deno.test(`readSafetensors() refuses ${name}`, () => {
    assert.throws(
      () => readSafetensors(bytes, "net.safetensors"),
      (error: unknown) => {
        assert.ok(error instanceof InputError);
        assert.match(error.message, /net\.safetensors/);
        assert.match(error.message, reason);
        return true;
      },
    );
  });
}

Deno.test("readSafetensors() reads a file that stands anywhere in a larger buffer", () => {
  const larger = new Uint8Array(VALID.length + 3);
  larger.set(VALID, 3);
  const content = readSafetensors(larger.subarray(3));
  assert.deepEqual([...content.tensors.keys()], ["w", "b"]);
  assert.deepEqual(content.metadata, { format: "pt" });
});

Deno.test("readSafetensors() copies no tensor", () => {
  for (const { data } of readSafetensors(VALID).tensors.values()) assert.equal(data.buffer, VALID.buffer);
});

Deno.test("readSafetensors() accepts a file without tensors", () => {
  assert.equal(readSafetensors(file("{}")).tensors.size, 0);
});

Deno.test("readSafetensors() reads or refuses any damaged file, and never crashes", () => {
  fc.assert(
    fc.property(fc.nat(VALID.length - 1), fc.nat(255), fc.nat(VALID.length), (position, value, length) => {
      const damaged = VALID.slice(0, length);
      if (position < length) damaged[position] = value;
      try {
        readSafetensors(damaged);
      } catch (error) {
        assert.ok(error instanceof InputError, String(error));
      }
    }),
    { numRuns: 3000 },
  );
});

Deno.test("readSafetensors() has room for the header of a large network", () => {
  assert.ok(MAX_HEADER_BYTES > 50_000 * 120);
});
