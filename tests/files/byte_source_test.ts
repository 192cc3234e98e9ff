import assert from "node:assert/strict";
import { truncate, writeFile } from "node:fs/promises";
import { InputError } from "../../src/errors.ts";
import { byteSource, hashSource, openFileSource, sliceSource } from "../../src/files/byte_source.ts";
import { sha256 } from "../../src/files/hash.ts";
import { Random } from "../../src/random.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

const random = Random.from(1, "byte source");
const BYTES = Uint8Array.from({ length: 20_000 }, () => random.integer(256));

Deno.test("openFileSource() reads what lies in the file, forwards, backwards, in small parts and large", () =>
  inTemporaryFolder(async (folder) => {
    await writeFile(`${folder}/file`, BYTES);
    const source = await openFileSource(`${folder}/file`, "bytes");
    try {
      assert.equal(source.length, BYTES.length);
      for (let i = 0; i < 2000; i++) {
        const begin = i % 2 === 0 ? random.integer(BYTES.length) : BYTES.length - 10 * i % BYTES.length;
        const end = Math.min(BYTES.length, begin + random.integer(i % 7 === 0 ? BYTES.length : 20));
        assert.deepEqual(new Uint8Array(source.read(begin, end)), BYTES.slice(begin, end));
      }
      assert.equal(source.read(BYTES.length, BYTES.length).length, 0);
    } finally {
      source.close();
    }
  }));

Deno.test("openFileSource() refuses what is not there, a folder, and a file that is cut meanwhile", () =>
  inTemporaryFolder(async (folder) => {
    await assert.rejects(openFileSource(`${folder}/none`, "bytes"), /none .*there is no such file/);
    await assert.rejects(openFileSource(folder, "bytes"), /it is a folder/);
    await writeFile(`${folder}/file`, BYTES);
    const source = await openFileSource(`${folder}/file`, "bytes");
    await truncate(`${folder}/file`, 100);
    assert.throws(() => source.read(50, 9000), (error) => {
      assert(error instanceof InputError);
      assert.match(error.message, /ended at byte 100, and had 20000 bytes/);
      return true;
    });
    source.close();
  }));

Deno.test("sliceSource() and hashSource() take a part as a whole", async () => {
  const part = sliceSource(byteSource(BYTES), 100, 15_100);
  assert.equal(part.length, 15_000);
  assert.deepEqual(new Uint8Array(part.read(10, 20)), BYTES.slice(110, 120));
  assert.equal(hashSource(part), await sha256(BYTES.subarray(100, 15_100)));
});
