/**
 * The block of "RepViT: Revisiting Mobile CNN From ViT Perspective" (Wang et al., CVPR 2024), figure 3: a token mixer, then a
 * channel mixer,
 *
 *     y = BN(BN(3x3dw ∗ x) + 1x1dw ∗ x + b + x)                  where the shape is kept,
 *     y = BN(1x1 ∗ BN(3x3dw ∗ x))                                elsewhere,
 *     z = y + BN(1x1 ∗ act(BN(1x1 ∗ y)))                         twice as wide inside
 *
 * It deploys as a depthwise convolution and two pointwise ones, and one more pointwise one where the shape changes. The
 * stem is a 3x3 convolution.
 *
 * @module
 */
import {
  channelsOf,
  type Convolution,
  convolutionBn,
  type LayerBuilder,
  type LayerValue,
} from "../layer_builder.ts";
import { activate, type BlockPlace, keepsShape, placedConvolution } from "./block.ts";
import { defineBlock } from "./define.ts";

/** Channels inside of the channel mixer, per channel outside. */
const EXPANSION = 2;

/**
 * Layers: `mixer3x3`, `mixer3x3_bn`, `mixer1x1`, `mixer_add`, `mixer_bn`, or `spatial`, `spatial_bn`, `channel`,
 * `channel_bn`; then `expand`, `expand_bn`, the activation, `project`, `project_bn`, `add` under the place's name.
 */
export const repVit = defineBlock({
  name: "repvit",
  label: "RepViT",
  isGrouped: false,
  options: {},
  stem: (net, x, place) =>
    activate(net, convolutionBn(net, x, placedConvolution(place, "conv3x3", 3)), place),
  apply: (net, x, place) => {
    const y = keepsShape(x, place) ? mixTokens(net, x, place) : convolutionBn(
      net,
      convolutionBn(net, x, depthwise(x, place, "spatial", 3)),
      pointwise(place, "channel"),
    );
    const wide = convolutionBn(net, y, { ...pointwise(place, "expand"), filters: EXPANSION * place.filters });
    const mixed = convolutionBn(net, activate(net, wide, place), pointwise(place, "project"));
    return net.add([y, mixed], `${place.name}/add`);
  },
  deploy: (net, x, place) => {
    const wide = EXPANSION * place.filters;
    const form = (parts: readonly Convolution[]) =>
      parts.map((conv, i) => ({
        ...conv,
        name: `${place.name}/reparam${i === 0 ? "" : `_${i}`}`,
        useBias: true,
      }));
    const mixer = keepsShape(x, place)
      ? [depthwise(x, place, "mixer", 3)]
      : [depthwise(x, place, "spatial", 3), pointwise(place, "channel")];
    const all = form([
      ...mixer,
      { ...pointwise(place, "expand"), filters: wide },
      pointwise(place, "project"),
    ]);
    const y = all.slice(0, mixer.length).reduce((y, conv) => net.convolution(y, conv), x);
    const [expand, project] = all.slice(mixer.length);
    const inside = net.convolution(y, { ...expand!, carriedActivation: place.activation });
    return net.add([y, net.convolution(inside, project!)], `${place.name}/add`);
  },
});

function mixTokens<X extends LayerValue>(net: LayerBuilder<X>, x: X, place: BlockPlace): X {
  const centre = { ...depthwise(x, place, "mixer1x1", 1), useBias: true };
  const branches = [convolutionBn(net, x, depthwise(x, place, "mixer3x3", 3)), net.convolution(x, centre), x];
  return net.batchNorm(net.add(branches, `${place.name}/mixer_add`), `${place.name}/mixer_bn`);
}

function depthwise(x: LayerValue, place: BlockPlace, part: string, size: number): Convolution {
  const channels = channelsOf(x);
  return { ...placedConvolution(place, part, size), filters: channels, groups: channels };
}

function pointwise(place: BlockPlace, part: string): Convolution {
  return { ...placedConvolution(place, part, 1), stride: 1, groups: 1 };
}
