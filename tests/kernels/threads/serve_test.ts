import assert from "node:assert/strict";
import * as fc from "fast-check";
import { ControlBlock } from "../../../src/kernels/threads/control.ts";
import { partRange } from "../../../src/kernels/threads/serve.ts";

const JOB = { kernel: 0, descriptor: 0, units: 10, parts: 4, scratch: 0, scratchStride: 0, wake: false };

Deno.test("partRange() covers all units once, in parts that differ by one at most", () => {
  fc.assert(
    fc.property(fc.nat(2 ** 31 - 1), fc.integer({ min: 1, max: 256 }), (units, parts) => {
      let end = 0;
      for (let part = 0; part < parts; part++) {
        const [from, to] = partRange(units, part, parts);
        assert.equal(from, end);
        assert.ok(to - from === Math.floor(units / parts) || to - from === Math.ceil(units / parts));
        end = to;
      }
      assert.equal(end, units);
    }),
  );
});

Deno.test("ControlBlock.take() gives each part to one thread", () => {
  const control = new ControlBlock(ControlBlock.allocate(2), 2);
  const number = control.publish(JOB);
  assert.equal(control.take(number, 0, 0), true);
  assert.equal(control.take(number, 0, 1), false);
  assert.equal(control.takerOf(0), 0);
  control.finish(number, 0);
  assert.equal(control.take(number, 0, 1), false);
  assert.equal(control.take(number, 1, 1), true);
});

Deno.test("ControlBlock.take() refuses a thread that comes with the number of an earlier job", () => {
  const control = new ControlBlock(ControlBlock.allocate(2), 2);
  const earlier = control.publish(JOB);
  const number = control.publish(JOB);
  assert.equal(control.take(earlier, 0, 1), false);
  assert.equal(control.take(number, 0, 0), true);
});

Deno.test("ControlBlock.awaitPart() tells done, failed and late apart", () => {
  for (const maySleep of [true, false]) {
    const control = new ControlBlock(ControlBlock.allocate(2), 2);
    const number = control.publish(JOB);
    for (const part of [0, 1, 2]) control.take(number, part, 1);
    control.finish(number, 0);
    control.fail(number, 1, "why: \u00e4");
    assert.equal(control.awaitPart(number, 0, 10, maySleep), "done");
    assert.equal(control.awaitPart(number, 1, 10, maySleep), "failed");
    assert.equal(control.error(), "why: \u00e4");
    assert.equal(control.awaitPart(number, 2, 10, maySleep), "late");
  }
});

Deno.test("ControlBlock.fail() keeps the beginning of a long reason", () => {
  const control = new ControlBlock(ControlBlock.allocate(2), 2);
  control.fail(control.publish(JOB), 0, "long ".repeat(1000));
  assert.ok(control.error().startsWith("long long long"));
  assert.ok(control.error().length <= 1000);
});
