/**
 * The block of "Edge-oriented Convolution Block for Real-time Super Resolution on Mobile Devices" (Zhang et al., ACM MM 2021),
 * figure 3: beside a 3x3 convolution one that is wider inside, and three that look for edges, with Sobel's filters and
 * Laplace's, which do not train:
 *
 *     y = act(BN(3x3 ∗ x) + BN(3x3 ∗ 1x1 ∗ x) + Σ BN(D ∗ 1x1 ∗ x) + x)        D: Sobel x, Sobel y, Laplace
 *
 * The paper scales each edge and adds a bias, without BatchNorm; here γ and β of a BatchNorm are that scale and that bias.
 *
 *     deno task train --block examples/ecbsr.ts
 *
 * @module
 */
import { z } from "zod";
import {
  activate,
  addBranches,
  type BlockPlace,
  channelsOf,
  type Convolution,
  convolutionBn,
  defineBlock,
  keepsShape,
  type LayerBuilder,
  type LayerValue,
  placedConvolution,
  zeroPad,
} from "../src/train.ts";

/** 3x3, row by row. */
const EDGES = {
  sobel_x: [1, 0, -1, 2, 0, -2, 1, 0, -1],
  sobel_y: [1, 2, 1, 0, 0, 0, -1, -2, -1],
  laplace: [0, 1, 0, 1, -4, 1, 0, 1, 0],
};

/**
 * Layers: `conv3x3`, `conv3x3_bn`, `pad`, `expand`, `squeeze`, `squeeze_bn`, `sobel_x_1x1`, `sobel_x`, `sobel_x_bn` (and so for
 * `sobel_y` and `laplace`), `add`, and the activation under the place's name.
 */
export const block = defineBlock({
  name: "ecbsr",
  label: "ECBSR: edges",
  isGrouped: false,
  options: {
    /** Channels inside of the wider branch, per channel outside. */
    depthMultiplier: z.int().min(1).max(8).default(2),
    /** Whether the input is added, where it has the output's shape. */
    identity: z.boolean().default(true),
  },
  apply: (net, x, place, { depthMultiplier, identity }) => {
    const { name, filters, stride, padding } = place;
    // Once for all, so that what the 1x1 convolutions add reaches the border as well.
    const padded = zeroPad(net, x, `${name}/pad`, { mode: padding, kernel: [3, 3], stride });
    const inside = { ...place, padding: "valid" as const };
    const wide = net.convolution(padded, {
      ...narrow(inside, "expand"),
      filters: depthMultiplier * filters,
    });
    const branches = [
      convolutionBn(net, x, placedConvolution(place, "conv3x3", 3)),
      convolutionBn(net, wide, { ...inside, name: `${name}/squeeze`, kernel: [3, 3] }),
      ...Object.entries(EDGES).map(([edge, taps]) => edgeBranch(net, padded, inside, edge, taps)),
    ];
    if (identity && keepsShape(x, place)) branches.push(x);
    return activate(net, addBranches(net, branches, place), place);
  },
});

type Inside = Omit<BlockPlace, "padding"> & { readonly padding: "valid" };

/** A 1x1 convolution, then the same filter over each channel, scaled. */
function edgeBranch<X extends LayerValue>(
  net: LayerBuilder<X>,
  padded: X,
  inside: Inside,
  edge: string,
  taps: readonly number[],
): X {
  const mixed = net.convolution(padded, narrow(inside, `${edge}_1x1`));
  const channels = channelsOf(mixed);
  return convolutionBn(net, mixed, {
    ...inside,
    name: `${inside.name}/${edge}`,
    kernel: [3, 3],
    groups: channels,
    fixedKernel: taps.flatMap((tap) => new Array<number>(channels).fill(tap)),
  });
}

function narrow(inside: Inside, part: string): Convolution {
  return { ...inside, name: `${inside.name}/${part}`, kernel: [1, 1], stride: 1, useBias: true };
}
