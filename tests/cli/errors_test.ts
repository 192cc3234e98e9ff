import assert from "node:assert/strict";
import { exitCodeOf, formatError } from "../../src/cli/errors.ts";
import { GateError, InputError, InterruptedError, WorkError } from "../../src/errors.ts";

Deno.test("exitCodeOf() is the documented code for each class of error", () => {
  const codes = [
    new WorkError("w"),
    new InputError("i"),
    new GateError("g"),
    new InterruptedError("s"),
    new TypeError("t"),
    "text",
  ].map(exitCodeOf);
  assert.deepEqual(codes, [1, 2, 3, 130, 1, 1]);
});

Deno.test("formatError() shows message and hint, and no stack trace, when debug is off", () => {
  assert.equal(formatError(new InputError("It is bad.", "Try good."), false), "error: It is bad.\nTry good.");
  assert.equal(formatError(new InterruptedError("saved."), false), "interrupted: saved.");
});

Deno.test("formatError() shows the stack trace when debug is on", () => {
  assert.match(formatError(new WorkError("It broke."), true), /errors_test\.ts/);
});

Deno.test("formatError() points to --debug when the error was not foreseen", () => {
  assert.match(formatError(new TypeError("x is undefined"), false), /x is undefined\n.*--debug/);
});

Deno.test("formatError() says which permission is missing, and where it is granted", () => {
  assert.match(
    formatError(new Deno.errors.NotCapable("Requires write access"), false),
    /Requires write access\n.*deno\.json/,
  );
});
