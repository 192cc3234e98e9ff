/**
 * Networks as a {@link Graph}: no numbers, no TensorFlow.js. The weights that its operations name lie elsewhere, in a file
 * for the most part, and are read when somebody asks for them.
 *
 * @module
 */
import type { Axes, Axis } from "../graph/axis.ts";
import { extent } from "../graph/axis.ts";
import { GraphBuilder } from "../graph/builder.ts";
import type { Graph, Operation, ValueId, WeightRef } from "../graph/graph.ts";
import { BN_EPSILON } from "./batch_norm.ts";
import { channelsOf, type LayerBuilder, type LayerValue, reachOf } from "./layer_builder.ts";
import { type AxisPadding, axisPadding } from "./padding.ts";

/** A value of a graph that is being built. */
export interface GraphValue extends LayerValue {
  readonly id: ValueId;
}

/** An operation that only wants its inputs and its output. */
type Unplaced = Operation extends infer O ? O extends Operation ? Omit<O, "inputs" | "outputs"> : never
  : never;

/** Layers as operations. A weight is called after its layer, as Keras calls it: `stage1/block1/conv3x3/kernel`. */
export class GraphLayers implements LayerBuilder<GraphValue> {
  readonly #builder = new GraphBuilder([]);

  /** The input of the network. */
  input(shape: readonly number[]): GraphValue {
    return this.#value([null, ...shape]);
  }

  /** The network, without its weights. */
  finish(name: string, inputName: string, input: GraphValue, output: GraphValue): Graph {
    const { values, operations } = this.#builder;
    return {
      name,
      values,
      operations,
      inputs: [{ name: inputName, value: input.id }],
      outputs: [output.id],
      weights: new Map(),
    };
  }

  convolution: LayerBuilder<GraphValue>["convolution"] = (x, conv) => {
    const { name, filters, kernel, stride, groups, padding, dilation = 1, useBias = false } = conv;
    const channels = channelsOf(x);
    const amounts = reachOf(conv).map((size, axis): AxisPadding =>
      padding === "valid" ? [0, 0] : axisPadding(padding, size, stride, Number(x.shape[axis + 1]))
    );
    const [axes, sizes] = windows(x, kernel, { stride, dilation }, amounts);
    const isDepthwise = groups > 1 && groups === channels && dilation === 1;
    return this.#add([x], [...sizes, filters], {
      op: "convolution",
      name,
      kernel: weight(name, isDepthwise ? "depthwise_kernel" : "kernel", [
        ...kernel,
        channels / groups,
        filters,
      ]),
      ...(useBias ? { bias: weight(name, "bias", [filters]) } : {}),
      axes,
      groups,
      activation: conv.carriedActivation ?? "linear",
    });
  };

  batchNorm: LayerBuilder<GraphValue>["batchNorm"] = (x, name) => {
    const vector = (key: string) => weight(name, key, [channelsOf(x)]);
    return this.#add([x], x.shape.slice(1), {
      op: "batchNorm",
      name,
      gamma: vector("gamma"),
      beta: vector("beta"),
      mean: vector("moving_mean"),
      variance: vector("moving_variance"),
      epsilon: BN_EPSILON,
    });
  };

  zeroPad: LayerBuilder<GraphValue>["zeroPad"] = (x, name, [vertical, horizontal]) => {
    const [, height, width, channels] = x.shape.map(Number);
    const shape = [
      height! + vertical[0] + vertical[1],
      width! + horizontal[0] + horizontal[1],
      channels!,
    ];
    return this.#add([x], shape, { op: "pad", name, padding: [...vertical, ...horizontal] });
  };

  averagePool: LayerBuilder<GraphValue>["averagePool"] = (x, name, { size, stride }) => {
    const [axes, sizes] = windows(x, [size, size], { stride, dilation: 1 }, [[0, 0], [0, 0]]);
    return this.#add([x], [...sizes, channelsOf(x)], { op: "averagePool", name, axes });
  };

  globalAveragePool: LayerBuilder<GraphValue>["globalAveragePool"] = (x, name) =>
    this.#add([x], [channelsOf(x)], { op: "globalAveragePool", name });

  dense: LayerBuilder<GraphValue>["dense"] = (x, { name, units, activation }) =>
    this.#add([x], [units], {
      op: "dense",
      name,
      kernel: weight(name, "kernel", [channelsOf(x), units]),
      bias: weight(name, "bias", [units]),
      activation,
    });

  reshape: LayerBuilder<GraphValue>["reshape"] = (x, name, shape) =>
    this.#add([x], shape, { op: "reshape", name });

  add: LayerBuilder<GraphValue>["add"] = (values, name) =>
    this.#add(values, values[0]!.shape.slice(1), { op: "add", name });

  /** The mean of values of one shape. */
  average(values: readonly GraphValue[], name: string): GraphValue {
    return this.#add(values, values[0]!.shape.slice(1), { op: "average", name });
  }

  multiply: LayerBuilder<GraphValue>["multiply"] = (values, name) =>
    this.#add(values, values[0]!.shape.slice(1), { op: "multiply", name });

  /** x · factors: one for all channels, or one for each. */
  scale(x: GraphValue, name: string, factors: readonly number[]): GraphValue {
    return this.#add([x], x.shape.slice(1), { op: "scale", name, factors, offsets: [0] });
  }

  activation: LayerBuilder<GraphValue>["activation"] = (x, name, activation) =>
    this.#add([x], x.shape.slice(1), { op: "activation", name, activation });

  leakyRelu: LayerBuilder<GraphValue>["leakyRelu"] = (x, name, slope) =>
    this.#add([x], x.shape.slice(1), { op: "activation", name, activation: "leaky_relu", alpha: slope });

  #add(inputs: readonly GraphValue[], shape: readonly (number | null)[], operation: Unplaced): GraphValue {
    const output = this.#value([null, ...shape]);
    this.#builder.push(
      { ...operation, inputs: inputs.map(({ id }) => id), outputs: [output.id] } as Operation,
    );
    return output;
  }

  #value(shape: readonly (number | null)[]): GraphValue {
    return { shape, id: this.#builder.value({ shape, dtype: "float32" }) };
  }
}

function weight(layer: string, key: string, shape: readonly number[]): WeightRef {
  return { name: `${layer}/${key}`, shape };
}

/** The axes of a window over x, and how many outputs each gives. */
function windows(
  { shape }: GraphValue,
  sizes: readonly number[],
  { stride, dilation }: { readonly stride: number; readonly dilation: number },
  padding: readonly AxisPadding[],
): [axes: Axes, outputs: number[]] {
  const outputs: number[] = [];
  const axes = sizes.map((size, i): Axis => {
    const input = Number(shape[i + 1]);
    const [before, after] = padding[i]!;
    const taps = { size, dilation, stride };
    const count = Math.floor((input + before + after - extent(taps)) / stride) + 1;
    outputs.push(count);
    // As many pixels as the last output reads.
    return { ...taps, before, after: (count - 1) * stride + extent(taps) - input - before };
  });
  return [axes as unknown as Axes, outputs];
}
