/**
 * Operations as layers of TensorFlow.js, for those that no layer stood for before: the other direction of `meaning.ts`.
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import { convolutionClass } from "../../fuse/executable.ts";
import type { Axes } from "../../graph/axis.ts";
import type { Convolution, FullShape, Operation, Shape, WeightRef } from "../../graph/graph.ts";
import type { Json } from "./layer_config.ts";
import { isPaddedAs } from "./padding.ts";

/** A layer that computes an operation. */
export interface NewLayer {
  readonly className: string;
  readonly config: Json;
  /** Its weights by their own names ("kernel"), in the shapes that the layer has them. */
  readonly weights: Readonly<Record<string, WeightRef>>;
  /** The padding of a ZeroPadding2D that must stand in front. */
  readonly zeroPadding?: readonly (readonly [before: number, after: number])[];
}

/**
 * The layer of an operation.
 *
 * @param input The shape of its first input.
 * @param output The shape of what it gives.
 * @throws {InputError} when TensorFlow.js has none.
 */
export function layerOf(operation: Operation, input: Shape, output: Shape): NewLayer {
  switch (operation.op) {
    case "convolution":
      return convolution(operation, input);
    case "dense": {
      const { kernel, bias, activation } = operation;
      const config = { units: kernel.shape[1], activation, use_bias: bias !== undefined };
      return { className: "Dense", config, weights: { kernel, ...(bias === undefined ? {} : { bias }) } };
    }
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
      const [top, bottom, left, right] = operation.padding;
      return plain("ZeroPadding2D", { padding: [[top, bottom], [left, right]], ...CHANNELS_LAST });
    }
    case "maxPool":
    case "averagePool": {
      const { config, zeroPadding } = windowConfig(operation.axes, input, "pool_size");
      if (zeroPadding !== undefined) {
        throw unwritable(operation, "pads by other amounts than TensorFlow does");
      }
      return plain(operation.op === "maxPool" ? "MaxPooling2D" : "AveragePooling2D", config);
    }
    case "globalMaxPool":
    case "globalAveragePool": {
      const className = operation.op === "globalMaxPool" ? "GlobalMaxPooling2D" : "GlobalAveragePooling2D";
      if (output?.length === 4) throw unwritable(operation, "keeps its image axes");
      return plain(className, CHANNELS_LAST);
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

function convolution(operation: Convolution, input: Shape): NewLayer {
  const { kernel, bias, groups, activation } = operation;
  const className = convolutionClass({ groups, inChannels: kernel.shape[2]! * groups });
  const [height, width, , outChannels] = kernel.shape as [number, number, number, number];
  const { config, zeroPadding } = windowConfig(operation.axes, input, "kernel_size");
  const multiplier = outChannels / groups;
  const isDepthwise = className === "DepthwiseConv2D";
  return {
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
    ...(zeroPadding === undefined ? {} : { zeroPadding }),
  };
}

/** A window as TensorFlow says it, with the padding that "same" and "valid" cannot say. */
function windowConfig(axes: Axes, input: Shape, sizeKey: "kernel_size" | "pool_size") {
  const [vertical, horizontal] = axes;
  const mode = (["valid", "same"] as const).find((mode) =>
    isPaddedAs(vertical, mode, input?.[1] ?? null) && isPaddedAs(horizontal, mode, input?.[2] ?? null)
  );
  const config: Json = {
    [sizeKey]: axes.map((axis) => axis.size),
    strides: axes.map((axis) => axis.stride),
    padding: mode ?? "valid",
    ...CHANNELS_LAST,
  };
  const zeroPadding = axes.map((axis) => [axis.before, Math.max(axis.after, 0)] as const);
  return { config, ...(mode === undefined ? { zeroPadding } : {}) };
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
