/**
 * The one place that leads from a network's configuration to its blocks, in either form.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import type { NetworkConfig } from "./config.ts";
import type { LayerBuilder, LayerValue } from "./layer_builder.ts";
import { type BlockPlace, deployConvolution } from "./blocks/block.ts";
import type { Block } from "./blocks/define.ts";
import { BLOCKS } from "./blocks/table.ts";

/**
 * "training" with all branches of its blocks, "deploy" with one convolution in place of each, or "plain": the deploy form as
 * one would train it without branches, a BatchNorm behind every convolution.
 */
export type NetworkForm = "training" | "deploy" | "plain";

/** Kernel of what deploys as one convolution and says no more. */
const KERNEL_SIZE = 3;

/** A block of the network, and where it stands. */
interface PlacedBlock {
  readonly place: BlockPlace;
  readonly isStem: boolean;
}

/** What a stage says of its blocks, the stem as one. */
interface PlacedStage {
  readonly depth: number;
  readonly width: number;
  readonly stride: number;
  readonly dilation?: number | undefined;
  readonly entryIdentity?: boolean | undefined;
}

/** The blocks of the network in a row: x [N, H, W, C] to [N, H', W', filters of the last]. */
export function applyBlocks<X extends LayerValue>(
  net: LayerBuilder<X>,
  x: X,
  config: NetworkConfig,
  form: NetworkForm,
  own?: Block,
): X {
  const block = blockOf(config, own);
  const training = ({ place, isStem }: PlacedBlock, y: X) =>
    isStem && block.stem !== undefined
      ? block.stem(net, y, place, config)
      : block.apply(net, y, place, config);
  const deployed = ({ place, isStem }: PlacedBlock, y: X) => {
    if (isStem && block.stem !== undefined) return deployConvolution(net, y, place, KERNEL_SIZE);
    return block.deploy?.(net, y, place, config) ??
      deployConvolution(net, y, place, block.kernelSize?.(config) ?? KERNEL_SIZE);
  };
  const apply = form === "training" ? training : deployed;
  return placedBlocks(config, block, form === "plain").reduce<X>((y, placed) => apply(placed, y), x);
}

/**
 * The block that a network is made of.
 *
 * @param own What a person's own file exports, where the network is made of that.
 * @throws {InputError} when it is a person's own, and not given.
 */
export function blockOf(config: NetworkConfig, own?: Block): Block {
  if (config.block === "file") {
    if (own !== undefined) return own;
    throw new InputError(
      `The network is made of the block in ${config.file.path}, and a configuration alone does not run anybody's code.`,
      `Name the file as well: --block ${config.file.path}`,
    );
  }
  return BLOCKS.find(({ name }) => name === config.block)!;
}

/** Every block of the network, in order; the stem is the first. */
function placedBlocks(config: NetworkConfig, block: Block, isPlainTwin: boolean): PlacedBlock[] {
  const { padding, activation, groups = 1, groupsEvery = 1 } = config;
  const stages: readonly PlacedStage[] = [{ ...config.stem, depth: 1 }, ...config.stages];
  const rows = stages.flatMap(({ depth, width, stride, dilation = 1, entryIdentity = true }, stage) =>
    Array.from({ length: depth }, (_, i) => ({
      stage,
      width,
      stride: i === 0 ? stride : 1,
      dilation,
      hasIdentity: i > 0 || entryIdentity,
      i,
      depth,
    }))
  );
  return rows.map(({ stage, width, stride, dilation, hasIdentity, i, depth }, index) => ({
    isStem: index === 0,
    place: {
      name: `stage${stage}/block${i + 1}`,
      filters: width,
      stride,
      dilation,
      hasIdentity,
      padding,
      activation,
      groups: index > 0 && index % groupsEvery === 0 ? groups : 1,
      isPlainTwin,
      squeezeExcite:
        block.squeezeExcite?.(config, { stage: config.stages[stage - 1], blocksLeft: depth - i }) ?? false,
    },
  }));
}
