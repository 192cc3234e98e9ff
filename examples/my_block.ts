/**
 * A block of your own: a 3x3 convolution beside a 1x3 and a 3x1, each with BatchNorm, and the input itself.
 *
 *     y = act(BN(3x3 ∗ x) + BN(1x3 ∗ x) + BN(3x1 ∗ x) + BN(x))
 *
 * Run from the project's folder; a copy elsewhere imports from where RepFuse lies:
 *
 *     deno task train --block examples/my_block.ts --set cross=false
 *     deno task pipeline --block examples/my_block.ts
 *     deno task ablate --block examples/my_block.ts --by block
 *
 * Where the npm package is installed, write it in JavaScript, and import from "repfuse/train": repfuse train --block my_block.mjs
 *
 * @module
 */
import { z } from "zod";
import {
  activate,
  addBranches,
  convolutionBn,
  defineBlock,
  keepsShape,
  placedConvolution,
} from "../src/train.ts";

/** Fusion needs no line of it: whatever is linear between two activations becomes one convolution. */
export const block = defineBlock({
  name: "my-block",
  label: "my block: 3x3 + 1x3 + 3x1 + identity",
  options: {
    /** Whether the 1x3 and the 3x1 convolution are there: --set cross=false leaves them out. */
    cross: z.boolean().default(true),
  },
  apply: (net, x, place, { cross }) => {
    const branch = (name: string, height: number, width: number) =>
      convolutionBn(net, x, placedConvolution(place, name, height, width));
    const branches = [branch("square", 3, 3)];
    if (cross) branches.push(branch("row", 1, 3), branch("column", 3, 1));
    if (keepsShape(x, place)) branches.push(net.batchNorm(x, `${place.name}/identity_bn`));
    return activate(net, addBranches(net, branches, place), place);
  },
});
