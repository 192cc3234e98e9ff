/**
 * How a layer is called in a few characters, and what part it plays: "3x3/2", "BN", "avg 3x3".
 *
 * @module
 */
import type { Axes } from "../graph/axis.ts";
import type { Convolution, Operation } from "../graph/graph.ts";
import type { Layer } from "./calls.ts";

/** The part that a layer plays in a network. */
export type Role =
  | "input"
  | "convolution"
  | "normalization"
  | "padding"
  | "pooling"
  | "join"
  | "activation"
  | "other";

const ROLES: Readonly<Record<Exclude<Operation["op"], "opaque">, Role>> = {
  convolution: "convolution",
  convolutionTranspose: "convolution",
  dense: "other",
  batchNorm: "normalization",
  scale: "normalization",
  pad: "padding",
  upsample: "other",
  maxPool: "pooling",
  averagePool: "pooling",
  globalMaxPool: "pooling",
  globalAveragePool: "pooling",
  add: "join",
  average: "join",
  multiply: "join",
  maximum: "join",
  minimum: "join",
  concatenate: "join",
  reshape: "other",
  softmax: "activation",
  activation: "activation",
  identity: "other",
};

/** Opaque layers that play a part all the same. */
const KINDS: Readonly<Record<string, Role>> = {
  LayerNormalization: "normalization",
  PReLU: "activation",
  ReLU: "activation",
};

/** Activations whose customary spelling is not their key's. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  elu: "ELU",
  gelu: "GELU",
  leaky_relu: "LeakyReLU",
  relu: "ReLU",
  relu6: "ReLU6",
  selu: "SELU",
  swish: "Swish",
};

/** The part that the layer plays. */
export function roleOf({ operations: [first] }: Layer): Role {
  if (first === undefined) return "input";
  if (first.op !== "opaque") {
    return first.op === "identity" && first.origin?.kind === "Activation" ? "activation" : ROLES[first.op];
  }
  if (first.isConvolution) return "convolution";
  return Object.hasOwn(KINDS, first.origin.kind) ? KINDS[first.origin.kind]! : "other";
}

/** The layer in a few characters: "3x3/2", "dw 3x3", "BN", "+", "avg 3x3", "ReLU". */
export function shortLabel({ operations }: Layer): string {
  if (operations.length === 0) return "image";
  const [first, second] = operations;
  if (first?.op === "convolution" && second?.op === "convolution") {
    return `sep ${window(first)}${carried(second.activation)}`;
  }
  return operations.map(labelOf).join(" ");
}

function labelOf(operation: Operation): string {
  switch (operation.op) {
    case "convolution":
      return (isDepthwise(operation) ? "dw " : "") + window(operation) + carried(operation.activation);
    case "convolutionTranspose":
      return `up ${windowLabel(operation.axes)}${carried(operation.activation)}`;
    case "dense":
      return `dense ${operation.kernel.shape[1]}${carried(operation.activation)}`;
    case "batchNorm":
      return "BN";
    case "scale":
      return "scale";
    case "pad":
      return paddingLabel(operation.padding);
    case "upsample":
      return `up ${operation.factors.join("x")}`;
    case "maxPool":
      return `max ${windowLabel(operation.axes)}`;
    case "averagePool":
      return `avg ${windowLabel(operation.axes)}`;
    case "globalMaxPool":
      return "global max";
    case "globalAveragePool":
      return "global avg";
    case "add":
      return "+";
    case "average":
      return "mean";
    case "multiply":
      return "×";
    case "maximum":
      return "max";
    case "minimum":
      return "min";
    case "concatenate":
      return "concat";
    case "softmax":
      return operation.origin?.kind === "Softmax" ? "Softmax" : "softmax";
    case "activation":
      return spelled(operation.activation);
    case "identity":
      return operation.origin?.kind === "Dropout"
        ? "dropout"
        : operation.origin?.kind === "Activation"
        ? "linear"
        : operation.origin?.kind ?? "linear";
    case "reshape":
      return operation.origin?.kind ?? "reshape";
    case "opaque":
      return operation.origin.kind;
    default:
      return operation satisfies never;
  }
}

function isDepthwise({ groups, kernel }: Convolution): boolean {
  return groups > 1 && kernel.shape[2] === 1;
}

function window(convolution: Convolution): string {
  const { groups } = convolution;
  return windowLabel(convolution.axes) + (groups > 1 && !isDepthwise(convolution) ? ` g${groups}` : "");
}

/** "3x3", "3x3/2" with a stride, "3x3 d2" with a dilation. */
function windowLabel([vertical, horizontal]: Axes): string {
  const { stride, dilation } = vertical;
  return `${vertical.size}x${horizontal.size}${stride > 1 ? `/${stride}` : ""}${
    dilation > 1 ? ` d${dilation}` : ""
  }`;
}

/** "pad 1" for one pixel on every side, "pad 0,1" for one after the image, "pad 0x1" for one on the left and the right. */
function paddingLabel([top, bottom, left, right]: readonly [number, number, number, number]): string {
  const sides = [[top, bottom], [left, right]].map(([before, after]) =>
    before === after ? before : `${before},${after}`
  );
  return `pad ${sides[0] === sides[1] ? sides[0] : sides.join("x")}`;
}

/** " ReLU" for a layer that carries its activation. */
function carried(activation: string): string {
  return activation === "linear" ? "" : ` ${spelled(activation)}`;
}

function spelled(activation: string): string {
  return Object.hasOwn(ACTIVATIONS, activation) ? ACTIVATIONS[activation]! : activation;
}
