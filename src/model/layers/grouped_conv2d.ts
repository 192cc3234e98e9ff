/**
 * Grouped convolution as a layer, which TensorFlow.js has not: `tf.layers.conv2d` knows no groups, and depthwise
 * convolution is only the case of one input channel per group. Computed from split, conv2d and concat, so it runs and
 * has gradients wherever those do. So has it, in any groups, with dilated kernels, whose gradients `tf.conv2d` lacks.
 *
 * Importing this module registers the layer, so that models that hold it can be loaded.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../errors.ts";
import type { Initializer } from "../initializers.ts";

/** The activations of tf.layers. */
export type ActivationName = NonNullable<Parameters<typeof tf.layers.activation>[0]["activation"]>;

/** The layer's configuration; the keys of Keras' Conv2D. */
export interface GroupedConv2DConfig {
  /** One is made up where there is none. */
  readonly name?: string;
  /** Output channels; a multiple of `groups`. */
  readonly filters: number;
  /** Pixels that one output sees. */
  readonly kernelSize: readonly [height: number, width: number];
  /** Pixels between windows; 1 and 1 by default. */
  readonly strides?: readonly [vertical: number, horizontal: number];
  /** "valid" by default. */
  readonly padding?: "same" | "valid";
  /** Pixels between taps of the kernel; 1 and 1 by default. */
  readonly dilationRate?: readonly [vertical: number, horizontal: number];
  /** Into how many parts the channels are split. */
  readonly groups: number;
  /** Whether a bias is added; true by default. */
  readonly useBias?: boolean;
  /** Applied last; "linear" by default. */
  readonly activation?: ActivationName;
  /** What the kernel starts as; Glorot normal by default. */
  readonly kernelInitializer?: Initializer;
}

/**
 * y[..., o] = Σ over the input channels of group ⌊o·groups/filters⌋ of kernel ∗ x, plus bias.
 *
 * Input NHWC [N, H, W, C]; kernel [kh, kw, C/groups, filters]; bias [filters]; output [N, H', W', filters].
 */
export class GroupedConv2D extends tf.layers.Layer {
  /** What `model.json` calls the layer. */
  static className = "GroupedConv2D";

  private readonly config: Required<Omit<GroupedConv2DConfig, "name" | "kernelInitializer">>;
  private readonly kernelInitializer: Initializer;
  private readonly activate: tf.layers.Layer;
  private kernel: tf.LayerVariable | undefined;
  private bias: tf.LayerVariable | undefined;

  /**
   * A layer that is built when it first meets an input.
   *
   * @param config As {@link GroupedConv2D.getConfig} gives it.
   * @throws {InputError} when `groups` does not divide `filters`.
   */
  constructor(config: GroupedConv2DConfig) {
    super({ ...(config.name === undefined ? {} : { name: config.name }) });
    const { filters, groups } = config;
    if (filters % groups !== 0) {
      throw new InputError(`Cannot split ${filters} filters into ${groups} groups: it is not a multiple.`);
    }
    this.config = {
      filters,
      groups,
      kernelSize: config.kernelSize,
      strides: config.strides ?? [1, 1],
      padding: config.padding ?? "valid",
      dilationRate: config.dilationRate ?? [1, 1],
      useBias: config.useBias ?? true,
      activation: config.activation ?? "linear",
    };
    this.kernelInitializer = config.kernelInitializer ?? tf.initializers.glorotNormal({});
    this.activate = tf.layers.activation({ activation: this.config.activation });
  }

  /**
   * Makes the kernel and the bias.
   *
   * @throws {InputError} when `groups` does not divide the input's channels.
   */
  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const channels = channelsOf(inputShape);
    const { filters, groups, kernelSize, useBias } = this.config;
    if (channels % groups !== 0) {
      throw new InputError(
        `Cannot apply ${this.name}: its input has ${channels} channels, not a multiple of its ${groups} groups.`,
      );
    }
    const shape = [...kernelSize, channels / groups, filters];
    this.kernel = this.addWeight("kernel", shape, "float32", this.kernelInitializer);
    if (useBias) this.bias = this.addWeight("bias", [filters], "float32", tf.initializers.zeros());
    this.built = true;
  }

  /** [N, H, W, C] to [N, H', W', filters]. */
  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    const [batch, height, width] = oneShape(inputShape);
    return [batch!, this.outputLength(height!, 0), this.outputLength(width!, 1), this.config.filters];
  }

  /** The convolution of x [N, H, W, C]. */
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const input = (Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor4D;
      const convolved = this.convolve(input, this.kernel!.read() as tf.Tensor4D);
      const biased = this.bias === undefined ? convolved : tf.add(convolved, this.bias.read());
      return this.activate.apply(biased) as tf.Tensor;
    });
  }

  /** What `model.json` keeps of the layer. */
  override getConfig(): tf.serialization.ConfigDict {
    const { kernelSize, strides, dilationRate, ...rest } = this.config;
    return {
      ...super.getConfig(),
      ...rest,
      kernelSize: [...kernelSize],
      strides: [...strides],
      dilationRate: [...dilationRate],
      kernelInitializer: {
        className: this.kernelInitializer.getClassName(),
        config: this.kernelInitializer.getConfig(),
      },
    };
  }

  /** The layer that {@link GroupedConv2D.getConfig} described. */
  static override fromConfig<T extends tf.serialization.Serializable>(
    cls: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    return new cls({ ...config, kernelInitializer: initializerFrom(config["kernelInitializer"]) });
  }

  /** The plain way: each group of channels by its part of the kernel. */
  private convolve(input: tf.Tensor4D, kernel: tf.Tensor4D): tf.Tensor {
    const { filters, groups, strides, padding } = this.config;
    const spread = spreadTaps(kernel, this.config.dilationRate);
    if (groups === 1) return tf.conv2d(input, spread, [...strides], padding);
    const channels = input.shape[3];
    if (groups === channels) {
      const [height, width] = spread.shape;
      const depthwise = tf.reshape<tf.Rank.R4>(spread, [height, width, channels, filters / channels]);
      return tf.depthwiseConv2d(input, depthwise, [...strides], padding);
    }
    const outputs = tf.split<tf.Tensor4D>(input, groups, -1).map((part, group) => {
      const size = filters / groups;
      const ownKernel = tf.slice(spread, [0, 0, 0, group * size], [-1, -1, -1, size]);
      return tf.conv2d(part, ownKernel, [...strides], padding);
    });
    return tf.concat(outputs, -1);
  }

  /** Windows along one axis; null where the input's length is not fixed. */
  private outputLength(length: number | null, axis: 0 | 1): number | null {
    if (length === null) return null;
    const { kernelSize, strides, dilationRate, padding } = this.config;
    const reach = padding === "same" ? 0 : (kernelSize[axis] - 1) * dilationRate[axis];
    return Math.ceil((length - reach) / strides[axis]);
  }
}

tf.serialization.registerClass(GroupedConv2D);

/**
 * A dilated kernel [kh, kw, C, F] as a plain one, zeros between its taps: `tf.conv2d` has no gradients of dilated kernels,
 * and none of them together with a stride.
 */
function spreadTaps(kernel: tf.Tensor4D, [down, across]: readonly [number, number]): tf.Tensor4D {
  if (down === 1 && across === 1) return kernel;
  const [height, width, channels, filters] = kernel.shape;
  const maps = channels * filters;
  const gaps = tf.pad(tf.reshape(kernel, [height, 1, width, 1, maps]), [
    [0, 0],
    [0, down - 1],
    [0, 0],
    [0, across - 1],
    [0, 0],
  ]);
  const whole = tf.reshape<tf.Rank.R4>(gaps, [height * down, width * across, channels, filters]);
  const [rows, columns] = [(height - 1) * down + 1, (width - 1) * across + 1];
  return tf.slice(whole, [0, 0, 0, 0], [rows, columns, channels, filters]);
}

function oneShape(shape: tf.Shape | tf.Shape[]): tf.Shape {
  return (Array.isArray(shape[0]) ? shape[0] : shape) as tf.Shape;
}

function channelsOf(shape: tf.Shape | tf.Shape[]): number {
  return Number(oneShape(shape).at(-1));
}

function initializerFrom(serialized: tf.serialization.ConfigDictValue | undefined): Initializer | undefined {
  if (typeof serialized !== "object" || serialized === null || Array.isArray(serialized)) return undefined;
  const known = tf.serialization.SerializationMap.getMap().classNameMap[String(serialized["className"])];
  if (known === undefined) return undefined;
  const [cls, fromConfig] = known;
  return fromConfig(cls, serialized["config"] as tf.serialization.ConfigDict) as Initializer;
}
