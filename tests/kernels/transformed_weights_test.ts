import { deepEqual, equal } from "node:assert/strict";
import type { ArrayView, Heap } from "../../src/kernels/heap.ts";
import { TransformedWeights } from "../../src/kernels/transformed_weights.ts";

function heapOf(): { heap: Heap; taken: Set<number> } {
  const taken = new Set<number>();
  let next = 64;
  const heap = {
    allocate(bytes: number) {
      const start = next;
      next += bytes;
      taken.add(start);
      return start;
    },
    free(start: number) {
      if (!taken.delete(start)) throw new Error("freed twice");
    },
  };
  return { heap: heap as unknown as Heap, taken };
}

const array = (): ArrayView => ({ dataId: {}, shape: [1] });

Deno.test("TransformedWeights transforms again what had to make way, and what was asked for longest ago makes way", () => {
  const { heap, taken } = heapOf();
  const weights = new TransformedWeights(heap, 250);
  const arrays = [array(), array(), array()];
  const transformed: number[] = [];
  const get = (which: number) => weights.get(arrays[which]!, "panels", 100, () => transformed.push(which));
  for (const which of [0, 1, 0, 2, 0, 1]) get(which);
  deepEqual(transformed, [0, 1, 2, 1]);
  deepEqual([weights.bytes(), taken.size], [200, 2]);
  weights.forget(arrays[1]!.dataId);
  weights.forget(arrays[2]!.dataId);
  deepEqual([weights.bytes(), taken.size], [100, 1]);
  weights.dispose();
  deepEqual([weights.bytes(), taken.size], [0, 0]);
});

Deno.test("TransformedWeights takes an array that alone is larger than its limit, and has none unless it is told", () => {
  const { heap, taken } = heapOf();
  const small = new TransformedWeights(heap, 50);
  for (let i = 0; i < 3; i++) small.get(array(), "panels", 100, () => {});
  deepEqual([small.bytes(), taken.size], [100, 1]);
  small.dispose();
  const open = new TransformedWeights(heap);
  for (let i = 0; i < 5; i++) open.get(array(), "panels", 100, () => {});
  equal(open.bytes(), 500);
});
