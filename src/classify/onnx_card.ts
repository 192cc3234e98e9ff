/**
 * What an ONNX file says about how to feed it: in its metadata, where it was written here; else in the shape of its input.
 *
 * @module
 */
import { fromBinary } from "@bufbuild/protobuf";
import { type ModelProto, ModelProtoSchema, type ValueInfoProto } from "onnx-buf";
import { z } from "zod";
import { InputError } from "../errors.ts";
import { isProbability } from "./output.ts";
import { placeholderNames } from "./class_names.ts";
import type { ModelCard } from "./classifier.ts";
import { defaultNormalization } from "../data/normalization.ts";

const perChannel = z.array(z.number()).min(1);
const count = z.int().min(1);

/** The metadata of a file that was written here, each value as JSON. */
const cardSchema = z.object({
  classNames: z.array(z.string()).min(1),
  inputSize: z.tuple([count, count, count]),
  normalization: z.object({ mean: perChannel, scale: perChannel }),
  givesProbabilities: z.boolean(),
});

/** Channels of an image in a file that does not say. */
const IMAGE_CHANNELS: readonly number[] = [1, 3];

/**
 * The card of an ONNX file.
 *
 * @param path Names the file in errors.
 * @throws {InputError} when it is not ONNX, or neither its metadata nor its input tell the images' size.
 */
export function readOnnxCard(bytes: Uint8Array, path: string): ModelCard {
  const model = parse(bytes, path);
  const metadata = cardSchema.safeParse(
    Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, jsonOrText(value)])),
  );
  return metadata.success ? metadata.data : cardOfGraph(model, path);
}

function parse(bytes: Uint8Array, path: string): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`Cannot read ${path} as ONNX: ${reason}.`);
  }
}

function cardOfGraph({ graph }: ModelProto, path: string): ModelCard {
  const weights = new Set(graph?.initializer.map(({ name }) => name));
  const inputs = graph?.input.filter(({ name }) => !weights.has(name)) ?? [];
  const shape = lengthsOf(inputs[0]);
  const [, height, width, channels] = shape;
  const [output, ...otherOutputs] = graph?.output ?? [];
  const [, classes, ...rest] = lengthsOf(output);
  const isImage = shape.length === 4 && IMAGE_CHANNELS.includes(channels ?? 0);
  if (inputs.length !== 1 || !isImage || height === undefined || width === undefined) {
    throw new InputError(
      `Cannot run ${path} as a classifier: expected one input [N, height, width, channels] of a fixed size; found ` +
        `${inputs.map((input) => shapeText(lengthsOf(input))).join(", ") || "none"}.`,
      "RepFuse runs ONNX files that take NHWC images, as its own exports do.",
    );
  }
  if (classes === undefined || rest.length > 0 || otherOutputs.length > 0) {
    throw new InputError(
      `Cannot run ${path} as a classifier: expected one output [N, classes], found ` +
        `${graph?.output.map((output) => shapeText(lengthsOf(output))).join(", ") || "none"}.`,
    );
  }
  return {
    classNames: placeholderNames(classes),
    inputSize: [height, width, channels!],
    normalization: defaultNormalization(channels!),
    givesProbabilities: isProbability(activationOf(output?.name, graph), classes),
  };
}

/** The activation that a tensor comes from, in the words of {@link isProbability}. */
function activationOf(tensor: string | undefined, graph: ModelProto["graph"]): string {
  const node = graph?.node.find(({ output }) => tensor !== undefined && output.includes(tensor));
  if (node === undefined) return "linear";
  const passes = ["Identity", "Reshape", "Flatten", "Squeeze", "Cast", "Dropout"].includes(node.opType);
  return passes ? activationOf(node.input[0], graph) : node.opType.toLowerCase();
}

/** Lengths of the axes; undefined where one is open. */
function lengthsOf(info: ValueInfoProto | undefined): (number | undefined)[] {
  if (info?.type?.value.case !== "tensorType") return [];
  return info.type.value.value.shape?.dim.map(({ value }) =>
    value.case === "dimValue" ? Number(value.value) : undefined
  ) ?? [];
}

/** "[?,32,32,3]" */
function shapeText(lengths: readonly (number | undefined)[]): string {
  return `[${lengths.map((length) => length ?? "?")}]`;
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
