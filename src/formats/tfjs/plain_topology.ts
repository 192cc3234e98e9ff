/**
 * The JSON of Keras 3 in the words of Keras 2, which are those that TensorFlow.js reads: calls as lists of references, shapes
 * under `batch_input_shape`, types by name. What is in these words already stays as it is.
 *
 * Reference: `keras/src/models/functional.py` and `keras/src/saving/serialization_lib.py` of Keras 3.
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import { isObject, type Json } from "./layer_config.ts";
import { firstInputShape, isModel, list, readEntry } from "./topology_entry.ts";

/** Keys of a layer's configuration that have another name in Keras 3, by class. */
const KEYS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  InputLayer: { batch_shape: "batch_input_shape" },
  LeakyReLU: { negative_slope: "alpha" },
};

/** Activations of another name in Keras 3. */
const ACTIVATIONS: Readonly<Record<string, string>> = { silu: "swish" };

/** Activations that are other functions in Keras 3: no name of TensorFlow.js means the same. */
const CHANGED_ACTIVATIONS: Readonly<Record<string, string>> = {
  hard_sigmoid: "relu6(x + 3) / 6 in Keras 3, and clip(x / 5 + 1/2, 0, 1) in TensorFlow.js",
};

/** Types that a network computes in where it is run in them; TensorFlow.js has float32 alone. */
const FLOAT_TYPES: ReadonlySet<unknown> = new Set([
  "float16",
  "bfloat16",
  "float64",
  "mixed_float16",
  "mixed_bfloat16",
]);

/** What serialized objects of Keras 3 stand for where Keras 2 has a plain value. */
const OBJECTS: Readonly<Record<string, (config: unknown) => unknown>> = {
  DTypePolicy: (config) => isObject(config) ? config.name : undefined,
  Policy: (config) => isObject(config) ? config.name : undefined,
  __numpy__: (config) => isObject(config) ? config.value : undefined,
  function: (config) => config,
};

/** Notes of Keras 3 beside an object. */
const NOTES: ReadonlySet<string> = new Set(["module", "registered_name", "build_config", "compile_config"]);

/** What holds for all layers of one file. */
interface File {
  readonly isKeras3: boolean;
  /** Sequential models without a name so far. */
  unnamed: number;
}

/**
 * The topology in the words of Keras 2.
 *
 * @param topology As a `model.json` holds it.
 * @throws {InputError} when it says something that those words cannot.
 */
export function plainTopology(topology: Json): Json {
  const isWrapped = isObject(topology.model_config);
  const root = isWrapped ? topology.model_config as Json : topology;
  if (!isModel(String(root.class_name))) return topology;
  const isKeras3 = String(topology.keras_version ?? "").startsWith("3.") || "module" in root;
  const config = plainModel(root, undefined, { isKeras3, unnamed: 0 });
  const plain = { ...withoutNotes(root), config };
  return isWrapped ? { ...topology, model_config: plain } : plain;
}

/** The configuration of a model. */
function plainModel(entry: Json, name: unknown, file: File): Json {
  const found: Json = isObject(entry.config) ? entry.config : { layers: entry.config };
  const config = {
    ...found,
    name: found.name ?? name ?? `sequential_unnamed_${++file.unnamed}`,
    layers: list(found.layers).map((layer) => plainEntry(layer, file)),
  };
  return entry.class_name === "Sequential" ? withInputShape(config) : withPlainCalls(config);
}

/** A layer of a model, with its calls as they are. */
function plainEntry(data: unknown, file: File): unknown {
  if (!isObject(data)) return data;
  const entry = withoutNotes(data);
  if (isModel(String(entry.class_name))) {
    const config = plainModel(entry, entry.name, file);
    return { ...entry, name: entry.name ?? config.name, config };
  }
  if (!isObject(entry.config)) return entry;
  const className = String(entry.class_name);
  const keys = KEYS[className] ?? {};
  const config = Object.fromEntries(
    Object.entries(entry.config).map(([key, value]) => [keys[key] ?? key, plainValue(value)]),
  );
  if (FLOAT_TYPES.has(config.dtype)) config.dtype = "float32";
  const { activation } = config;
  if (typeof activation === "string") {
    const other = file.isKeras3 ? CHANGED_ACTIVATIONS[activation] : undefined;
    if (other !== undefined) {
      throw new InputError(
        `Cannot read layer "${String(config.name)}": its activation "${activation}" is ${other}.`,
        "Write it as a ReLU with max_value 6, a Rescaling before and one after it.",
      );
    }
    config.activation = ACTIVATIONS[activation] ?? activation;
  }
  // A Conv2D of TensorFlow.js has no groups and would pass them over.
  const isGrouped = className === "Conv2D" && Number(config.groups ?? 1) > 1;
  return { ...entry, ...(isGrouped ? { class_name: "GroupedConv2D" } : {}), config };
}

/** A value of a configuration without the wrappers of Keras 3. */
function plainValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainValue);
  if (!isObject(value)) return value;
  const unwrap = typeof value.class_name === "string" ? OBJECTS[value.class_name] : undefined;
  if (unwrap !== undefined) return unwrap(value.config);
  return Object.fromEntries(
    Object.entries(withoutNotes(value)).map(([key, inner]) => [key, plainValue(inner)]),
  );
}

function withoutNotes(object: Json): Json {
  if (!("registered_name" in object) && !("build_config" in object)) return object;
  return Object.fromEntries(Object.entries(object).filter(([key]) => !NOTES.has(key)));
}

/** A Sequential whose first layer says the shape that it takes. */
function withInputShape({ build_input_shape: built, ...config }: Json): Json {
  const [first, ...others] = list(config.layers);
  if (first === undefined || !isObject(first)) return config;
  const entry = readEntry(first);
  if (firstInputShape(entry) !== undefined) return config;
  if (!Array.isArray(built) || isModel(entry.className)) {
    throw new InputError(
      `Cannot read Sequential "${
        String(config.name)
      }": its first layer, "${entry.name}", has no input shape; TensorFlow.js ` +
        'says "The first layer in a Sequential model must get an inputShape or batchInputShape argument".',
      "Give the model an Input as its first layer before it is saved: keras.Sequential([keras.Input(shape), ...]).",
    );
  }
  return {
    ...config,
    layers: [{ ...first, config: { ...entry.config, batch_input_shape: built } }, ...others],
  };
}

/** A functional model whose calls, inputs and outputs are lists of references. */
function withPlainCalls(config: Json): Json {
  const entries = list(config.layers);
  const isKeras3 = entries.some((entry) =>
    isObject(entry) && list(entry.inbound_nodes).some((node) => isObject(node))
  );
  const sequentials = new Set(
    entries.filter(isObject).filter((entry) => entry.class_name === "Sequential").map(({ name }) => name),
  );
  /** Keras 3 counts the calls of a Sequential from 0, Keras 2 from 1, as those of every model. */
  const counted = ([name, node, ...rest]: readonly unknown[]): readonly unknown[] =>
    isKeras3 && sequentials.has(name) ? [name, Number(node) + 1, ...rest] : [name, node, ...rest];
  const layers = entries.map((entry) => {
    if (!isObject(entry)) return entry;
    const calls = list(entry.inbound_nodes).map((call) =>
      isObject(call) ? plainCall(call, String(entry.name)).map(counted) : call
    );
    return { ...entry, inbound_nodes: calls };
  });
  return {
    ...config,
    layers,
    input_layers: references(config.input_layers).map(counted),
    output_layers: references(config.output_layers).map(counted),
  };
}

/** One reference, a list of them, or a dictionary, as a list. */
function references(value: unknown): readonly (readonly unknown[])[] {
  if (Array.isArray(value)) {
    return typeof value[0] === "string" ? [value] : value.flatMap(references);
  }
  return isObject(value) ? Object.values(value).flatMap(references) : [];
}

/** A call `{ args, kwargs }` as the references `[name, node, tensor, kwargs]` of its tensors. */
function plainCall({ args, kwargs }: Json, layer: string): readonly (readonly unknown[])[] {
  const tensors: (readonly unknown[])[] = [];
  const rest: Record<string, unknown> = {};
  const take = (value: unknown): boolean => {
    if (Array.isArray(value) && value.length > 0) return value.map(take).every(Boolean);
    if (!isObject(value) || value.class_name !== "__keras_tensor__") return false;
    tensors.push(list(isObject(value.config) ? value.config.keras_history : undefined));
    return true;
  };
  for (const value of list(args)) {
    if (take(value) || value === null) continue;
    throw new InputError(
      `Cannot read layer "${layer}": it is called with ${JSON.stringify(value)}, expected tensors alone.`,
      "Write an operation with a constant as a layer: Rescaling for a factor and an offset.",
    );
  }
  for (const [key, value] of Object.entries(isObject(kwargs) ? kwargs : {})) {
    if (value !== null && !take(value)) rest[key] = value;
  }
  if (tensors.length === 0) {
    throw new InputError(`Cannot read the topology: layer "${layer}" is called with no tensor.`);
  }
  return tensors.map((reference) => [...reference, rest]);
}
