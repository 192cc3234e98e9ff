/**
 * A LayersModel that takes images of any size, as one of a fixed size.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { isObject, type Json } from "./layer_config.ts";
import { isModel, list } from "./topology_entry.ts";

/**
 * The same model with the lengths of its images' sides, where it leaves them open. What it has fixed stays.
 *
 * @param side Pixels; nothing to leave it as it is.
 */
export function withImageSize(artifacts: io.ModelArtifacts, side: number | undefined): io.ModelArtifacts {
  const { modelTopology } = artifacts;
  if (side === undefined || !isObject(modelTopology)) return artifacts;
  const { model_config: inner } = modelTopology;
  return {
    ...artifacts,
    modelTopology: isObject(inner)
      ? { ...modelTopology, model_config: sizedLayer(inner, side) }
      : sizedLayer(modelTopology, side),
  };
}

/** A layer that images come into: its declared shape, or that of the first layers of the model that it is. */
function sizedLayer(layer: Json, side: number): Json {
  const { config } = layer;
  if (!isModel(String(layer.class_name))) {
    return isObject(config) ? { ...layer, config: sizedConfig(config, side) } : layer;
  }
  const layers = list(isObject(config) ? config.layers : config);
  const takers = isObject(config) && Array.isArray(config.input_layers)
    ? new Set(config.input_layers.map((reference) => list(reference)[0] ?? reference))
    : undefined;
  const sized = layers.map((inner, i) => {
    if (!isObject(inner)) return inner;
    const { name = isObject(inner.config) ? inner.config.name : undefined } = inner;
    return (takers === undefined ? i === 0 : takers.has(name)) ? sizedLayer(inner, side) : inner;
  });
  return { ...layer, config: isObject(config) ? { ...sizedConfig(config, side), layers: sized } : sized };
}

function sizedConfig(config: Json, side: number): Json {
  const shape = config.batch_input_shape;
  if (!Array.isArray(shape) || shape.length !== 4) return config;
  const [batch, height, width, channels] = shape;
  return { ...config, batch_input_shape: [batch, height ?? side, width ?? side, channels] };
}
