import assert from "node:assert/strict";
import { createProgress } from "../../src/cli/progress.ts";

function fakeStream(terminal: boolean) {
  const stream = {
    text: "",
    writeSync(bytes: Uint8Array) {
      stream.text += new TextDecoder().decode(bytes);
      return bytes.length;
    },
    isTerminal: () => terminal,
    columns: () => 20,
  };
  return stream;
}

Deno.test("createProgress() redraws one line when stderr is a terminal", () => {
  const stream = fakeStream(true);
  const progress = createProgress({ quiet: false, stream });
  progress.update("first");
  progress.log("stays");
  progress.update("second");
  assert.equal(stream.text, "\r\x1b[2Kfirst\r\x1b[2Kstays\n\r\x1b[2Ksecond");
});

Deno.test("createProgress() cuts a line when the terminal is narrower", () => {
  const stream = fakeStream(true);
  createProgress({ quiet: false, stream }).update("0123456789012345678901234567890");
  assert.equal(stream.text, "\r\x1b[2K0123456789012345678");
});

Deno.test("createProgress() writes only lines that stay when stderr is a file", () => {
  const stream = fakeStream(false);
  const progress = createProgress({ quiet: false, stream });
  progress.update("redrawn");
  progress.log("stays");
  assert.equal(stream.text, "stays\n");
});

Deno.test("createProgress() writes nothing when quiet", () => {
  const stream = fakeStream(true);
  const progress = createProgress({ quiet: true, stream });
  progress.update("redrawn");
  progress.log("stays");
  assert.equal(stream.text, "");
});
