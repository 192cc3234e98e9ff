/**
 * What an ONNX file says about how to feed it: in its metadata, where it was written here; else in the shape of its input.
 *
 * @module
 */
import { z } from "zod";
import { originalOnnx } from "../formats/onnx/original.ts";
import type { Graph } from "../graph/graph.ts";
import type { ModelCard } from "./classifier.ts";
import { guessCard } from "./guessed_card.ts";
import { outputOf } from "./output.ts";

const perChannel = z.array(z.number()).min(1);
const count = z.int().min(1);

/** The metadata of a file that was written here, each value as JSON. */
const cardSchema = z.object({
  classNames: z.array(z.string()).min(1),
  inputSize: z.tuple([count, count, count]),
  normalization: z.object({ mean: perChannel, scale: perChannel }),
  /** Early files do not say it; their graph does. */
  givesProbabilities: z.boolean().optional(),
});

/**
 * The card of a network that was read from an ONNX file.
 *
 * @param path Names the file in errors.
 * @throws {InputError} when neither its metadata nor its input tell the images' size.
 */
export function readOnnxCard(graph: Graph, path: string): ModelCard {
  const { model } = originalOnnx(graph)!;
  const metadata = cardSchema.safeParse(
    Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, jsonOrText(value)])),
  );
  if (!metadata.success) return guessCard(graph, path);
  const { givesProbabilities = outputOf(graph, path).givesProbabilities, ...known } = metadata.data;
  return { ...known, givesProbabilities };
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
