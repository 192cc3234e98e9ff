import fc from "fast-check";
import assert from "node:assert/strict";
import { placeValues } from "../../src/runtime/network.ts";
import { type Program, sizeOf, type Step } from "../../src/runtime/program.ts";

/** Programs of additions whose inputs are any earlier values, and whose output is any value. */
const PROGRAMS = fc.record({
  choices: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 40 })), {
    minLength: 1,
    maxLength: 20,
  }),
  output: fc.nat(),
}).map(({ choices, output }): Program => ({
  inputShape: [2, 3, 1],
  steps: choices.map(([a, b, length], i): Step => ({
    op: "add",
    name: `step ${i}`,
    inputs: [a % (i + 1), b % (i + 1)],
    shape: [length],
  })),
  output: 1 + output % choices.length,
  givesProbabilities: false,
  weightCount: 0,
}));

Deno.test("placeValues() never lets two values share memory while both are needed", () => {
  fc.assert(fc.property(PROGRAMS, fc.integer({ min: 1, max: 3 }), (program, batch) => {
    const { offsets, length } = placeValues(program, batch);
    const sizes = [program.inputShape, ...program.steps.map(({ shape }) => shape)].map((s) =>
      batch * sizeOf(s)
    );
    const owner = new Int32Array(length).fill(-1);
    const write = (value: number) => owner.fill(value, offsets[value]!, offsets[value]! + sizes[value]!);
    const holds = (value: number) =>
      owner.subarray(offsets[value]!, offsets[value]! + sizes[value]!).every((who) => who === value);
    write(0);
    for (const [i, step] of program.steps.entries()) {
      write(i + 1);
      for (const input of step.inputs) assert.ok(holds(input), `value ${input} is gone before step ${i}`);
    }
    assert.ok(holds(program.output));
    assert.ok(holds(0), "the image is gone");
  }));
});

Deno.test("placeValues() uses memory again once a value is not needed", () => {
  const steps = Array.from({ length: 30 }, (_, i): Step => ({
    op: "reshape",
    name: `step ${i}`,
    inputs: [i],
    shape: [1000],
  }));
  const { length } = placeValues(
    { inputShape: [10, 10, 10], steps, output: 30, givesProbabilities: false, weightCount: 0 },
    1,
  );
  assert.ok(length < 4 * 1100, `${length} numbers`);
});
