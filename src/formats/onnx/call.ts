/**
 * One call of a layer, as the rules of the ONNX writer see it. Images are NCHW inside the graph; shapes are those of the
 * LayersModel, NHWC.
 *
 * @module
 */
import type { LayerConfig } from "../../fuse/config.ts";
import type { Layer, Shape } from "../../fuse/graph.ts";
import type { OnnxGraphWriter } from "./graph_writer.ts";

/** A tensor of the graph. */
export interface OnnxTensor {
  readonly name: string;
  /** In the LayersModel: [N, H, W, C] for what is [N, C, H, W] in the graph. */
  readonly shape: Shape;
}

/** What a rule gets. */
export interface OnnxCall {
  readonly layer: Layer;
  readonly config: LayerConfig;
  readonly inputs: readonly OnnxTensor[];
  /** The shape of the output in the LayersModel. */
  readonly shape: Shape;
  /** What the output is to be called; names of inner tensors begin with it. */
  readonly output: string;
  readonly writer: OnnxGraphWriter;
}

/**
 * Writes the nodes of a call, the last of which is named `call.output`.
 *
 * @throws {NotInOnnx} when the layer, as it is configured, cannot be said in ONNX.
 */
export type OnnxRule = (call: OnnxCall) => void;

/** Why a layer cannot be written; `writeOnnx` gathers them all into one message. */
export class NotInOnnx extends Error {}

/** Axes of an NHWC tensor in the order of NCHW. */
export const TO_NCHW = [0, 3, 1, 2] as const;

/** Axes of an NCHW tensor in the order of NHWC. */
export const TO_NHWC = [0, 2, 3, 1] as const;

/** Number of axes; 0 when it is not known. */
export function rank({ shape }: OnnxTensor): number {
  return shape?.length ?? 0;
}
