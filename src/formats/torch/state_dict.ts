/**
 * The tensors in a checkpoint's value by their names: those of nested dictionaries joined by dots, as PyTorch joins modules:
 * `state_dict.stage0.rbr_dense.conv.weight`, `optimizer.state.0.momentum_buffer`.
 *
 * @module
 */
import type { Refuse } from "../refuse.ts";
import { TorchTensor } from "./tensor.ts";
import type { PickleValue } from "./values.ts";

/** Containers within containers. A name below them would be no module's. */
const MAX_DEPTH = 32;

const MAX_NAME_LENGTH = 1000;

/**
 * Every tensor, in the order of the file.
 *
 * A container that occurs twice is looked at once, under its first name: a circle has an end, and what refers to itself
 * many times over does not grow.
 */
export function namedTensors(value: PickleValue, refuse: Refuse): Map<string, TorchTensor> {
  const tensors = new Map<string, TorchTensor>();
  const seen = new Set<PickleValue>();
  const open = [{ path: [] as readonly string[], entries: entriesOf(value) }];
  while (open.length > 0) {
    const { path, entries } = open.at(-1)!;
    const { value: entry, done } = entries.next();
    if (done) {
      open.pop();
      continue;
    }
    const [key, child] = entry;
    if (typeof key !== "string" && typeof key !== "number") continue;
    const below = [...path, String(key)];
    if (child instanceof TorchTensor) {
      const name = below.join(".");
      if (name.length > MAX_NAME_LENGTH) refuse(`the name of a tensor has ${name.length} characters`);
      tensors.set(name, child);
    } else if (child instanceof Map || Array.isArray(child)) {
      if (seen.has(child)) continue;
      seen.add(child);
      if (below.length > MAX_DEPTH) refuse(`its dictionaries lie more than ${MAX_DEPTH} deep in each other`);
      open.push({ path: below, entries: entriesOf(child) });
    }
  }
  return tensors;
}

function entriesOf(value: PickleValue): Iterator<[PickleValue, PickleValue]> {
  if (value instanceof Map || Array.isArray(value)) return value.entries();
  return [][Symbol.iterator]();
}
