/**
 * How a layer is called in a few characters, and what part it plays: "3x3/2", "BN", "avg 3x3".
 *
 * @module
 */
import { LayerConfig } from "../fuse/config.ts";
import type { Layer } from "../fuse/graph.ts";
import { zeroPaddingAmounts } from "../fuse/shapes.ts";

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

const ROLES: Readonly<Record<string, Role>> = {
  InputLayer: "input",
  Conv2D: "convolution",
  DepthwiseConv2D: "convolution",
  GroupedConv2D: "convolution",
  SeparableConv2D: "convolution",
  BatchNormalization: "normalization",
  LayerNormalization: "normalization",
  Rescaling: "normalization",
  ZeroPadding2D: "padding",
  AveragePooling2D: "pooling",
  MaxPooling2D: "pooling",
  GlobalAveragePooling2D: "pooling",
  GlobalMaxPooling2D: "pooling",
  Add: "join",
  Average: "join",
  Concatenate: "join",
  Maximum: "join",
  Minimum: "join",
  Multiply: "join",
  Activation: "activation",
  ELU: "activation",
  LeakyReLU: "activation",
  PReLU: "activation",
  ReLU: "activation",
  Softmax: "activation",
};

const NAMES: Readonly<Record<string, string>> = {
  Add: "+",
  Average: "mean",
  BatchNormalization: "BN",
  Concatenate: "concat",
  Dropout: "dropout",
  GlobalAveragePooling2D: "global avg",
  GlobalMaxPooling2D: "global max",
  InputLayer: "image",
  Maximum: "max",
  Minimum: "min",
  Multiply: "×",
  Rescaling: "scale",
};

const CONVOLUTION_PREFIXES: Readonly<Record<string, string>> = {
  DepthwiseConv2D: "dw ",
  SeparableConv2D: "sep ",
};

/** Activations whose customary spelling is not their key's. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  elu: "ELU",
  gelu: "GELU",
  relu: "ReLU",
  relu6: "ReLU6",
  selu: "SELU",
  swish: "Swish",
};

/** The part that the layer plays. */
export function roleOf({ className }: Layer): Role {
  return lookUp(ROLES, className) ?? "other";
}

/** The layer in a few characters: "3x3/2", "dw 3x3", "BN", "+", "avg 3x3", "ReLU". */
export function shortLabel(layer: Layer): string {
  const config = new LayerConfig(layer.name, layer.config);
  switch (layer.className) {
    case "Conv2D":
    case "DepthwiseConv2D":
    case "GroupedConv2D":
    case "SeparableConv2D":
      return (lookUp(CONVOLUTION_PREFIXES, layer.className) ?? "") + windowLabel(config) + carried(config);
    case "AveragePooling2D":
      return `avg ${windowLabel(config)}`;
    case "MaxPooling2D":
      return `max ${windowLabel(config)}`;
    case "ZeroPadding2D":
      return paddingLabel(config);
    case "Activation":
      return activationLabel(config.text("activation", "linear"));
    case "ReLU":
      return config.values.max_value === 6 ? "ReLU6" : "ReLU";
    case "Dense":
      return `dense ${config.count("units", 1)}${carried(config)}`;
  }
  return lookUp(NAMES, layer.className) ?? layer.className;
}

/** "3x3", "3x3/2" with a stride, "3x3 d2" with a dilation, "3x3 g4" with groups. */
function windowLabel(config: LayerConfig): string {
  const size = config.pair("kernel_size", config.pair("pool_size", [2, 2]));
  const [stride] = config.pair("strides", "pool_size" in config.values ? size : [1, 1]);
  const [dilation] = config.pair("dilation_rate", [1, 1]);
  const groups = config.count("groups", 1);
  return `${size.join("x")}${stride > 1 ? `/${stride}` : ""}${dilation > 1 ? ` d${dilation}` : ""}${
    groups > 1 ? ` g${groups}` : ""
  }`;
}

/** "pad 1" for one pixel on every side, "pad 0,1" for one after the image, "pad 0x1" for one on the left and the right. */
function paddingLabel(config: LayerConfig): string {
  const [vertical, horizontal] = zeroPaddingAmounts(config);
  const sides = [vertical, horizontal].map(([before, after]) =>
    before === after ? before : `${before},${after}`
  );
  return `pad ${sides[0] === sides[1] ? sides[0] : sides.join("x")}`;
}

/** " ReLU" for a layer that carries its activation. */
function carried(config: LayerConfig): string {
  const activation = config.text("activation", "linear");
  return activation === "linear" ? "" : ` ${activationLabel(activation)}`;
}

function activationLabel(name: string): string {
  return lookUp(ACTIVATIONS, name) ?? name;
}

function lookUp<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
