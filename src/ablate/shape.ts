/**
 * The same network in another shape: deeper or shallower, and so wide that it costs what it may. Branches pay where plain
 * stacks are hard to train, and that is a question of depth; whether a network should be deep at all is one of cost.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { costOf } from "../graph/cost.ts";
import { type NetworkConfig, parseNetworkConfig } from "../model/config.ts";
import type { Block } from "../model/blocks/define.ts";
import { networkGraph } from "../model/graph_network.ts";

/** Widths are multiples of this, which kernels like. */
const WIDTH_STEP = 4;

/** The share by which a network's cost may miss what it may cost. */
const COST_TOLERANCE = 0.15;

/** Factors of the widths are found between its inverse and this. */
const MAX_FACTOR = 64;

/** Halvings of the range of factors: then two neighbours differ in one width at most. */
const HALVINGS = 20;

/**
 * The network with so many blocks in a row, its stem among them: in the plain network, its convolutions. They are spread evenly
 * over its stages, and what is left over goes to the last ones.
 *
 * @throws {InputError} when a stage would stay empty.
 */
export function withDepth(network: NetworkConfig, depth: number, own?: Block): NetworkConfig {
  const { stages } = network;
  const blocks = depth - 1;
  if (blocks < stages.length) {
    throw new InputError(
      `Cannot make the network ${depth} blocks deep: it has a stem and ${stages.length} stages.`,
      `Ask for at least ${stages.length + 1}, or for fewer stages in a configuration file.`,
    );
  }
  const [each, left] = [Math.floor(blocks / stages.length), blocks % stages.length];
  const deep = stages.map((stage, i) => ({ ...stage, depth: each + (i >= stages.length - left ? 1 : 0) }));
  return parseNetworkConfig({ ...network, stages: deep }, undefined, own);
}

/**
 * The network with all its widths made larger or smaller by one factor, to multiples of {@link WIDTH_STEP}, so that its deploy
 * form costs as nearly as can be what it may.
 *
 * @param macs Multiply-adds for one image.
 * @throws {InputError} when that stays more than {@link COST_TOLERANCE} away.
 */
export function withCost(network: NetworkConfig, macs: number, own?: Block): NetworkConfig {
  const scaled = (factor: number) => scaleWidths(network, factor, own);
  let [low, high] = [1 / MAX_FACTOR, MAX_FACTOR];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = Math.sqrt(low * high);
    if (deployMacs(scaled(middle), own) <= macs) low = middle;
    else high = middle;
  }
  const [below, above] = [scaled(low), scaled(high)];
  const miss = (candidate: NetworkConfig) => Math.abs(deployMacs(candidate, own) / macs - 1);
  const nearest = miss(below) <= miss(above) ? below : above;
  if (miss(nearest) <= COST_TOLERANCE) return nearest;
  throw new InputError(
    `Cannot bring a network of ${depthOf(network)} blocks to ${
      millions(macs)
    } million multiply-adds: the nearest has ${millions(deployMacs(nearest, own))}.`,
    "Leave that cost or that depth out.",
  );
}

/** Blocks in a row, the stem among them. */
export function depthOf({ stages }: NetworkConfig): number {
  return stages.reduce((sum, { depth }) => sum + depth, 1);
}

/** Channels of the stem and of every stage. */
export function widthsOf({ stem, stages }: NetworkConfig): readonly number[] {
  return [stem, ...stages].map(({ width }) => width);
}

function scaleWidths(network: NetworkConfig, factor: number, own: Block | undefined): NetworkConfig {
  const scaled = <Part extends { readonly width: number }>(part: Part) => ({
    ...part,
    width: Math.max(1, Math.round(part.width * factor / WIDTH_STEP)) * WIDTH_STEP,
  });
  const { stem, stages } = network;
  return parseNetworkConfig(
    { ...network, stem: scaled(stem), stages: stages.map(scaled) },
    undefined,
    own,
  );
}

function deployMacs(network: NetworkConfig, own: Block | undefined): number {
  return costOf(networkGraph(network, "deploy", own)).macs!;
}

function millions(macs: number): string {
  return (macs / 1e6).toFixed(2);
}
