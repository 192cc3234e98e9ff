/**
 * The same network at another depth. Branches pay where plain stacks are hard to train, and that is a question of depth.
 *
 * @module
 */
import { InputError } from "../errors.ts";
import { type NetworkConfig, parseNetworkConfig } from "../model/config.ts";
import type { Block } from "../model/blocks/define.ts";

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
