import assert from "node:assert/strict";
import { createProgress, fitParts } from "../../src/cli/progress.ts";
import { Terminal } from "../../src/cli/terminal.ts";

/** One screen behind both streams, and all that was written to it. */
function fakeScreen(columns: number | undefined) {
  const screen = { text: "" };
  const sink = { write: (text: string) => void (screen.text += text), columns: () => columns };
  return { screen, terminal: new Terminal(sink, sink) };
}

const STEP = ["epoch 1/5", "step 3/10", "loss 1.234", "accuracy 30.1%", "2000 images/s", "1 min 41 s left"];

Deno.test("createProgress() redraws one line when stderr is a terminal", () => {
  const { screen, terminal } = fakeScreen(20);
  const progress = createProgress({ quiet: false, terminal });
  progress.update("first");
  progress.log("stays");
  progress.update("second");
  assert.equal(screen.text, "\r\x1b[2Kfirst\r\x1b[2Kstays\n\r\x1b[2Ksecond");
});

Deno.test("createProgress() never fills the line when the terminal is narrow", () => {
  const { screen, terminal } = fakeScreen(20);
  createProgress({ quiet: false, terminal }).update("0123456789012345678901234567890");
  assert.equal(screen.text, "\r\x1b[2K012345678901234567…");
});

Deno.test("createProgress() writes only lines that stay when stderr is a file", () => {
  const { screen, terminal } = fakeScreen(undefined);
  const progress = createProgress({ quiet: false, terminal });
  progress.update("redrawn");
  progress.log("stays");
  assert.equal(screen.text, "stays\n");
});

Deno.test("createProgress() writes nothing when quiet", () => {
  const { screen, terminal } = fakeScreen(20);
  const progress = createProgress({ quiet: true, terminal });
  progress.update("redrawn");
  progress.log("stays");
  assert.equal(screen.text, "");
});

Deno.test("Terminal erases the progress line before anything else is written, and once only", () => {
  for (const way of ["write", "writeError"] as const) {
    const { screen, terminal } = fakeScreen(40);
    createProgress({ quiet: false, terminal }).update("41 s left");
    terminal[way]("accuracy 95%\n");
    terminal[way]("done\n");
    terminal.erase();
    assert.equal(screen.text, "\r\x1b[2K41 s left\r\x1b[2Kaccuracy 95%\ndone\n");
  }
});

Deno.test("fitParts() keeps the time left longest, then the first parts in order", () => {
  assert.equal(fitParts(STEP, 119), STEP.join("  "));
  assert.equal(fitParts(STEP, 79), [...STEP.slice(0, 4), STEP[5]].join("  "));
  assert.equal(fitParts(STEP, 59), [...STEP.slice(0, 3), STEP[5]].join("  "));
  assert.equal(fitParts(STEP, 20), "1 min 41 s left");
  assert.equal(fitParts(STEP, 8), "1 min 4…");
  for (let columns = 1; columns < 130; columns++) assert.ok(fitParts(STEP, columns).length <= columns);
  assert.equal(fitParts([], 10), "");
});
