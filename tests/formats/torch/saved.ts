/** Any state dict as `torch.save` writes it, in the two containers that PyTorch has had. */
import type { RawTensor } from "../../../src/formats/safetensors/write.ts";
import { stridesOf } from "../../../src/formats/permute.ts";
import {
  bytes,
  checkpoint,
  dictionary,
  LEGACY_HEAD,
  pickle,
  storage,
  tensor,
  text,
  unsigned,
} from "./pickles.ts";

/** float32 tensors by name. */
type State = ReadonlyMap<string, RawTensor>;

/** A zip archive, as of PyTorch 1.6. */
export function savedAsZip(state: State): Uint8Array<ArrayBuffer> {
  const storages = [...state.values()].map(({ data }, i) => [String(i), data] as const);
  return checkpoint(pickled(state), Object.fromEntries(storages));
}

/** Pickles one after the other, as before. */
export function savedAsLegacy(state: State): Uint8Array<ArrayBuffer> {
  const keys = [...state.keys()].map((_, i) => text(String(i)));
  const storages = [...state.values()].map(({ data }) => bytes(unsigned(data.length / 4, 8), data));
  return bytes(
    LEGACY_HEAD,
    pickled(state),
    pickle("](", ...keys, "e"),
    ...storages,
  );
}

function pickled(state: State): Uint8Array {
  const tensors = [...state].map(([name, { shape, data }], i) => {
    const values = storage(String(i), data.length / 4);
    return [name, tensor(values, [...shape], stridesOf(shape))] as const;
  });
  return dictionary(Object.fromEntries(tensors));
}
