/**
 * The network of a run: the preset, or the configuration file's own network, changed key by key by the file and by the
 * flags, and sized for the data. A change of `block` keeps the sizes and takes the defaults of the new kind of block.
 *
 * @module
 */
import type { Dataset } from "../data/dataset.ts";
import { InputError } from "../errors.ts";
import type { Block } from "../model/blocks/define.ts";
import { BLOCK_KINDS, type NetworkConfig, parseNetworkConfig, withBlock } from "../model/config.ts";
import { presetConfig } from "../model/presets.ts";

/** What a network is called that is no preset. */
const CUSTOM_NETWORK = "custom";

/** Keys of a network configuration and their values, as yet unchecked. */
export type NetworkChanges = Readonly<Record<string, unknown>>;

/**
 * The network that a preset and two sets of changes describe.
 *
 * @param preset A preset's name, or undefined when the changes describe a whole network.
 * @param changes What the configuration file says, then what the flags say; the later win.
 * @param dataset What the network is sized for.
 * @param own The block, where the changes name a person's own.
 * @throws {InputError} when a key or a value is wrong, or the sizes are not those of the data.
 */
export function resolveNetwork(
  preset: string | undefined,
  changes: readonly NetworkChanges[],
  dataset: Dataset,
  own?: Block,
): NetworkConfig {
  const sizes = {
    inputSize: [dataset.height, dataset.width, dataset.channels] as [number, number, number],
    classCount: dataset.classNames.length,
  };
  const base: NetworkChanges = preset === undefined ? sizes : presetConfig(preset, sizes);
  const network = parseNetworkConfig(
    changes.reduce((before, change) => changeNetwork(before, change, own), base),
    undefined,
    own,
  );
  if (network.inputSize.join() !== sizes.inputSize.join() || network.classCount !== sizes.classCount) {
    throw new InputError(
      `The network takes ${network.inputSize.join("x")} images of ${network.classCount} classes; ` +
        `${dataset.name} has ${sizes.inputSize.join("x")} images of ${sizes.classCount} classes.`,
      "Leave inputSize and classCount out of the configuration: they follow the data.",
    );
  }
  return network;
}

/** What a network is called: "toy", "toy-dbb" where the preset has another block, "custom-dbb" without a preset. */
export function networkName(preset: string | undefined, { block }: NetworkConfig, own?: Block): string {
  const name = block === "file" ? own?.name ?? block : block;
  if (preset === undefined) return `${CUSTOM_NETWORK}-${name}`;
  return presetConfig(preset).block === block ? preset : `${preset}-${name}`;
}

/** The configuration with the changes in it: objects are merged key by key, anything else is replaced. */
function changeNetwork(base: NetworkChanges, changes: NetworkChanges, own?: Block): NetworkChanges {
  const kind = [...BLOCK_KINDS, "file" as const].find((kind) => kind === changes.block);
  if (kind === undefined || base.block === undefined || base.block === kind) return merge(base, changes);
  const { file } = changes;
  const options = kind === "file" ? { file } : {};
  return merge(withBlock(parseNetworkConfig(base), kind, options, own), changes);
}

function merge(base: NetworkChanges, changes: NetworkChanges): NetworkChanges {
  const merged = Object.entries(changes).map(([key, value]) => {
    const before = base[key];
    return [key, isObject(before) && isObject(value) ? merge(before, value) : value];
  });
  return { ...base, ...Object.fromEntries(merged) };
}

function isObject(value: unknown): value is NetworkChanges {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
