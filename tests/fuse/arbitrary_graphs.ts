/**
 * Random networks of affine layers and activations: every layer kind that fusion knows, several that it does not, random
 * strides, paddings, groups and dilations, fan-out, layers that are called twice, nested models, several outputs.
 *
 * A recipe is plain data that fast-check shrinks; a step that does not fit the tensors at hand is left out.
 */
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { GroupedConv2D } from "../../src/model/layers/grouped_conv2d.ts";

/** One layer of a recipe. The numbers choose among what fits. */
export interface RecipeStep {
  readonly kind: (typeof KINDS)[number];
  /** Which tensors it reads, counted from the newest. */
  readonly from: readonly [number, number, number];
  readonly size: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly dilation: number;
  readonly same: boolean;
  readonly useBias: boolean;
  readonly activation: "linear" | "relu" | "tanh";
  readonly filters: number;
}

/** A network, as data. */
export interface Recipe {
  readonly input: readonly [height: number, width: number, channels: number];
  /** Whether height and width are left open in the network's input shape. */
  readonly openSize: boolean;
  readonly steps: readonly RecipeStep[];
  /** Whether it takes sequences [N, width, channels] in place of images. */
  readonly isSequence?: boolean;
  /** Whether every loose end is an output, or the last tensor alone. */
  readonly allOutputs: boolean;
  readonly seed: number;
}

const KINDS = [
  "block",
  "block",
  "conv",
  "conv",
  "conv",
  "depthwise",
  "grouped",
  "separable",
  "transposed",
  "batchNorm",
  "batchNorm",
  "zeroPadding",
  "averagePool",
  "maxPool",
  "activation",
  "reLU",
  "leakyReLU",
  "linear",
  "dropout",
  "rescaling",
  "add",
  "add",
  "add",
  "add",
  "average",
  "concatenate",
  "again",
  "nested",
  "globalPool",
  "flatten",
  "cropping",
  "upSampling",
  "permute",
  "leakyOne",
  "prelu",
  "dense",
  "dense",
] as const;

/** What TensorFlow.js has for images alone. */
const ON_IMAGES: ReadonlySet<RecipeStep["kind"]> = new Set([
  "depthwise",
  "grouped",
  "separable",
  "transposed",
  "zeroPadding",
  "cropping",
  "upSampling",
  "permute",
  "prelu",
  "nested",
]);

/** What can be done to [N, C]. */
const ON_VECTORS: ReadonlySet<RecipeStep["kind"]> = new Set([
  "dense",
  "batchNorm",
  "activation",
  "reLU",
  "leakyReLU",
  "linear",
  "leakyOne",
  "dropout",
  "rescaling",
]);

const anyStep: fc.Arbitrary<RecipeStep> = fc.record({
  kind: fc.constantFrom(...KINDS),
  from: fc.tuple(newest(), newest(), newest()),
  size: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  stride: fc.oneof(
    { weight: 3, arbitrary: fc.constant([1, 1] as const) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom(1, 2), fc.constantFrom(1, 2)) },
  ),
  dilation: fc.constantFrom(1, 1, 2),
  same: fc.constantFrom(true, true, true, false),
  useBias: fc.boolean(),
  activation: fc.constantFrom("linear", "linear", "relu", "tanh"),
  filters: fc.constantFrom(2, 2, 4),
});

/** Any recipe of up to that many layers. */
export function anyRecipe(depth: number): fc.Arbitrary<Recipe> {
  return fc.record({
    input: fc.tuple(
      fc.integer({ min: 4, max: 7 }),
      fc.integer({ min: 4, max: 7 }),
      fc.constantFrom(2, 2, 1, 4),
    ),
    openSize: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
    steps: fc.oneof(
      { weight: 1, arbitrary: fc.array(anyStep, { minLength: 1, maxLength: depth, size: "max" }) },
      { weight: 3, arbitrary: fc.array(anyStep, { minLength: depth, maxLength: depth }) },
    ),
    isSequence: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
    allOutputs: fc.boolean(),
    seed: fc.nat(),
  });
}

/** A symbolic tensor, with its true size where the network leaves that open; a vector [N, C] has none. */
interface Sized {
  readonly tensor: tf.SymbolicTensor;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** The network of a recipe, with fresh weights. */
export function buildRecipe(recipe: Recipe): tf.LayersModel {
  const [, width, channels] = recipe.input;
  const height = recipe.isSequence ? 1 : recipe.input[0];
  const sides = recipe.isSequence ? [width] : [height, width];
  const shape = [...recipe.openSize ? sides.map(() => null) : sides, channels];
  const input = tf.input({ shape, name: "input" });
  const tensors: Sized[] = [{ tensor: input, height, width, channels }];
  const used = new Set<Sized>();
  const layers: { layer: tf.layers.Layer; channels: number; isVector: boolean; size: Resize }[] = [];
  recipe.steps.forEach((given, i) => {
    if (recipe.isSequence && ON_IMAGES.has(given.kind)) return;
    const step = recipe.isSequence ? alongSequence(given) : given;
    const read = step.from.map((n) => tensors[Math.max(0, tensors.length - 1 - n)]!);
    const x = read[0]!;
    // TensorFlow.js has no weights for, or no shape of, what these give of an open size.
    if (recipe.openSize && ["cropping", "flatten", "prelu"].includes(step.kind)) return;
    const folder = `part${Math.floor(i / 3)}/layer${i}`;
    if (["add", "average", "concatenate"].includes(step.kind)) {
      const fits = tensors.filter((other) => sameSize(x, other, step.kind !== "concatenate"));
      const others = step.from.slice(1).map((n) => fits[fits.length - 1 - n % fits.length]!);
      const terms = [...new Set([x, ...others])]; // TensorFlow.js frees a tensor too early that one layer reads twice.
      if (terms.length < 2) return;
      const layer = mergeLayer(step.kind, folder);
      const total = step.kind === "concatenate"
        ? terms.reduce((sum, term) => sum + term.channels, 0)
        : x.channels;
      if (total > MAX_CHANNELS) return;
      terms.forEach((term) => used.add(term));
      const tensor = layer.apply(terms.map((term) => term.tensor)) as tf.SymbolicTensor;
      tensors.push({ ...x, tensor, channels: total });
      return;
    }
    if (step.kind === "block") {
      if (isVector(x)) return;
      used.add(x);
      tensors.push(block(step, x, folder, recipe.isSequence));
      return;
    }
    const again = layers.find((known) => known.channels === x.channels && known.isVector === isVector(x));
    const made = step.kind === "again" ? again : makeLayer(step, x, folder, recipe.isSequence);
    const result = made?.size(x);
    if (made === undefined || result === undefined) return;
    layers.push({ layer: made.layer, channels: x.channels, isVector: isVector(x), size: made.size });
    used.add(x);
    tensors.push({ ...result, tensor: made.layer.apply(x.tensor) as tf.SymbolicTensor });
  });
  const loose = tensors.slice(1).filter((tensor) => !used.has(tensor));
  const outputs = recipe.allOutputs ? loose : loose.slice(-1);
  if (outputs.length === 0) {
    outputs.push({ ...tensors[0]!, tensor: linear("only").apply(input) as tf.SymbolicTensor });
  }
  return tf.model({ inputs: input, outputs: outputs.map((output) => output.tensor), name: "random" });
}

/** What is left of a step for an image of height 1. */
function alongSequence(step: RecipeStep): RecipeStep {
  return { ...step, size: [1, step.size[1]], stride: [1, step.stride[1]] };
}

type Window = Omit<Parameters<typeof tf.layers.conv2d>[0], "kernelSize" | "strides" | "dilationRate"> & {
  readonly kernelSize: [number, number];
  readonly strides: [number, number];
  readonly dilationRate?: [number, number];
};

function conv(
  { kernelSize, strides, dilationRate = [1, 1], ...rest }: Window,
  isSequence: boolean,
): tf.layers.Layer {
  return isSequence
    ? tf.layers.conv1d(
      {
        ...rest,
        kernelSize: kernelSize[1],
        strides: strides[1],
        dilationRate: dilationRate[1],
      } as Parameters<typeof tf.layers.conv1d>[0],
    )
    : tf.layers.conv2d({ ...rest, kernelSize, strides, dilationRate });
}

function pooling(
  kind: "max" | "average",
  poolSize: [number, number],
  strides: [number, number],
  { name, padding, isSequence }: { name: string; padding: "same" | "valid"; isSequence: boolean },
): tf.layers.Layer {
  if (!isSequence) {
    const args = { name, poolSize, strides, padding };
    return kind === "max" ? tf.layers.maxPooling2d(args) : tf.layers.averagePooling2d(args);
  }
  const args = { name, poolSize: poolSize[1], strides: strides[1], padding };
  return kind === "max" ? tf.layers.maxPooling1d(args) : tf.layers.averagePooling1d(args);
}

/** Above this many channels a recipe stops growing. */
const MAX_CHANNELS = 8;

/** Beyond this many pixels a recipe enlarges no image. */
const MAX_LENGTH = 16;

type Size = Pick<Sized, "height" | "width" | "channels">;

const VECTOR = { height: 0, width: 0 } as const;

function isVector({ height }: Size): boolean {
  return height === 0;
}

/** What a layer makes of a size; nothing where it does not fit. */
type Resize = (size: Size) => Size | undefined;

function makeLayer(
  step: RecipeStep,
  x: Size,
  name: string,
  isSequence = false,
): { layer: tf.layers.Layer; size: Resize } | undefined {
  const { size, stride, same, useBias, activation, filters } = step;
  const padding = same ? "same" as const : "valid" as const;
  const dilated = step.dilation > 1 && stride[0] === 1 && stride[1] === 1;
  const rate = dilated ? step.dilation : 1;
  const dilation: [number, number] = isSequence ? [1, rate] : [rate, 1];
  const kernelSize = [...size] as [number, number];
  const strides = [...stride] as [number, number];
  const common = { name, kernelSize, strides, padding, useBias, activation };
  const keep = (layer: tf.layers.Layer) => ({ layer, size: (size: Size) => size });
  const window = (layer: tf.layers.Layer, channels: (input: number) => number, rates = [1, 1]) => ({
    layer,
    size: (input: Size) => {
      const [height, width] = [input.height, input.width].map((length, i) => {
        const reach = same ? 0 : (size[i]! - 1) * rates[i]!;
        return Math.ceil((length - reach) / stride[i]!);
      }) as [number, number];
      const result = { height, width, channels: channels(input.channels) };
      return height > 0 && width > 0 && result.channels <= MAX_CHANNELS ? result : undefined;
    },
  });
  if (isVector(x) !== ON_VECTORS.has(step.kind) && isVector(x)) return undefined;
  switch (step.kind) {
    case "dense":
      return {
        layer: tf.layers.dense({ name, units: filters, useBias, activation }),
        size: (input) => ({ ...input, channels: filters }),
      };
    case "flatten":
      return {
        layer: tf.layers.flatten({ name }),
        size: ({ height, width, channels }) => ({ ...VECTOR, channels: height * width * channels }),
      };
    case "cropping":
      return {
        layer: tf.layers.cropping2D({ name, cropping: [[size[0] - 1, 0], [0, size[1] - 1]] }),
        size: (input) => {
          const [height, width] = [input.height - size[0] + 1, input.width - size[1] + 1];
          return height > 0 && width > 0 ? { ...input, height, width } : undefined;
        },
      };
    case "upSampling":
      return {
        layer: tf.layers.upSampling2d({ name, size: [...stride] as [number, number] }),
        size: (input) => {
          const [height, width] = [input.height * stride[0], input.width * stride[1]];
          return Math.max(height, width) <= MAX_LENGTH ? { ...input, height, width } : undefined;
        },
      };
    case "permute":
      return {
        layer: tf.layers.permute({ name, dims: [2, 1, 3] }),
        size: ({ height, width, channels }) => ({ height: width, width: height, channels }),
      };
    case "leakyOne":
      return keep(tf.layers.leakyReLU({ name, alpha: 1 }));
    case "prelu":
      return {
        layer: tf.layers.prelu({ name, sharedAxes: [1, 2] }) as tf.layers.Layer,
        size: (input) => input.height === x.height && input.width === x.width ? input : undefined,
      };
    case "globalPool":
      return {
        layer: isSequence
          ? same ? tf.layers.globalAveragePooling1d({ name }) : tf.layers.globalMaxPooling1d({ name })
          : same
          ? tf.layers.globalAveragePooling2d({ name })
          : tf.layers.globalMaxPooling2d({ name }),
        size: ({ channels }) => ({ ...VECTOR, channels }),
      };
    case "conv":
      return window(
        conv({ ...common, filters, dilationRate: dilation }, isSequence),
        () => filters,
        dilation,
      );
    case "depthwise":
      return window(
        tf.layers.depthwiseConv2d({ ...common, depthMultiplier: filters / 2 }),
        (channels) => channels * filters / 2,
      );
    case "grouped":
      if (x.channels % 2 !== 0) return undefined;
      return window(
        new GroupedConv2D({ ...common, filters, groups: 2, dilationRate: dilation }),
        () => filters,
        dilation,
      );
    case "separable":
      return window(tf.layers.separableConv2d({ ...common, filters }), () => filters);
    case "transposed":
      return {
        layer: tf.layers.conv2dTranspose({ ...common, filters }),
        size: (input) => {
          const [height, width] = [input.height, input.width].map((length, i) =>
            length * stride[i]! + (same ? 0 : Math.max(size[i]! - stride[i]!, 0))
          ) as [number, number];
          return Math.max(height, width) <= MAX_LENGTH ? { height, width, channels: filters } : undefined;
        },
      };
    case "batchNorm":
      return keep(
        tf.layers.batchNormalization({ name, center: useBias, scale: same, epsilon: same ? 1e-3 : 1e-5 }),
      );
    case "zeroPadding": {
      const amounts: [[number, number], [number, number]] = [[size[0] - 1, stride[0]], [
        stride[1],
        size[1] - 1,
      ]];
      return {
        layer: tf.layers.zeroPadding2d({ name, padding: amounts }),
        size: (input) => ({
          ...input,
          height: input.height + amounts[0][0] + amounts[0][1],
          width: input.width + amounts[1][0] + amounts[1][1],
        }),
      };
    }
    case "averagePool":
      return window(
        pooling("average", kernelSize, strides, { name, padding, isSequence }),
        (channels) => channels,
      );
    case "maxPool":
      return window(
        pooling("max", kernelSize, strides, { name, padding, isSequence }),
        (channels) => channels,
      );
    case "activation":
      return keep(tf.layers.activation({ name, activation: activation === "linear" ? "swish" : activation }));
    case "reLU":
      return keep(tf.layers.reLU(same ? { name } : { name, maxValue: 6 }));
    case "leakyReLU":
      return keep(tf.layers.leakyReLU({ name }));
    case "linear":
      return keep(linear(name));
    case "dropout":
      return keep(tf.layers.dropout({ name, rate: 0.5 }));
    case "rescaling":
      return keep(tf.layers.rescaling({ name, scale: filters / 3, offset: useBias ? 1.5 : 0 }));
    case "nested": {
      const inner = tf.sequential({ name });
      const inputShape = [null, null, x.channels] as unknown as tf.Shape;
      inner.add(
        tf.layers.conv2d({ ...common, name: `${name}_inner_conv`, filters, padding: "same", inputShape }),
      );
      inner.add(tf.layers.batchNormalization({ name: `${name}_inner_bn` }));
      return {
        layer: inner,
        size: ({ height, width }) => ({
          height: Math.ceil(height / stride[0]),
          width: Math.ceil(width / stride[1]),
          channels: filters,
        }),
      };
    }
    default:
      return undefined;
  }
}

/** A RepVGG block without its activation: kxk, 1x1 and, where it fits, identity, each with BatchNorm, added. */
function block(step: RecipeStep, x: Sized, name: string, isSequence = false): Sized {
  const { size, filters, useBias } = step;
  const strides = [...step.stride] as [number, number];
  const bn = (key: string) => tf.layers.batchNormalization({ name: `${name}/${key}_bn` });
  const convolution = (key: string, kernelSize: [number, number]) => {
    const window = {
      name: `${name}/${key}`,
      filters,
      kernelSize,
      strides,
      padding: "same",
      useBias,
    } as const;
    const layer = conv(window, isSequence);
    return bn(key).apply(layer.apply(x.tensor)) as tf.SymbolicTensor;
  };
  const branches = [convolution("conv", [...size]), convolution("conv1x1", [1, 1])];
  const keeps = filters === x.channels && strides[0] === 1 && strides[1] === 1;
  if (keeps) branches.push(bn("identity").apply(x.tensor) as tf.SymbolicTensor);
  return {
    tensor: tf.layers.add({ name: `${name}/add` }).apply(branches) as tf.SymbolicTensor,
    height: Math.ceil(x.height / strides[0]),
    width: Math.ceil(x.width / strides[1]),
    channels: filters,
  };
}

function mergeLayer(kind: RecipeStep["kind"], name: string): tf.layers.Layer {
  if (kind === "concatenate") return tf.layers.concatenate({ name });
  return kind === "add" ? tf.layers.add({ name }) : tf.layers.average({ name });
}

function linear(name: string): tf.layers.Layer {
  return tf.layers.activation({ name, activation: "linear" });
}

function sameSize(a: Sized, b: Sized, channels: boolean): boolean {
  return a.height === b.height && a.width === b.width && (!channels || a.channels === b.channels);
}

/** The newest tensor most often, then the ones before it. */
function newest(): fc.Arbitrary<number> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, {
    weight: 4,
    arbitrary: fc.integer({ min: 0, max: 7 }),
  });
}
