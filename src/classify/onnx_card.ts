/**
 * What an ONNX file says about how to feed it: in its metadata, where it was written here or by others who keep labels there;
 * else in the shape of its input.
 *
 * @module
 */
import { z } from "zod";
import { labelsIn } from "../data/label_file.ts";
import { originalOnnx } from "../formats/onnx/original.ts";
import { InputError } from "../errors.ts";
import type { Graph } from "../graph/graph.ts";
import { type AnsweredCard, type CardAnswers, withAnswers } from "./card_answers.ts";
import { guessCard, type ToldByFile } from "./guessed_card.ts";
import { outputOf } from "./output.ts";
import { PICTURE_CHANNELS } from "../data/network_pixels.ts";

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

/** Where others keep the names of classes: a list, or the names by their numbers. */
const LABEL_KEYS = ["names", "labels", "classes", "class_names", "id2label"] as const;

/** ONNX's own words for images, MetadataProps.md: the range of their pixels. */
const NOMINAL_RANGES = {
  NominalRange_0_255: "0..255",
  Normalized_0_1: "0..1",
  Normalized_1_1: "-1..1",
} as const;

/**
 * The card of a network that was read from an ONNX file.
 *
 * @param path Names the file in errors.
 * @throws {InputError} when neither its metadata, its input nor an answer tell the images' size.
 */
export function readOnnxCard(graph: Graph, path: string, answers: CardAnswers = {}): AnsweredCard {
  const metadata = new Map(originalOnnx(graph)!.model.metadataProps.map(({ key, value }) => [key, value]));
  const ours = cardSchema.safeParse(
    Object.fromEntries([...metadata].map(([key, value]) => [key, jsonOrText(value)])),
  );
  if (!ours.success) return guessCard(withImagesInPlace(graph), path, answers, toldBy(metadata, path));
  const { givesProbabilities = outputOf(graph, path).givesProbabilities, ...known } = ours.data;
  return { card: withAnswers({ ...known, givesProbabilities }, answers, path), assumed: [] };
}

/** @throws {InputError} when the file says that it takes blue before red. */
function toldBy(metadata: ReadonlyMap<string, string>, path: string): ToldByFile {
  const order = metadata.get("Image.BitmapPixelFormat") ?? "";
  if (/^bgr/i.test(order)) {
    throw new InputError(
      `Cannot use ${path}: it takes pixels as ${order}, blue before red, and pictures are given as red, green, blue.`,
      "Turn the first convolution's kernel around its input channels, or export the network for RGB.",
    );
  }
  const range = metadata.get("Image.NominalPixelRange") as keyof typeof NOMINAL_RANGES | undefined;
  const [labels] = LABEL_KEYS.map((key) => metadata.get(key))
    .map((text) => text === undefined ? undefined : labelsIn(text))
    .filter((labels) => labels !== undefined);
  return {
    ...(range === undefined ? {} : { pixels: NOMINAL_RANGES[range] }),
    ...(labels === undefined ? {} : { classNames: labels }),
  };
}

/**
 * The reader takes [N, a, b, c] for channels first. Where an image has as many channels as `c` and not as `a`, they were last.
 */
function withImagesInPlace(graph: Graph): Graph {
  const { inputs: [input], values } = graph;
  const shape = input && values[input.value]!.shape;
  if (shape?.length !== 4) return graph;
  const [batch, height, width, channels] = shape as [null, number | null, number | null, number | null];
  const isPicture = (length: number | null) => length !== null && PICTURE_CHANNELS.includes(length);
  if (isPicture(channels) || !isPicture(width)) return graph;
  const last = { ...values[input!.value]!, shape: [batch, channels, height, width] };
  return { ...graph, values: values.map((info, value) => value === input!.value ? last : info) };
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
