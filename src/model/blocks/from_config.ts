/**
 * The one place that leads from a network's configuration to the block functions. A new kind of block is a file in this
 * folder, a member of the union in `config.ts`, and a case here; fusion needs nothing.
 *
 * @module
 */
import type { NetworkConfig } from "../config.ts";
import type { LayerBuilder, LayerValue } from "../layer_builder.ts";
import { acNetBlock } from "./acnet.ts";
import type { BlockPlace } from "./block.ts";
import { dbbBlock } from "./dbb.ts";
import { fastVitBlock } from "./fastvit.ts";
import { mobileOneBlock, mobileOneStem } from "./mobileone.ts";
import { repVggBlock } from "./repvgg.ts";

/** A block of the network, where it stands and what its stage says about it. */
export interface PlacedBlock {
  /** Its name, width, stride and what else it is told. */
  readonly place: BlockPlace;
  /** 0 is the stem. */
  readonly stage: number;
  /** Blocks from this one to the end of its stage, itself included. */
  readonly blocksLeft: number;
}

/** Every block of the network, in order; the stem is the first. */
export function placedBlocks(config: NetworkConfig): PlacedBlock[] {
  const stages = [{ ...config.stem, depth: 1 }, ...config.stages];
  const blocks = stages.flatMap(({ depth, width, stride }, stage) =>
    Array.from({ length: depth }, (_, block) => ({
      name: `stage${stage}/block${block + 1}`,
      filters: width,
      stride: block === 0 ? stride : 1,
      stage,
      blocksLeft: depth - block,
    }))
  );
  return blocks.map(({ stage, blocksLeft, ...own }, index) => ({
    place: {
      ...own,
      padding: config.padding,
      activation: config.activation,
      groups: groupsAt(config, index),
    },
    stage,
    blocksLeft,
  }));
}

/** x [N, H, W, C] through the block: [N, H', W', filters]. */
export function applyBlock<X extends LayerValue>(
  net: LayerBuilder<X>,
  x: X,
  config: NetworkConfig,
  block: PlacedBlock,
): X {
  const { place } = block;
  switch (config.block) {
    case "repvgg":
      return repVggBlock(net, x, place, config);
    case "mobileone":
      if (block.stage === 0) return mobileOneStem(net, x, place, config);
      return mobileOneBlock(net, x, place, { ...config, squeezeExcite: hasSqueezeExcite(config, block) });
    case "fastvit":
      return fastVitBlock(net, x, place, config);
    case "dbb":
      return dbbBlock(net, x, place, config);
    case "acnet":
      return acNetBlock(net, x, place, config);
  }
}

/** Whether squeeze-and-excitation stands in front of the block's activation. */
export function hasSqueezeExcite(config: NetworkConfig, { stage, blocksLeft }: PlacedBlock): boolean {
  if (config.block === "repvgg") return config.squeezeExcite;
  if (config.block !== "mobileone" || stage === 0) return false;
  return blocksLeft <= config.stages[stage - 1]!.squeezeExciteBlocks;
}

function groupsAt(config: NetworkConfig, index: number): number {
  if (config.block === "mobileone" || index === 0) return 1;
  return index % config.groupsEvery === 0 ? config.groups : 1;
}
