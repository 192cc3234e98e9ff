/**
 * The weights of a `.keras` archive. Its HDF5 file knows no names of layers: a layer is addressed by its class and its place
 * among those of its class, "layers/conv2d_1/vars/0" (`saving_lib._save_container_state`).
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import { isObject, type Json } from "../tfjs/layer_config.ts";
import { isModel, list } from "../tfjs/topology_entry.ts";
import type { Hdf5Group } from "./hdf5.ts";
import type { NamedArray } from "./artifacts.ts";
import { variablesOf } from "./variables.ts";

/** What holds a model's layers: in Keras 3, and in Keras 2.13 and later. */
const CONTAINERS = ["layers", "_layer_checkpoint_dependencies"] as const;

/**
 * The weights under the names of their layers.
 *
 * @param model A model of the configuration: `{ class_name, config }`.
 * @param group Its group in the file.
 * @param path Names the file in errors.
 * @throws {InputError} when a layer's variables are missing, too many, or of a class that is not known.
 */
export function savedWeights(model: Json, group: Hdf5Group, path: string): NamedArray[] {
  const container = CONTAINERS.map((name) => group.group(name)).find((found) => found !== undefined);
  const saved = new Map<string, Hdf5Group[]>();
  for (const name of (container?.names() ?? []).toSorted(byNumber)) {
    const layer = container!.group(name);
    if (layer === undefined || !holdsArrays(layer)) continue;
    const className = name.replace(/_\d+$/, "");
    saved.set(className, [...saved.get(className) ?? [], layer]);
  }
  const layers = isObject(model.config) ? model.config.layers : model.config;
  const weights = list(layers).filter(isObject).flatMap((entry) => {
    const className = String(entry.class_name);
    const snake = snakeCase(className);
    if (isModel(className)) {
      const nested = saved.get(snake)?.shift();
      return nested === undefined ? [] : savedWeights(entry, nested, path);
    }
    const config = isObject(entry.config) ? entry.config : {};
    const names = variablesOf(className, config);
    const name = String(config.name ?? entry.name);
    if (names.length === 0) return [];
    const variables = saved.get(snake)?.shift()?.group("vars");
    const found = variables?.names().length ?? 0;
    const arrays = names.flatMap((_, i) => variables?.array(String(i)) ?? []);
    if (found !== names.length || arrays.length !== found) {
      throw new InputError(
        `Cannot read ${path}: the layer "${name}" (${className}) has the variables ${
          names.join(", ")
        }, and its weights file ` +
          `holds ${found} for it.`,
        "Save the model again with model.save() of Keras 3.",
      );
    }
    return arrays.map((array, i) => ({ name: `${name}/${names[i]}`, ...array }));
  });
  const [left] = [...saved].filter(([, groups]) => groups.length > 0);
  if (left !== undefined) {
    throw new InputError(
      `Cannot read ${path}: its weights file holds variables of a layer "${
        left[0]
      }", whose class RepFuse does not know.`,
      "Save the part of the model before that layer, or convert the model to a TensorFlow.js LayersModel.",
    );
  }
  return weights;
}

/** Whether the group holds variables, apart from the states of random generators. */
function holdsArrays(group: Hdf5Group): boolean {
  return group.names().some((name) => {
    if (name === "seed_generator") return false;
    const inner = group.group(name);
    return inner === undefined || holdsArrays(inner);
  });
}

/** Those of one class stand in the order of their numbers, not of the alphabet. */
function byNumber(a: string, b: string): number {
  const numberOf = (name: string) => Number(/_(\d+)$/.exec(name)?.[1] ?? 0);
  return numberOf(a) - numberOf(b);
}

/** "BatchNormalization" is "batch_normalization", "Conv2D" is "conv2d", "ReLU" is "re_lu" (`naming.to_snake_case`). */
function snakeCase(className: string): string {
  return className.replace(/\W+/g, "").replace(/(.)([A-Z][a-z]+)/g, "$1_$2").replace(
    /([a-z])([A-Z])/g,
    "$1_$2",
  )
    .toLowerCase();
}
