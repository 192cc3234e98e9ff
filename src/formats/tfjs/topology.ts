/**
 * The JSON topology of a LayersModel, in the words of Keras 2 (`plain_topology.ts`), as {@link LayerCalls}: Functional
 * and Sequential, nested models taken apart, shared layers kept shared.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { InputError } from "../../errors.ts";
import type { Call, Layer, LayerCalls, Tensor } from "./layer_calls.ts";
import { isObject, type Json } from "./layer_config.ts";
import type { Part } from "../part.ts";
import { type Entry, entryOf, firstInputShape, isModel, list, readEntry } from "./topology_entry.ts";

/** What tensors of TensorFlow.js may hold. */
const INPUT_TYPES: ReadonlySet<string> = new Set(["float32", "int32", "bool", "complex64", "string"]);

/** What a call of a layer computes, by the layer, its inputs and the call's keyword arguments. */
export type Meaning = (layer: Layer, inputs: readonly Tensor[], kwargs: Json) => readonly Part[];

/**
 * Reads the calls of a model.
 *
 * @param artifacts What a `tf.io` handler loads.
 * @param meaning What each of them computes.
 * @throws {InputError} when it is not a LayersModel, or its topology contradicts itself.
 */
export function readCalls(artifacts: io.ModelArtifacts, meaning: Meaning): LayerCalls {
  const found = artifacts.modelTopology;
  if (!isObject(found)) {
    throw new InputError("Cannot read the model: the artifacts have no JSON model topology.");
  }
  const root = isObject(found.model_config) ? found.model_config : found;
  const className = String(root.class_name);
  if (!isModel(className)) {
    const what = "node" in found ? "a GraphModel" : `of class "${className}"`;
    throw new InputError(
      `Cannot read the model: the model is ${what}, expected a LayersModel (Model, Functional or Sequential).`,
      "Save it with model.save(), or convert it with tensorflowjs_converter --output_format tfjs_layers_model.",
    );
  }
  return new Reader(meaning).read(className, root.config);
}

class Reader {
  private readonly calls: Call[] = [];
  private readonly inputs: Tensor[] = [];
  private readonly layers = new Map<Json, Layer>();
  private readonly names = new Set<string>();
  /** The layers outside of nested models, which keep their names in any case. */
  private readonly topNames = new Set<string>();
  private readonly callCounts = new Map<Layer, number>();

  constructor(private readonly meaning: Meaning) {}

  read(className: string, config: unknown): LayerCalls {
    for (const data of list(isObject(config) ? config.layers : config)) {
      this.topNames.add(readEntry(data).name);
    }
    const outputs = this.container(className, config, [], undefined);
    const name = isObject(config) && typeof config.name === "string" ? config.name : "model";
    return { name, calls: this.calls, inputs: this.inputs, outputs };
  }

  /** The outputs of a model applied to `given`, or of the whole network when nothing is given. */
  private container(
    className: string,
    config: unknown,
    path: readonly string[],
    given: readonly Tensor[] | undefined,
  ): Tensor[] {
    if (className === "Sequential") return this.sequential(config, path, given);
    if (!isObject(config)) {
      throw new InputError(`Cannot read model "${path.join("/")}": it has no configuration.`);
    }
    const entries = new Map<string, Entry>();
    for (const entry of list(config.layers).map(readEntry)) {
      if (entries.has(entry.name)) throw sharedName(entry.name);
      entries.set(entry.name, entry);
    }
    const made = new Map<string, Tensor[]>();
    list(config.input_layers).forEach((reference, i) => {
      const entry = entryOf(entries, reference);
      made.set(`${entry.name} 0`, [given?.[i] ?? this.input(entry, path)]);
    });

    const call = (name: string, node: number): Tensor[] => {
      const key = `${name} ${node}`;
      const known = made.get(key);
      if (known !== undefined) return known;
      const entry = entryOf(entries, [name]);
      const inbound = entry.inboundNodes[node];
      if (inbound === undefined) {
        throw new InputError(`Cannot read the topology: layer "${name}" has no call ${node}.`);
      }
      made.set(key, []); // A cycle would come back here and find no tensor.
      const references = inbound.map(list);
      const inputs = references.map((reference) => resolve(reference));
      const outputs = this.apply(entry, path, inputs, references, node);
      made.set(key, outputs);
      return outputs;
    };
    const resolve = (reference: readonly unknown[]): Tensor => {
      const entry = entryOf(entries, reference);
      // A nested model's node 0 is the one that it was built with; its first call here is node 1.
      const node = Number(reference[1] ?? 0) - (isModel(entry.className) ? 1 : 0);
      const index = Number(reference[2] ?? 0);
      const outputs = call(entry.name, node);
      const first = outputs[0];
      if (first === undefined) {
        throw new InputError(`Cannot read the topology: layer "${entry.name}" reads itself.`);
      }
      return outputs[index] ??= { call: first.call, index, shape: undefined, dtype: first.dtype };
    };
    for (const entry of entries.values()) {
      for (let node = 0; node < entry.inboundNodes.length; node++) call(entry.name, node);
    }
    return list(config.output_layers).map((reference) => resolve(list(reference)));
  }

  private sequential(
    config: unknown,
    path: readonly string[],
    given: readonly Tensor[] | undefined,
  ): Tensor[] {
    const entries = list(isObject(config) ? config.layers : config).map(readEntry);
    let current = given?.[0];
    for (const entry of entries) {
      if (current === undefined) {
        current = this.input(entry, path);
        if (entry.className === "InputLayer") continue;
      } else if (entry.className === "InputLayer") continue;
      current = this.apply(entry, path, [current], [], 0)[0];
    }
    if (current === undefined) {
      throw new InputError(`Cannot read Sequential "${path.join("/")}": it has no layers.`);
    }
    return [current];
  }

  private input(entry: Entry, path: readonly string[]): Tensor {
    const shape = firstInputShape(entry);
    if (shape === undefined) {
      throw new InputError(
        `Cannot read layer "${entry.name}": the model's first layer has no "batch_input_shape".`,
      );
    }
    const layer = this.layer(
      entry.className === "InputLayer" ? entry : {
        ...entry,
        className: "InputLayer",
        name: `${entry.name}_input`,
        config: { batch_input_shape: shape, dtype: "float32", sparse: false, name: `${entry.name}_input` },
      },
      path,
    );
    const dtype = typeof layer.config.dtype === "string" ? layer.config.dtype : "float32";
    if (!INPUT_TYPES.has(dtype)) {
      throw new InputError(
        `Cannot read the model: its input "${layer.name}" takes ${dtype}, which TensorFlow.js has not: expected ` +
          `${[...INPUT_TYPES].join(", ")}.`,
        'Give the Input dtype="int32" (or "float32") and save the model again: the numbers 0 to 255 are the same.',
      );
    }
    const tensor = { call: { layer, node: 0, inputs: [], kwargs: {}, parts: [] }, index: 0, shape, dtype };
    this.calls.push(tensor.call);
    this.inputs.push(tensor);
    return tensor;
  }

  private apply(
    entry: Entry,
    path: readonly string[],
    inputs: readonly Tensor[],
    references: readonly (readonly unknown[])[],
    listedNode: number,
  ): Tensor[] {
    if (isModel(entry.className)) {
      return this.container(entry.className, entry.config, [...path, entry.name], inputs);
    }
    const layer = this.layer(entry, path);
    const count = this.callCounts.get(layer) ?? 0;
    this.callCounts.set(layer, count + 1);
    // In a nested model that is called twice, a layer's calls repeat.
    const node = path.length === 0 ? listedNode : count;
    const kwargs = references.map((reference) => reference[3]).find(isObject) ?? {};
    const parts = this.meaning(layer, inputs, kwargs);
    const call: Call = { layer, node, inputs, kwargs, parts };
    this.calls.push(call);
    return [{ call, index: 0, shape: parts.at(-1)!.shape, dtype: "float32" }];
  }

  /** The layer of an entry: one per entry, however often the model around it is called. */
  private layer(entry: Entry, path: readonly string[]): Layer {
    const known = this.layers.get(entry.config);
    if (known !== undefined) return known;
    const name = [entry.name, [...path, entry.name].join("/")].find((candidate) =>
      !this.names.has(candidate) && (path.length === 0 || !this.topNames.has(candidate))
    );
    if (name === undefined) throw sharedName(entry.name);
    this.names.add(name);
    const config = name === entry.name ? entry.config : { ...entry.config, name };
    const layer: Layer = { name, className: entry.className, config, path };
    this.layers.set(entry.config, layer);
    return layer;
  }
}

function sharedName(name: string): InputError {
  return new InputError(
    `Cannot read the topology: two layers are named "${name}".`,
    "TensorFlow.js refuses such a model too. Give the layers different names and save it again.",
  );
}
