/**
 * Which tensors of three axes are sequences [N, C, L]: those that convolutions, poolings and BatchNorm read or make, and what
 * is computed from them number by number. Others, as transformers have them, keep the order of the file: their channels
 * stand last.
 *
 * @module
 */
import type { GraphProto } from "onnx-buf";
import { keepsPlaces } from "./shapes.ts";

/** Operators whose second axis are the channels. */
const CHANNELS_SECOND: ReadonlySet<string> = new Set([
  "Conv",
  "ConvTranspose",
  "BatchNormalization",
  "InstanceNormalization",
  "MaxPool",
  "AveragePool",
  "GlobalAveragePool",
  "GlobalMaxPool",
]);

/** The names of those tensors; what has another number of axes may be among them. */
export function sequencesOf({ node: nodes }: GraphProto): ReadonlySet<string> {
  const found = new Set(
    nodes.filter(({ opType }) => CHANNELS_SECOND.has(opType)).flatMap((
      { input, output },
    ) => [input[0]!, output[0]!]),
  );
  const places = nodes.filter(keepsPlaces).map(({ input, output }) => [...input, ...output]);
  const order = [...places, ...places.toReversed()];
  for (let before = -1; before < found.size;) {
    before = found.size;
    for (const names of order) {
      if (names.some((name) => found.has(name))) names.forEach((name) => found.add(name));
    }
  }
  found.delete("");
  return found;
}
