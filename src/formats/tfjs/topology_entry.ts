/**
 * The layers of one model as its JSON lists them, in the format of Keras 2 that TensorFlow.js writes too.
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import type { Shape } from "../../graph/graph.ts";
import { isObject, type Json } from "./layer_config.ts";

const MODEL_CLASSES: ReadonlySet<string> = new Set(["Model", "Functional", "Sequential"]);

/** Whether the class is a model made of layers. */
export function isModel(className: string): boolean {
  return MODEL_CLASSES.has(className);
}

/** A layer as its model lists it. */
export interface Entry {
  readonly name: string;
  readonly className: string;
  readonly config: Json;
  /** One list of references for each call; empty in a Sequential model. */
  readonly inboundNodes: readonly (readonly (readonly unknown[])[])[];
}

/**
 * One layer.
 *
 * @throws {InputError} when it has no name or class, or its calls are written in another format.
 */
export function readEntry(data: unknown): Entry {
  if (!isObject(data)) throw new InputError("Cannot read the topology: a layer is not a JSON object.");
  const config = isObject(data.config) ? data.config : { layers: data.config };
  const name = data.name ?? config.name;
  if (name !== config.name && config.name !== undefined) {
    throw new InputError(
      `Cannot read the topology: the layer "${String(name)}" calls itself "${
        String(config.name)
      }" in its configuration.`,
      "Both are one name in what Keras and TensorFlow.js write: model.json is damaged.",
    );
  }
  if (typeof name !== "string" || typeof data.class_name !== "string") {
    throw new InputError(`Cannot read the topology: a layer has no name or class (${JSON.stringify(name)}).`);
  }
  const inboundNodes = list(data.inbound_nodes).map((node) => {
    if (!Array.isArray(node) || !node.every(Array.isArray)) {
      throw new InputError(
        `Cannot read the topology: the inbound nodes of layer "${name}" are in the format of neither Keras 2 nor Keras 3.`,
      );
    }
    return node;
  });
  return { name, className: data.class_name, config, inboundNodes };
}

/**
 * The layer that a reference `[name, node, tensor]` names.
 *
 * @throws {InputError} when there is none.
 */
export function entryOf(entries: ReadonlyMap<string, Entry>, reference: unknown): Entry {
  const name = list(reference)[0];
  const entry = entries.get(String(name));
  if (entry === undefined) {
    throw new InputError(`Cannot read the topology: there is no layer "${String(name)}".`);
  }
  return entry;
}

/** The shape that the first layer of a model declares, also through nested Sequential models. */
export function firstInputShape(entry: Entry): Shape {
  const shape = entry.config.batch_input_shape;
  if (Array.isArray(shape)) return shape as (number | null)[];
  const nested = list(entry.config.layers)[0];
  return isModel(entry.className) && nested !== undefined ? firstInputShape(readEntry(nested)) : undefined;
}

/** The value when it is an array, else an empty one. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
