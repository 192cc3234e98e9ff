import assert from "node:assert/strict";
import { exists } from "../../src/files/read.ts";
import { inTemporaryFolder } from "../temporary_folder.ts";

Deno.test("exists() finds nothing below a file", () =>
  inTemporaryFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    assert.deepEqual(
      await Promise.all(["", "/file", "/none", "/file/below"].map((path) => exists(folder + path))),
      [
        true,
        true,
        false,
        false,
      ],
    );
  }));
