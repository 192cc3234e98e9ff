/**
 * The flags that choose a network, for every task that makes one: `--block dbb --set branches.identity=false`.
 *
 * @module
 */
import { InvalidArgumentError } from "@commander-js/extra-typings";
import { BLOCK_KINDS } from "../model/config.ts";
import type { OwnBlock } from "../model/blocks/own.ts";
import { isBlockFile } from "../run/block_file.ts";

/** What `--set` collects: keys of a network configuration, nested as they were written. */
export interface NetworkSettings {
  [key: string]: unknown;
}

/** Help of `--block`. */
export const BLOCK_HELP =
  `build the same network of another block: ${BLOCK_KINDS.join(", ")}, or a file of your own, ` +
  "my_block.ts";

/** Help of `--set`. */
export const SET_HELP =
  "change one key of the network: branches.identity=false, convBranches=2, kernelSizes=[5,3]; may be repeated";

/** A parser for `--block`: a kind of block, or a file. */
export function blockName(text: string): string {
  if (isBlockFile(text) || BLOCK_KINDS.some((kind) => kind === text)) return text;
  throw new InvalidArgumentError(`It must be one of ${BLOCK_KINDS.join(", ")}, or a .ts, .js or .mjs file.`);
}

/**
 * A parser for `--set`, which adds to what earlier ones said. The value is read as JSON where it is JSON, else as text.
 *
 * @param text `key=value`, with dots between nested keys: `branches.identity=false`.
 * @param before What was set so far.
 */
export function networkSetting(text: string, before: NetworkSettings = {}): NetworkSettings {
  const [, path, value] = /^([A-Za-z]\w*(?:\.[A-Za-z]\w*)*)=(.+)$/s.exec(text) ?? [];
  if (path === undefined || value === undefined) {
    throw new InvalidArgumentError("It must be key=value, for example branches.identity=false.");
  }
  return withSetting(before, path.split("."), jsonOrText(value));
}

/**
 * What `--block` and `--set` say, as changes of a network; nothing when neither was given.
 *
 * @param own What the file exports, where `--block` names one.
 */
export function networkChanges(
  { block, set }: { readonly block?: string | undefined; readonly set?: NetworkSettings | undefined },
  own?: OwnBlock,
): NetworkSettings | undefined {
  if (block === undefined && set === undefined) return undefined;
  if (own !== undefined) return { block: "file", file: own.file, ...set };
  return { ...(block === undefined ? {} : { block }), ...set };
}

function withSetting(
  settings: NetworkSettings,
  [key = "", ...rest]: string[],
  value: unknown,
): NetworkSettings {
  if (rest.length === 0) return { ...settings, [key]: value };
  const inner = settings[key];
  const nested = typeof inner === "object" && inner !== null ? inner as NetworkSettings : {};
  return { ...settings, [key]: withSetting(nested, rest, value) };
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
