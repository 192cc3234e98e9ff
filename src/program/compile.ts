/**
 * From a LayersModel to a {@link Program}: the layers that are needed at inference, in the order of their computation,
 * and their weights one after the other as float32. The layers are those of RepFuse's own networks in both forms, and of
 * most small classifiers.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import { LayerConfig } from "../fuse/config.ts";
import type { Call, Tensor } from "../fuse/graph.ts";
import { padded, type PaddingMode } from "../fuse/padding.ts";
import { zeroPaddingAmounts } from "../fuse/shapes.ts";
import { readGraph } from "../fuse/topology.ts";
import { WeightStore } from "../fuse/weights.ts";
import {
  type Activation,
  ACTIVATIONS,
  type Padding,
  type Pair,
  type PlainStep,
  type Program,
  sizeOf,
  type Step,
  type WeightRef,
} from "./program.ts";

/** A program with its weights. */
export interface CompiledNetwork {
  readonly program: Program;
  readonly weights: Float32Array<ArrayBuffer>;
}

/**
 * Compiles a classifier.
 *
 * @param artifacts A LayersModel of one image input [N, H, W, C] of fixed size and one output [N, classes].
 * @throws {InputError} when it has other inputs or outputs, or a layer that programs do not have; the layer is named.
 */
export function compileNetwork(artifacts: io.ModelArtifacts): CompiledNetwork {
  const graph = readGraph(artifacts);
  const compiler = new Compiler(new WeightStore(artifacts));
  const [input, ...moreInputs] = graph.inputs;
  const [output, ...moreOutputs] = graph.outputs;
  if (input === undefined || output === undefined || moreInputs.length + moreOutputs.length > 0) {
    throw new InputError(
      `Cannot export ${graph.name}: it has ${graph.inputs.length} inputs and ${graph.outputs.length} outputs, ` +
        "expected one of each.",
      HINT,
    );
  }
  const inputShape = fixedShape(input);
  if (inputShape.length !== 3) {
    throw new InputError(`Cannot export ${graph.name}: its input [${inputShape}] is not one image.`, HINT);
  }
  compiler.values.set(keyOf(input), 0);
  for (const call of graph.calls) if (call.layer.className !== "InputLayer") compiler.add(call);
  const value = compiler.valueOf(output);
  if (fixedShape(output).length !== 1) {
    throw new InputError(
      `Cannot export ${graph.name}: its output [${fixedShape(output)}] is not one number per class.`,
      HINT,
    );
  }
  const last = compiler.steps[value - 1];
  return {
    program: {
      inputShape: inputShape as [number, number, number],
      steps: compiler.steps,
      output: value,
      givesProbabilities: last?.op === "softmax",
      weightCount: compiler.weightCount,
    },
    weights: compiler.weights(),
  };
}

const HINT = "Export it as tfjs or onnx, which take any model.";

/** Layers that do nothing at inference. */
const IDENTITIES: ReadonlySet<string> = new Set([
  "AlphaDropout",
  "Dropout",
  "GaussianDropout",
  "GaussianNoise",
  "SpatialDropout2D",
]);

/** Layers that need nothing but their inputs. */
const PLAIN: Readonly<Record<string, PlainStep["op"]>> = {
  Add: "add",
  Multiply: "multiply",
  GlobalAveragePooling2D: "globalAveragePool",
  GlobalMaxPooling2D: "globalMaxPool",
  Flatten: "reshape",
  Reshape: "reshape",
  Softmax: "softmax",
};

class Compiler {
  readonly steps: Step[] = [];
  readonly values = new Map<string, number>();
  weightCount = 0;
  private readonly parts: Float32Array[] = [];
  private readonly known = new Map<string, WeightRef>();

  constructor(private readonly store: WeightStore) {}

  weights(): Float32Array<ArrayBuffer> {
    const all = new Float32Array(this.weightCount);
    let offset = 0;
    for (const part of this.parts) {
      all.set(part, offset);
      offset += part.length;
    }
    return all;
  }

  valueOf(tensor: Tensor): number {
    const value = this.values.get(keyOf(tensor));
    if (value === undefined) throw refusal(tensor.call, "has more than one output");
    return value;
  }

  add(call: Call): void {
    const value = this.compile(call);
    this.values.set(`${call.layer.name} ${call.node} 0`, value);
  }

  /** Adds the steps of a call; returns the value that it gives. */
  private compile(call: Call): number {
    const { className, name } = call.layer;
    const config = new LayerConfig(name, call.layer.config);
    if (call.kwargs.training === true) throw refusal(call, "is called in training mode");
    const inputs = call.inputs.map((tensor) => this.valueOf(tensor));
    if (IDENTITIES.has(className)) return inputs[0]!;
    const base = { name, inputs, shape: fixedShape({ call, index: 0, shape: call.shape }) };
    if (config.text("data_format", "channels_last") !== "channels_last") {
      throw refusal(call, "has its channels first");
    }
    const plain = Object.hasOwn(PLAIN, className) ? PLAIN[className] : undefined;
    if (plain !== undefined) return this.push({ ...base, op: plain });
    switch (className) {
      case "Conv2D":
      case "GroupedConv2D":
        return this.withActivation(call, config, (activation) => ({
          ...base,
          op: "convolution",
          kernel: this.weight(`${name}/kernel`),
          ...this.bias(name, config),
          ...this.window(call, config, config.pair("kernel_size", [1, 1]), [1, 1], true),
          groups: config.count("groups", 1),
          activation,
        }));
      case "DepthwiseConv2D":
        return this.withActivation(call, config, (activation) => ({
          ...base,
          op: "convolution",
          kernel: this.depthwiseKernel(`${name}/depthwise_kernel`),
          ...this.bias(name, config),
          ...this.window(call, config, config.pair("kernel_size", [1, 1]), [1, 1], false),
          groups: fixedShape(call.inputs[0]!)[2]!,
          activation,
        }));
      case "Dense":
        if (fixedShape(call.inputs[0]!).length !== 1) throw refusal(call, "works on more than one vector");
        return this.withActivation(call, config, (activation) => ({
          ...base,
          op: "dense",
          kernel: this.weight(`${name}/kernel`),
          ...this.bias(name, config),
          activation,
        }));
      case "BatchNormalization":
        return this.batchNorm(call, config, base);
      case "ZeroPadding2D": {
        const [[top, bottom], [left, right]] = zeroPaddingAmounts(config);
        return this.push({ ...base, op: "pad", padding: [top, bottom, left, right] });
      }
      case "MaxPooling2D":
      case "AveragePooling2D": {
        const size = config.pair("pool_size", [2, 2]);
        const { strides, padding } = this.window(call, config, size, size, false);
        return this.push({
          ...base,
          op: className === "MaxPooling2D" ? "maxPool" : "averagePool",
          size,
          strides,
          padding,
        });
      }
      case "Concatenate":
        if (![-1, base.shape.length].includes(config.axis("axis", -1))) {
          throw refusal(call, "joins another axis than the channels");
        }
        return this.push({ ...base, op: "concatenate" });
      case "ReLU":
        return this.push({ ...base, op: "activation", activation: reluOf(call, config) });
      case "ELU":
        if (config.number("alpha", 1) !== 1) throw refusal(call, "has an alpha other than 1");
        return this.push({ ...base, op: "activation", activation: "elu" });
      case "Activation":
        return this.activate(call, base.inputs[0]!, config.text("activation", "linear"));
    }
    throw refusal(call, `is of the class ${className}`);
  }

  private push(step: Step): number {
    return this.steps.push(step);
  }

  /** The step with the activation in its own layer's configuration; softmax becomes a step of its own. */
  private withActivation(call: Call, config: LayerConfig, make: (activation: Activation) => Step): number {
    const name = config.text("activation", "linear");
    if (name !== "softmax") return this.push(make(activationOf(call, name)));
    return this.activate(call, this.push(make("linear")), name);
  }

  private activate(call: Call, input: number, name: string): number {
    const base = {
      name: call.layer.name,
      inputs: [input],
      shape: fixedShape({ call, index: 0, shape: call.shape }),
    };
    if (name === "softmax") return this.push({ ...base, op: "softmax" });
    const activation = activationOf(call, name);
    return activation === "linear" ? input : this.push({ ...base, op: "activation", activation });
  }

  private batchNorm(call: Call, config: LayerConfig, base: Pick<Step, "name" | "inputs" | "shape">): number {
    const axis = config.axis("axis", -1);
    if (axis !== -1 && axis !== base.shape.length) {
      throw refusal(call, "normalizes another axis than the channels");
    }
    const weight = (key: string) => this.weight(`${base.name}/${key}`);
    return this.push({
      ...base,
      op: "batchNorm",
      mean: weight("moving_mean"),
      variance: weight("moving_variance"),
      ...(config.flag("scale", true) ? { gamma: weight("gamma") } : {}),
      ...(config.flag("center", true) ? { beta: weight("beta") } : {}),
      epsilon: config.number("epsilon", 1e-3),
    });
  }

  private bias(name: string, config: LayerConfig): { bias?: WeightRef } {
    return config.flag("use_bias", true) ? { bias: this.weight(`${name}/bias`) } : {};
  }

  /** [kh, kw, C, M] as [kh, kw, 1, C·M]: the same numbers in the same order. */
  private depthwiseKernel(name: string): WeightRef {
    const { offset, shape } = this.weight(name);
    const [height, width, channels, multiplier] = shape as [number, number, number, number];
    return { offset, shape: [height, width, 1, channels * multiplier] };
  }

  /** Strides, dilation and explicit padding. The DepthwiseConv2D of TensorFlow.js ignores its dilation rate. */
  private window(call: Call, config: LayerConfig, size: Pair, defaultStrides: Pair, dilates: boolean) {
    const strides = config.pair("strides", defaultStrides);
    const dilation = dilates ? config.pair("dilation_rate", [1, 1]) : [1, 1] as const;
    const mode = config.text("padding", "valid");
    if (mode !== "same" && mode !== "valid") throw refusal(call, `has the padding "${mode}"`);
    const shape = fixedShape(call.inputs[0]!);
    const [y, x] = ([0, 1] as const).map((i) => {
      const axis = padded(
        { size: size[i], dilation: dilation[i], stride: strides[i] },
        mode satisfies PaddingMode,
        shape[i]!,
      )!;
      return { before: axis.before, after: Math.max(0, axis.after) };
    }) as [{ before: number; after: number }, { before: number; after: number }];
    const padding: Padding = [y.before, y.after, x.before, x.after];
    return { strides, dilation, padding };
  }

  private weight(name: string): WeightRef {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const ref = { offset: this.weightCount, shape: [...this.store.shape(name)] };
    this.parts.push(this.store.read(name));
    this.weightCount += sizeOf(ref.shape);
    this.known.set(name, ref);
    return ref;
  }
}

function activationOf(call: Call, name: string): Activation {
  const known = ACTIVATIONS.find((activation) => activation === name);
  if (known === undefined) throw refusal(call, `has the activation "${name}"`);
  return known;
}

function reluOf(call: Call, config: LayerConfig): Activation {
  const limit = config.values.max_value ?? null;
  const plain = config.number("negative_slope", 0) === 0 && config.number("threshold", 0) === 0;
  if (!plain || (limit !== null && limit !== 6)) throw refusal(call, "is not the plain ReLU or ReLU6");
  return limit === null ? "relu" : "relu6";
}

/** The shape without the batch. */
function fixedShape(tensor: Tensor): number[] {
  const shape = tensor.shape?.slice(1);
  if (shape === undefined || shape.some((length) => length === null)) {
    throw refusal(tensor.call, "gives a shape that is not fixed");
  }
  return shape as number[];
}

function keyOf(tensor: Tensor): string {
  return `${tensor.call.layer.name} ${tensor.call.node} ${tensor.index}`;
}

function refusal(call: Call, what: string): InputError {
  return new InputError(`Cannot export the network: layer "${call.layer.name}" ${what}.`, HINT);
}
