/**
 * Reading what `torch.save` writes, zip archives (PyTorch 1.6 and newer) and bare pickles (before), without running any of
 * it. The numbers of a tensor are read when they are asked for; those that are not contiguous are put in order then.
 * Reference: https://github.com/pytorch/pytorch/blob/main/torch/serialization.py
 *
 * @module
 */
import { type ByteSource, byteSource, sliceSource } from "../../files/byte_source.ts";
import { HEAD_BYTES, recognizeFile } from "../file_kind.ts";
import { byteLength, type RawTensor } from "../safetensors/write.ts";
import { refusal } from "./fault.ts";
import { type Refuse, shown } from "../refuse.ts";
import { findGlobal, findStorage } from "./globals.ts";
import { describe, unpickle, type Unpickled } from "./pickle.ts";
import { namedTensors } from "./state_dict.ts";
import type { TorchStorage } from "./tensor.ts";
import type { PickleValue } from "./values.ts";
import { ZipArchive } from "../zip.ts";

/** What a checkpoint holds. */
export interface TorchCheckpoint {
  /** By name, nested dictionaries joined by dots: `state_dict.linear.bias`. `data` is made when it is asked for. */
  readonly tensors: ReadonlyMap<string, RawTensor>;
  /** Tensors of other element types (complex, quantized, most of 8 bits), with their types: passed over. */
  readonly passedOver: ReadonlyMap<string, string>;
}

/**
 * The tensors of a PyTorch checkpoint: a state dict, or a training's checkpoint around one. Nothing of the file is run: a
 * pickle that asks for anything but tensors, containers and a few names of plain data is refused, by the name that it asks
 * for.
 *
 * @param file The whole file. It stays in use: tensors are views of its bytes, or read from it.
 * @param name Of the file, for the message.
 * @throws {InputError} when the file is damaged, is something else, or asks for the code of another program.
 * @example
 * ```ts
 * import { readFile } from "node:fs/promises";
 * import { readTorchCheckpoint } from "./read.ts";
 *
 * const { tensors } = readTorchCheckpoint(await readFile("tests/fixtures/torch/zip.pth"), "zip.pth");
 * for (const [name, { dtype, shape }] of tensors) console.log(name, dtype, shape);
 * ```
 */
export function readTorchCheckpoint(
  file: Uint8Array | ByteSource,
  name = "the checkpoint",
): TorchCheckpoint {
  const refuse = refusal(name);
  const source = byteSource(file);
  const head = source.read(0, Math.min(HEAD_BYTES, source.length));
  const kind = recognizeFile(head);
  if (kind === undefined) return refuse(describeStart(head));
  if (kind.format !== "torch") return refuse(`it is ${kind.what}`, kind.hint);
  const value = head[0] === 0x50 ? readArchive(source, refuse) : readLegacy(source, refuse);
  const tensors = new Map<string, RawTensor>();
  const passedOver = new Map<string, string>();
  for (const [key, tensor] of namedTensors(value, refuse)) {
    const raw = tensor.raw();
    if (raw === undefined) passedOver.set(key, tensor.element.name);
    else tensors.set(key, raw);
  }
  checkSharing(tensors, source.length, refuse);
  if (tensors.size === 0) return refuse(`there is no tensor in it, but ${describe(value)}`);
  return { tensors, passedOver };
}

/** Tensors may share storages, as tied layers do, and speak of more bytes than there are. How many times more, at most. */
const MAX_SHARING = 4;

/** Up to so many bytes, sharing harms nobody. */
const SHARING_ALLOWED = 2 ** 26;

function checkSharing(tensors: TorchCheckpoint["tensors"], there: number, refuse: Refuse): void {
  const said = [...tensors.values()].reduce((sum, { dtype, shape }) => sum + byteLength(dtype, shape), 0);
  if (said <= Math.max(MAX_SHARING * there, SHARING_ALLOWED)) return;
  refuse(`its tensors share storages so often that they speak of ${said} bytes, in a file of ${there}`);
}

function describeStart(bytes: Uint8Array): string {
  if (bytes.length === 0) return "it is empty";
  const start = [...bytes.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0"));
  return `it begins with the bytes ${start.join(" ")}, neither a zip archive nor a pickle`;
}

/** `name/data.pkl` is the pickle, and `name/data/KEY` the bytes of a storage. */
function readArchive(file: ByteSource, refuse: Refuse): PickleValue {
  const archive = new ZipArchive(file, refuse);
  const get = (name: string): ByteSource | undefined => {
    if (!archive.isCompressed(name)) return archive.stored(name);
    return refuse(
      `its entry ${shown(name)} is compressed, and PyTorch writes all of them plain`,
      "It was packed by another program. Load it with PyTorch, and save it again with torch.save.",
    );
  };
  const names = archive.names();
  const pickle = names.find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickle === undefined) return refuse(...describeArchive(names));
  const folder = pickle.slice(0, -"data.pkl".length);
  if (names.some((name) => name === `${folder}constants.pkl` || name.startsWith(`${folder}code/`))) {
    return refuse(
      "it is a TorchScript archive, which holds a program beside the weights",
      "Save its weights alone, in Python: " +
        'torch.save(torch.jit.load("model.pt").state_dict(), "weights.pth")',
    );
  }
  checkByteOrder(get(`${folder}byteorder`), refuse);
  const { value, storages } = readObject(get(pickle)!, 0, refuse);
  for (const storage of storages.values()) {
    const data = get(`${folder}data/${storage.key}`);
    const expected = storage.count * storage.element.bytes;
    if (data === undefined && expected > 0) {
      refuse(`storage ${shown(storage.key)} of ${expected} bytes is not in the archive`);
    }
    if (data !== undefined && data.length !== expected) {
      refuse(`storage ${shown(storage.key)} has ${data.length} bytes, and its pickle says ${expected}`);
    }
    if (data !== undefined) storage.bytes = data;
  }
  return value;
}

/** Why an archive is no checkpoint, and what to try. */
function describeArchive(names: readonly string[]): [reason: string, hint: string] {
  if (names.includes("model.weights.h5")) {
    return ["it is a Keras archive", "Save the model for TensorFlow.js: tensorflowjs_converter."];
  }
  const inner = names.find((name) => /\.(?:pth|pt|bin|safetensors|tar)$/.test(name));
  if (inner !== undefined) {
    return [`it is a zip archive around ${shown(inner)}`, "Unpack it, and name that file."];
  }
  const list = names.slice(0, 3).map(shown).join(", ");
  return [
    `it is a zip archive without a data.pkl (it holds ${list || "nothing"}), so not of torch.save`,
    "Name the file that torch.save(model.state_dict(), …) wrote.",
  ];
}

function checkByteOrder(order: ByteSource | undefined, refuse: Refuse): void {
  const word = order === undefined
    ? "little"
    : new TextDecoder().decode(order.read(0, Math.min(16, order.length)));
  if (word !== "little") refuse(`its byte order is ${shown(word)}, expected little`);
}

/** Of the pickle that begins a file of PyTorch before 1.6. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;

const LEGACY_PROTOCOL = 1001;

/** Five pickles (magic number, protocol, system, object, keys), then each storage: its count of elements, and its bytes. */
function readLegacy(file: ByteSource, refuse: Refuse): PickleValue {
  const magic = readObject(file, 0, refuse);
  if (magic.value !== LEGACY_MAGIC) {
    return refuse(
      `it is a pickle of ${describe(magic.value)}, and not of torch.save`,
      "Save the weights with torch.save(model.state_dict(), …).",
    );
  }
  const protocol = readObject(file, magic.end, refuse);
  if (protocol.value !== LEGACY_PROTOCOL) {
    return refuse(`it is of version ${describe(protocol.value)}, expected ${LEGACY_PROTOCOL}`);
  }
  const system = readObject(file, protocol.end, refuse);
  if (!(system.value instanceof Map) || system.value.get("little_endian") !== true) {
    return refuse("it was not written by a little-endian machine");
  }
  const { value, storages, end } = readObject(file, system.end, refuse);
  const keys = readObject(file, end, refuse);
  readStorages(file, keys, storages, refuse);
  return value;
}

function readStorages(
  file: ByteSource,
  { value: keys, end }: Unpickled,
  storages: ReadonlyMap<string, TorchStorage>,
  refuse: Refuse,
): void {
  if (!Array.isArray(keys)) return refuse(`its list of storages is ${describe(keys)}`);
  const missing = new Set(storages.keys());
  let at = end;
  for (const key of keys) {
    const storage = typeof key === "string" && missing.delete(key) ? storages.get(key) : undefined;
    if (storage === undefined) {
      return refuse(`its list of storages has ${describe(key)}, expected each key once`);
    }
    if (at + 8 > file.length) return refuse(`the file is cut before storage ${shown(storage.key)}`);
    const { buffer, byteOffset } = file.read(at, at + 8);
    const count = Number(new DataView(buffer, byteOffset).getBigUint64(0, true));
    if (count !== storage.count) {
      return refuse(
        `storage ${shown(storage.key)} has ${count} elements, and its pickle says ${storage.count}`,
      );
    }
    const begin = at + 8;
    at = begin + count * storage.element.bytes;
    if (!(at <= file.length)) {
      return refuse(
        `storage ${shown(storage.key)} ends at byte ${at} of a file of ${file.length}: it is cut`,
      );
    }
    storage.bytes = sliceSource(file, begin, at);
  }
  const [first] = missing;
  if (first !== undefined) refuse(`storage ${shown(first)} is not in the file`);
}

/** One pickle, and the storages that it asks for. */
function readObject(
  file: ByteSource,
  start: number,
  refuse: Refuse,
): Unpickled & { readonly storages: ReadonlyMap<string, TorchStorage> } {
  const storages = new Map<string, TorchStorage>();
  const unpickled = unpickle(file, start, {
    global: (name) => findGlobal(name, refuse),
    persistent: (id) => findStorage(id, storages, refuse),
    refuse,
  });
  return { ...unpickled, storages };
}
