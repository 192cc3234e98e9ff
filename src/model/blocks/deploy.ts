/**
 * The deploy form of every kind of block: one convolution with bias and activation. Fusion does not need it, since it
 * writes its own; weights that were fused elsewhere do.
 *
 * @module
 */
import type { NetworkConfig } from "../config.ts";
import type { LayerBuilder, LayerValue } from "../layer_builder.ts";
import { squeezeExcite } from "../squeeze_excite.ts";
import { activate, type BlockPlace, placedConvolution } from "./block.ts";
import { hasSqueezeExcite, type PlacedBlock } from "./from_config.ts";
import { mobileOneParts } from "./mobileone.ts";

/** Kernel of RepVGG blocks and of MobileOne's stem. */
const SPATIAL_KERNEL = 3;

/** x [N, H, W, C] through the fused block: [N, H', W', filters]. Layer: `reparam` under the place's name. */
export function applyDeployBlock<X extends LayerValue>(
  net: LayerBuilder<X>,
  x: X,
  config: NetworkConfig,
  block: PlacedBlock,
): X {
  const parts = config.block === "mobileone" && block.stage > 0
    ? mobileOneParts(x, block.place)
    : [{ place: block.place, kernelSize: kernelSizeOf(config) }];
  const excite = hasSqueezeExcite(config, block);
  return parts.reduce((y, { place, kernelSize }) => deployPart(net, y, place, kernelSize, excite), x);
}

function deployPart<X extends LayerValue>(
  net: LayerBuilder<X>,
  x: X,
  place: BlockPlace,
  kernelSize: number,
  excite: boolean,
) {
  const reparam = { ...placedConvolution(place, "reparam", kernelSize), useBias: true };
  if (!excite) return net.convolution(x, { ...reparam, carriedActivation: place.activation });
  return activate(net, squeezeExcite(net, net.convolution(x, reparam), place), place);
}

function kernelSizeOf(config: NetworkConfig): number {
  switch (config.block) {
    case "repvgg":
    case "mobileone":
      return SPATIAL_KERNEL;
    case "fastvit":
      return Math.max(...config.kernelSizes);
    case "dbb":
    case "acnet":
      return config.kernelSize;
  }
}
