/**
 * Operations as layers of TensorFlow.js, for those that no layer stood for before: the other direction of `meaning.ts`.
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import { convolutionClass } from "../../fuse/executable.ts";
import { RELU6_LIMIT } from "../../graph/activation.ts";
import { asImageShape } from "../../graph/as_images.ts";
import type { Axes } from "../../graph/axis.ts";
import type {
  Convolution,
  ConvolutionTranspose,
  FullShape,
  Operation,
  Shape,
  WeightRef,
} from "../../graph/graph.ts";
import { isSequence, ownOf, sidesOf } from "../../graph/sides.ts";
import type { Json } from "./layer_config.ts";
import { isPaddedAs, type PaddingMode, transposed } from "./padding.ts";

/** A layer that computes an operation. */
export interface NewLayer {
  readonly className: string;
  readonly config: Json;
  /** Its weights by their own names ("kernel"), in the shapes that the layer has them. */
  readonly weights: Readonly<Record<string, WeightRef>>;
  /** What its name ends in, beside the operation's; nothing for the layer that is the operation. */
  readonly suffix?: string;
}

/** What is known of the values around an operation. */
export interface Surroundings {
  /** The shape of its first input. */
  readonly input: Shape;
  /** The shape of what it gives. */
  readonly output: Shape;
  /** Whether no number of its first input is below zero. */
  readonly isNonNegative: boolean;
}

/**
 * The layers of an operation, one after the other.
 *
 * @throws {InputError} when TensorFlow.js has none.
 */
export function layersOf(operation: Operation, around: Surroundings): readonly NewLayer[] {
  if ("activation" in operation && operation.activation === "relu6") {
    // As the activation of a layer it is a minimum with a tensor of one number, which TensorFlow.js's wasm backend takes long
    // for: MobileNetV2 ran at half of its speed.
    const relu6 = plain("ReLU", { max_value: RELU6_LIMIT });
    if (operation.op === "activation") return [relu6];
    return [...layersBefore({ ...operation, activation: "linear" }, around), { ...relu6, suffix: "/relu6" }];
  }
  return layersBefore(operation, around);
}

/** Without a last step of its own. */
function layersBefore(operation: Operation, around: Surroundings): readonly NewLayer[] {
  const { input, output } = around;
  switch (operation.op) {
    case "convolution":
      return convolution(operation, input, output);
    case "convolutionTranspose":
      if (isSequence(input)) throw unwritable(operation, "moves along one axis, for which it has none");
      return transposedConvolution(operation);
    case "maxPool":
    case "averagePool": {
      const { config, zeroPadding } = windowConfig(operation.axes, input, "pool_size");
      // Zeros around numbers that are not below zero are never the largest.
      if (zeroPadding.length > 0 && (operation.op === "averagePool" || !around.isNonNegative)) {
        throw unwritable(operation, "pads by other amounts than TensorFlow does");
      }
      const className = operation.op === "maxPool" ? "MaxPooling" : "AveragePooling";
      return [...zeroPadding, plain(className + dimensionOf(input), config)];
    }
    case "globalMaxPool":
    case "globalAveragePool": {
      const className = (operation.op === "globalMaxPool" ? "GlobalMaxPooling" : "GlobalAveragePooling") +
        dimensionOf(input);
      if (output?.length !== input?.length) return [plain(className, CHANNELS_LAST)];
      return [
        { ...plain(className, CHANNELS_LAST), suffix: "_mean" },
        plain("Reshape", { target_shape: fixed(operation, output) }),
      ];
    }
    default:
      return [layerOf(operation, output)];
  }
}

/** The layer of an operation that needs only one. */
function layerOf(
  operation: Exclude<
    Operation,
    {
      op:
        | "convolution"
        | "convolutionTranspose"
        | "maxPool"
        | "averagePool"
        | "globalMaxPool"
        | "globalAveragePool";
    }
  >,
  output: Shape,
): NewLayer {
  switch (operation.op) {
    case "dense": {
      const { kernel, bias, activation } = operation;
      const config = { units: kernel.shape[1], activation, use_bias: bias !== undefined };
      return { className: "Dense", config, weights: { kernel, ...(bias === undefined ? {} : { bias }) } };
    }
    case "upsample":
      if (isSequence(output)) throw unwritable(operation, "repeats along one axis, for which it has none");
      return plain("UpSampling2D", {
        ...CHANNELS_LAST,
        size: [...operation.factors],
        interpolation: "nearest",
      });
    case "batchNorm": {
      const { gamma, beta, mean, variance, epsilon } = operation;
      return {
        className: "BatchNormalization",
        config: { axis: -1, epsilon, scale: gamma !== undefined, center: beta !== undefined },
        weights: {
          ...(gamma === undefined ? {} : { gamma }),
          ...(beta === undefined ? {} : { beta }),
          moving_mean: mean,
          moving_variance: variance,
        },
      };
    }
    case "scale":
      return plain("Rescaling", { scale: one(operation.factors), offset: one(operation.offsets) });
    case "pad": {
      if (isSequence(output)) throw unwritable(operation, "pads along one axis, for which it has none");
      const [top, bottom, left, right] = operation.padding;
      return plain("ZeroPadding2D", { padding: [[top, bottom], [left, right]], ...CHANNELS_LAST });
    }
    case "add":
      return plain("Add");
    case "average":
      return plain("Average");
    case "multiply":
      return plain("Multiply");
    case "maximum":
      return plain("Maximum");
    case "minimum":
      return plain("Minimum");
    case "concatenate":
      return plain("Concatenate", { axis: operation.axis });
    case "reshape":
      return plain("Reshape", { target_shape: fixed(operation, output) });
    case "softmax":
      return plain("Softmax", { axis: operation.axis });
    case "activation": {
      const { activation, alpha, limit } = operation;
      if (activation === "leaky_relu") return plain("LeakyReLU", { alpha });
      if (activation === "elu" && alpha !== undefined) return plain("ELU", { alpha });
      if (limit !== undefined) return plain("ReLU", { max_value: limit });
      return plain("Activation", { activation });
    }
    case "identity":
      return plain("Activation", { activation: "linear" });
    case "opaque":
      throw unwritable(operation, `is a ${operation.origin.kind} of another format`);
    default:
      return operation satisfies never;
  }
}

const CHANNELS_LAST = { data_format: "channels_last" } as const;

function plain(className: string, config: Json = {}): NewLayer {
  return { className, config, weights: {} };
}

/** What ends the name of a class of layers. */
function dimensionOf(input: Shape): "1D" | "2D" {
  return isSequence(input) ? "1D" : "2D";
}

/** Where a Conv1D does not have the groups or the padding, what comes is brought to images of height 1, and back. */
function alongSequence(operation: Convolution, input: FullShape, output: FullShape): readonly NewLayer[] {
  const { kernel, bias, groups, activation, axes } = operation;
  const { config, zeroPadding } = windowConfig(axes, input, "kernel_size");
  if (groups > 1 || zeroPadding.length > 0) {
    const to = (shape: FullShape) => ({ target_shape: shape.slice(1).map((length) => length ?? -1) });
    const onImages = convolution(operation, asImageShape(input), asImageShape(output));
    return [
      { ...plain("Reshape", to(asImageShape(input))), suffix: "_image" },
      ...onImages.map(({ suffix = "_window", ...layer }) => ({ ...layer, suffix })),
      plain("Reshape", to(output)),
    ];
  }
  return [{
    className: "Conv1D",
    config: {
      filters: kernel.shape[3],
      ...config,
      dilation_rate: [axes[1].dilation],
      activation,
      use_bias: bias !== undefined,
    },
    weights: { kernel: { ...kernel, shape: kernel.shape.slice(1) }, ...(bias === undefined ? {} : { bias }) },
  }];
}

function convolution(operation: Convolution, input: Shape, output: Shape): readonly NewLayer[] {
  if (isSequence(input)) return alongSequence(operation, input!, output!);
  const { kernel, bias, groups, activation } = operation;
  const plainClass = convolutionClass({ groups, inChannels: kernel.shape[2]! * groups });
  const className = needsSpreading(operation, plainClass) ? "GroupedConv2D" : plainClass;
  const [height, width, , outChannels] = kernel.shape as [number, number, number, number];
  const { config, zeroPadding } = windowConfig(operation.axes, input, "kernel_size");
  const multiplier = outChannels / groups;
  const isDepthwise = className === "DepthwiseConv2D";
  return [...zeroPadding, {
    className,
    config: {
      ...(isDepthwise ? { depth_multiplier: multiplier } : { filters: outChannels }),
      ...(className === "GroupedConv2D" ? { groups } : {}),
      ...config,
      dilation_rate: operation.axes.map((axis) => axis.dilation),
      activation,
      use_bias: bias !== undefined,
    },
    weights: {
      ...(isDepthwise
        ? { depthwise_kernel: { ...kernel, shape: [height, width, groups, multiplier] } }
        : { kernel }),
      ...(bias === undefined ? {} : { bias }),
    },
  }];
}

/** DepthwiseConv2D ignores its dilation, and Conv2D refuses one together with a stride; GroupedConv2D has both. */
function needsSpreading({ axes }: Convolution, className: string): boolean {
  const isDilated = axes.some(({ dilation }) => dilation > 1);
  return isDilated && (className === "DepthwiseConv2D" || axes.some(({ stride }) => stride > 1));
}

/** Where neither "same" nor "valid" says the padding, the whole is computed and cut. */
function transposedConvolution(operation: ConvolutionTranspose): readonly NewLayer[] {
  const { kernel, bias, axes, activation } = operation;
  const isAs = (mode: PaddingMode) =>
    axes.every((axis) => {
      const layer = transposed(axis.size, axis.stride, mode);
      return layer.before === axis.before && layer.after === axis.after;
    });
  const mode = (["valid", "same"] as const).find(isAs);
  const cropping = axes.map((
    axis,
  ) => [axis.before, axis.after - transposed(axis.size, axis.stride, "valid").after]);
  if (axes.some(({ dilation }) => dilation > 1) || cropping.flat().some((pixels) => pixels < 0)) {
    throw unwritable(operation, "is dilated, or pads by other amounts than TensorFlow does");
  }
  const layer: NewLayer = {
    className: "Conv2DTranspose",
    config: {
      filters: kernel.shape[2],
      kernel_size: axes.map(({ size }) => size),
      strides: axes.map(({ stride }) => stride),
      padding: mode ?? "valid",
      ...CHANNELS_LAST,
      activation,
      use_bias: bias !== undefined,
    },
    weights: { kernel, ...(bias === undefined ? {} : { bias }) },
  };
  return mode === undefined
    ? [{ ...layer, suffix: "_whole" }, plain("Cropping2D", { cropping, ...CHANNELS_LAST })]
    : [layer];
}

/** A window as TensorFlow says it, behind the padding that "same" and "valid" cannot say. */
function windowConfig(axes: Axes, input: Shape, sizeKey: "kernel_size" | "pool_size") {
  const [own, sides] = [ownOf(input, axes), ownOf(input, sidesOf(input))];
  const mode = (["valid", "same"] as const).find((mode) =>
    own.every((axis, i) => isPaddedAs(axis, mode, sides[i]!))
  );
  const config: Json = {
    [sizeKey]: own.map((axis) => axis.size),
    strides: own.map((axis) => axis.stride),
    padding: mode ?? "valid",
    ...CHANNELS_LAST,
  };
  if (mode !== undefined) return { config, zeroPadding: [] };
  const padding = axes.map((axis) => [axis.before, Math.max(axis.after, 0)]);
  return {
    config,
    zeroPadding: [{ ...plain("ZeroPadding2D", { padding, ...CHANNELS_LAST }), suffix: "_pad" }],
  };
}

function one(values: readonly number[]): number | readonly number[] {
  return values.length === 1 ? values[0]! : values;
}

function fixed(operation: Operation, shape: Shape): FullShape {
  const lengths = shape?.slice(1);
  if (lengths === undefined || lengths.includes(null)) throw unwritable(operation, "gives no fixed shape");
  return lengths;
}

function unwritable({ name }: Operation, what: string): InputError {
  return new InputError(`Cannot write "${name}" as a layer of TensorFlow.js: it ${what}.`);
}
