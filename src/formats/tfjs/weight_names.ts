/**
 * The weights of a `model.json` under the names that their layers have: writers put scopes around them ("sequential/conv/kernel"
 * of Keras 3) and into them ("lstm/lstm_cell/kernel" of TensorFlow 2.2), and TensorFlow.js knows the second alone.
 *
 * Reference: `Container.loadWeights` of `@tensorflow/tfjs-layers` 4.22.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { InputError } from "../../errors.ts";
import { nearestName } from "../../text/nearest_name.ts";
import { isObject, type Json } from "./layer_config.ts";
import { isModel, list } from "./topology_entry.ts";

/** Weights of another name in Keras 3, by the class of their layer. */
const KEYS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  DepthwiseConv2D: { kernel: "depthwise_kernel" },
};

/** States of random generators: nothing that inference reads. */
const SEED = /(^|\/)(seed_generator_state|seed_generator\/.*)$/;

/** A layer's class by its name; how many layers share the name. */
type LayerClasses = ReadonlyMap<string, { readonly className: string; readonly count: number }>;

/**
 * The specifications with every weight under the name of its layer. The order stays, since the data lies in it.
 *
 * @param topology In the words of Keras 2.
 * @throws {InputError} when two weights are one, or two layers share the name that one belongs to.
 */
export function resolveWeightNames(
  topology: Json,
  specs: readonly io.WeightsManifestEntry[],
): io.WeightsManifestEntry[] {
  const root = isObject(topology.model_config) ? topology.model_config : topology;
  const classes = new Map<string, { className: string; count: number }>();
  collectLayers(root, classes);
  const taken = new Map<string, string>();
  return specs.map((spec) => {
    if (spec.group === "optimizer") return spec;
    // TensorFlow.js passes this group over, and knows no other way to leave bytes out.
    if (SEED.test(spec.name)) return { ...spec, group: "optimizer" };
    const name = nameIn(classes, spec.name);
    const other = taken.get(name);
    if (other !== undefined) {
      throw new InputError(
        `Cannot read the model: the weights "${other}" and "${spec.name}" are both "${name}" of one layer.`,
      );
    }
    taken.set(name, spec.name);
    return name === spec.name ? spec : { ...spec, name };
  });
}

function collectLayers(entry: Json, classes: Map<string, { className: string; count: number }>): void {
  const layers = isObject(entry.config) ? entry.config.layers : undefined;
  for (const layer of list(layers)) {
    if (!isObject(layer) || !isObject(layer.config)) continue;
    const className = String(layer.class_name);
    if (isModel(className)) {
      collectLayers(layer, classes);
      continue;
    }
    const name = String(layer.config.name ?? layer.name);
    classes.set(name, { className, count: (classes.get(name)?.count ?? 0) + 1 });
  }
}

/**
 * `layer/weight` for a name with scopes: as it stands, with the inner one dropped as TensorFlow.js does, then without outer
 * ones. The name as it is where no layer fits.
 */
function nameIn(classes: LayerClasses, given: string): string {
  const scopes = given.split("/");
  const key = scopes.pop()!;
  for (let first = 0; first < scopes.length; first++) {
    for (let end = scopes.length; end > first; end--) {
      const layer = scopes.slice(first, end).join("/");
      const found = classes.get(layer);
      if (found === undefined) continue;
      if (found.count > 1) {
        throw new InputError(
          `Cannot read the model: ${found.count} layers are named "${layer}", and the weight "${given}" may belong to any of ` +
            "them.",
          "TensorFlow.js refuses such a model too. Give the layers different names and save it again.",
        );
      }
      return `${layer}/${KEYS[found.className]?.[key] ?? key}`;
    }
  }
  return given;
}

/**
 * Checks that every weight belongs to a layer: TensorFlow.js refuses a model in which one is left over.
 *
 * @param layers The names of the layers.
 * @throws {InputError} naming the layer that is missing.
 */
export function checkOwners(weights: Iterable<string>, layers: ReadonlySet<string>): void {
  for (const weight of weights) {
    const layer = weight.slice(0, Math.max(0, weight.lastIndexOf("/")));
    if (layers.has(layer)) continue;
    const nearest = nearestName(layer, layers);
    throw new InputError(
      `Cannot read the model: there is no layer "${layer}" for the weight "${weight}"` +
        `${nearest === undefined ? "" : `; the nearest is "${nearest}"`}.`,
      "The topology and the weights do not belong together, or model.json is damaged.",
    );
  }
}
