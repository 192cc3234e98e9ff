/**
 * Files of Keras for tests. There is no Keras here: they are written by h5wasm's own writer after the published layout of Keras 3
 * (`saving_lib._save_container_state`, `legacy_h5_format.save_model_to_hdf5`), from a configuration that Keras 3 wrote.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { deflateRawSync } from "node:zlib";
import { File, type Group, ready } from "h5wasm";

/** A variable of a layer. */
export interface Variable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** A layer or a model as `config.json` has it. */
export interface Entry {
  readonly class_name: string;
  readonly config: { readonly name: string; readonly layers?: readonly Entry[] };
}

/** The variables of each layer, in the order in which the layer saves them. */
export type Variables = ReadonlyMap<string, readonly Variable[]>;

/** The bytes of a `.keras` archive. */
export async function kerasArchive(model: Entry, variables: Variables, packed = false): Promise<Uint8Array> {
  const weights = await hdf5((root) => saveLayers(root, model, variables));
  return zip([
    ["metadata.json", json({ keras_version: "3.5.0", date_saved: "2024-08-30@10:00:00" })],
    ["config.json", json(model)],
    ["model.weights.h5", weights],
  ], packed);
}

/** The bytes of a `.h5` with a whole model. */
export async function kerasH5(
  model: Entry,
  variables: Variables,
  prefix = "",
  suffix = "",
): Promise<Uint8Array> {
  return await hdf5((root) => {
    root.create_attribute("keras_version", "3.5.0");
    root.create_attribute("model_config", JSON.stringify(model));
    const group = root.create_group("model_weights");
    group.create_attribute("layer_names", model.config.layers!.map(({ config }) => config.name));
    for (const { config: { name } } of model.config.layers!) {
      const own = variables.get(name) ?? [];
      const layer = group.create_group(name);
      const names = own.map((variable) => `${prefix}${name}/${variable.name}${suffix}`);
      if (names.length > 0) layer.create_attribute("weight_names", names);
      own.forEach((variable, i) => createArray(layer, names[i]!.split("/"), variable));
    }
  });
}

/** A zip archive. */
export function zip(entries: readonly (readonly [string, Uint8Array])[], packed = false): Uint8Array {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, bytes] of entries) {
    const data = packed ? deflateRawSync(bytes) : bytes;
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(packed ? 8 : 0, 4);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(bytes.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), fields, Buffer.from(name), data]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(
      Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), fields, rest, Buffer.from(name)]),
    );
    locals.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(entries.length, 4);
  end.writeUInt16LE(entries.length, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(offset, 12);
  return new Uint8Array(Buffer.concat([...locals, central, Buffer.from("PK\x05\x06"), end]));
}

/** The bytes of an HDF5 file. */
export async function hdf5(write: (root: Group) => void): Promise<Uint8Array> {
  const { FS } = await ready;
  const file = new File("/write.h5", "w");
  write(file);
  file.close();
  const bytes = FS.readFile("/write.h5").slice();
  FS.unlink("/write.h5");
  return bytes;
}

/** A JSON file. */
export function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function saveLayers(group: Group, model: Entry, variables: Variables): void {
  const used = new Map<string, number>();
  const layers = group.create_group("layers");
  for (const entry of model.config.layers!) {
    if (model.class_name === "Sequential" && entry.class_name === "InputLayer") continue;
    const snake = entry.class_name.replace(/(.)([A-Z][a-z]+)/g, "$1_$2").replace(/([a-z])([A-Z])/g, "$1_$2")
      .toLowerCase();
    const count = used.get(snake);
    used.set(snake, (count ?? -1) + 1);
    const layer = layers.create_group(count === undefined ? snake : `${snake}_${count + 1}`);
    const vars = layer.create_group("vars");
    if (entry.config.layers !== undefined) saveLayers(layer, entry, variables);
    else variables.get(entry.config.name)?.forEach((variable, i) => createArray(vars, [String(i)], variable));
  }
}

function createArray(group: Group, path: readonly string[], { shape, values }: Variable): void {
  const [name, ...rest] = path as [string, ...string[]];
  if (rest.length === 0) {
    group.create_dataset({ name, data: values, shape: [...shape], dtype: "<f4" });
  } else {
    const inner = group.keys().includes(name) ? group.get(name) as Group : group.create_group(name);
    createArray(inner, rest, { name, shape, values });
  }
}
