import fc from "fast-check";
import assert from "node:assert/strict";
import { type Graph, type Operation, sizeOf } from "../../src/graph/graph.ts";
import { schedule } from "../../src/runtime/schedule.ts";

/** A graph of one input whose operation i makes value i + 1. */
function graphOf(
  image: readonly number[],
  made: readonly (readonly number[])[],
  operations: readonly Operation[],
  output: number,
): Graph {
  return {
    name: "network",
    values: [image, ...made].map((shape) => ({ shape: [null, ...shape], dtype: "float32" })),
    inputs: [{ name: "images", value: 0 }],
    outputs: [output],
    operations,
    weights: new Map(),
  };
}

/** Graphs of additions whose inputs are any earlier values, and whose output is any value. */
const GRAPHS = fc.record({
  choices: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 40 })), {
    minLength: 1,
    maxLength: 20,
  }),
  output: fc.nat(),
}).map(({ choices, output }): Graph =>
  graphOf(
    [2, 3, 1],
    choices.map(([, , length]) => [length]),
    choices.map(([a, b], i): Operation => ({
      op: "add",
      name: `step ${i}`,
      inputs: [a % (i + 1), b % (i + 1)],
      outputs: [i + 1],
    })),
    1 + output % choices.length,
  )
);

Deno.test("schedule() never lets two values share memory while both are needed", () => {
  fc.assert(fc.property(GRAPHS, fc.integer({ min: 1, max: 3 }), (graph, batch) => {
    const { offsets, length, shapes } = schedule(graph, batch);
    const sizes = shapes.map((shape) => sizeOf(shape));
    assert.equal(sizes[0], batch * 6);
    const owner = new Int32Array(length).fill(-1);
    const write = (value: number) => owner.fill(value, offsets[value]!, offsets[value]! + sizes[value]!);
    const holds = (value: number) =>
      owner.subarray(offsets[value]!, offsets[value]! + sizes[value]!).every((who) => who === value);
    write(0);
    for (const [i, { inputs }] of graph.operations.entries()) {
      write(i + 1);
      for (const input of inputs) assert.ok(holds(input), `value ${input} is gone before step ${i}`);
    }
    assert.ok(holds(graph.outputs[0]!));
    assert.ok(holds(0), "the image is gone");
  }));
});

Deno.test("schedule() uses memory again once a value is not needed", () => {
  const steps = Array.from({ length: 30 }, (_, i): Operation => ({
    op: "softmax",
    axis: 1,
    name: `step ${i}`,
    inputs: [i],
    outputs: [i + 1],
  }));
  const { length } = schedule(graphOf([10, 10, 10], steps.map(() => [1000]), steps, 30), 1);
  assert.ok(length < 4 * 1100, `${length} numbers`);
});
