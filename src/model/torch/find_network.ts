/**
 * Where in a checkpoint the network lies. Training programs put a state dict below `state_dict`, wrappers put `module.` or
 * `_orig_mod.` before every name, and a moving average of the weights may lie beside the weights.
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import type { TorchState } from "./read_weights.ts";

/** A network among the tensors of a checkpoint. */
export interface FoundNetwork {
  /** Its tensors, without what stands before their names. */
  readonly state: TorchState;
  /** What stood before their names: "state_dict.module."; often nothing. */
  readonly prefix: string;
  /** What stands before the names of other networks in the checkpoint. */
  readonly others: readonly string[];
}

/** The first block of a network, in the reference's names and in timm's. */
const FIRST_BLOCK = /^(?<prefix>(?:.+[./])?)(?:stage0|stem|features\.0\.0|patch_embed\.0)\./;

/** What programs call the network itself, in dictionaries and in wrappers. */
const WRAPPER =
  /^(?:state_dict|model_state_dict|model_state|model|net|network|module|_orig_mod|params|weights|state)$/;

/** The same of a moving average of it. */
const AVERAGE = /^(?:\w+_)?ema(?:_\w+)?$/;

/**
 * The network of a checkpoint.
 *
 * Unless told, the plain network is taken where it lies beside a moving average of itself, and one below wrappers' names
 * only: what other words stand for is for the person to say.
 *
 * @param prefix What stands before the names of the network's tensors; found when not given.
 * @param source The file's name, for the message.
 * @throws {InputError} when nothing lies below the prefix, or a network lies below words that are not known.
 */
export function findTorchNetwork(
  state: TorchState,
  prefix: string | undefined,
  source: string,
): FoundNetwork {
  const places = networkPrefixes(state);
  const chosen = prefix ?? choosePrefix(places, source);
  const others = places.filter((place) => place !== chosen);
  const inside = [...state].filter(([name]) =>
    name.startsWith(chosen) && !others.some((other) => other.length > chosen.length && name.startsWith(other))
  );
  if (inside.length === 0) {
    const [first] = state.keys();
    throw new InputError(
      `No tensor of ${source} begins with "${chosen}": the first is "${first ?? "none"}".`,
    );
  }
  return {
    state: new Map(inside.map(([name, tensor]) => [name.slice(chosen.length), tensor])),
    prefix: chosen,
    others,
  };
}

/** What stands before the first blocks, in the order of the file. */
function networkPrefixes(state: TorchState): string[] {
  const found = [...state.keys()].map((name) => FIRST_BLOCK.exec(name)?.groups?.["prefix"]);
  return [...new Set(found)].filter((prefix) => prefix !== undefined);
}

function choosePrefix(places: readonly string[], source: string): string {
  const rows = places.map((prefix) => {
    const words = prefix.split(/[./]/).filter((word) => word !== "");
    const isAverage = words.some((word) => AVERAGE.test(word));
    return { prefix, isAverage, isKnown: !prefix.includes("/") && words.every(isWrapper) };
  });
  const known = rows.filter(({ isKnown }) => isKnown);
  const chosen = known.find(({ isAverage }) => !isAverage) ?? known[0];
  const [first] = places;
  if (chosen !== undefined || first === undefined) return chosen?.prefix ?? "";
  throw new InputError(
    `Cannot import ${source}: the network's tensors lie below ${
      places.map((place) => `"${place}"`).join(", ")
    }.`,
    `Say so, and whatever lies elsewhere is passed over: --prefix ${first}`,
  );
}

function isWrapper(word: string): boolean {
  return WRAPPER.test(word) || AVERAGE.test(word);
}
