import { equal } from "node:assert/strict";
import { imageSizeFor } from "../../src/data/picture_size.ts";

Deno.test("imageSizeFor() follows the median of the shorter sides, from 32 to 64", () => {
  const cases = [[10, 32], [33, 32], [47, 32], [48, 48], [63, 48], [64, 64], [300, 64]] as const;
  for (const [side, expected] of cases) {
    const sizes = [{ width: side, height: 2 * side }, { width: 9, height: 9 }, { width: 4000, height: 3000 }];
    equal(imageSizeFor(sizes), expected, `${side}`);
  }
});

Deno.test("imageSizeFor() leaves small pictures of one size alone, and no large ones", () => {
  equal(imageSizeFor([{ width: 96, height: 40 }, { width: 96, height: 40 }]), undefined);
  equal(imageSizeFor([{ width: 97, height: 97 }]), 64);
});
