import assert from "node:assert/strict";
import { InvalidArgumentError } from "@commander-js/extra-typings";
import { decimal, wholeNumber, wholeNumbers } from "../../src/cli/command.ts";

const refuses = (parse: (text: string) => unknown, text: string) =>
  assert.throws(() => parse(text), InvalidArgumentError, JSON.stringify(text));

Deno.test("wholeNumber() takes what lies in the range and refuses the rest", () => {
  const parse = wholeNumber(1, 10);
  assert.equal(parse("1"), 1);
  assert.equal(parse("10"), 10);
  for (const text of ["0", "11", "1.5", "", " ", "ten", "NaN", "Infinity"]) refuses(parse, text);
});

Deno.test("decimal() takes what lies in the range and refuses the rest", () => {
  const parse = decimal(0, 1);
  assert.equal(parse("0.25"), 0.25);
  assert.equal(parse("1e-4"), 1e-4);
  for (const text of ["-0.1", "1.1", "", "x", "Infinity", "NaN"]) refuses(parse, text);
});

Deno.test("wholeNumbers() reads a list and refuses a hole in it", () => {
  const parse = wholeNumbers(1);
  assert.deepEqual(parse("1,8,32"), [1, 8, 32]);
  for (const text of ["1,,8", "1,0", ""]) refuses(parse, text);
});
