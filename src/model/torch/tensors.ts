/**
 * Each weight of a LayersModel as PyTorch has it: its name, its shape, and the way between the two layouts.
 *
 * | layer | here | PyTorch |
 * | --- | --- | --- |
 * | Conv2D, GroupedConv2D | HWIO [kh, kw, C/groups, filters] | OIHW [filters, C/groups, kh, kw] |
 * | DepthwiseConv2D | [kh, kw, C, M] | [C·M, 1, kh, kw] |
 * | Dense | [in, out] | [out, in], or [out, in, 1, 1] inside squeeze-and-excitation |
 * | BatchNormalization | γ, β, mean, variance | weight, bias, running_mean, running_var |
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { InputError } from "../../errors.ts";
import { inversePermutation, permute, permuteShape } from "../../formats/permute.ts";
import type { ModuleOfLayer } from "./modules.ts";

/** One weight on both sides. */
export interface TorchTensor {
  /** "stage1.0.rbr_dense.conv.weight" */
  readonly name: string;
  /** In PyTorch's order of axes. */
  readonly shape: readonly number[];
  /** The layer that holds the weight. */
  readonly layer: tf.layers.Layer;
  /** Where in `layer.getWeights()`. */
  readonly position: number;
  /** From our layout to PyTorch's. */
  toTorch(values: Float32Array): Float32Array<ArrayBuffer>;
  /** From PyTorch's layout to ours. */
  fromTorch(values: Float32Array): Float32Array<ArrayBuffer>;
}

/** Name in PyTorch and order of axes there, of one weight of a layer. */
interface Layout {
  readonly suffix: string;
  /** Axis k of PyTorch's tensor is axis `axes[k]` of ours. */
  readonly axes: readonly number[];
  /** PyTorch's shape, where it is not our shape in the order of `axes`. */
  readonly reshape?: (shape: readonly number[]) => number[];
}

const VECTOR = [0];
const HWIO_TO_OIHW = [3, 2, 0, 1];
const HWCM_TO_CMHW = [2, 3, 0, 1];
const TRANSPOSED = [1, 0];

const BIAS: Layout = { suffix: "bias", axes: VECTOR };
const CONVOLUTION: readonly Layout[] = [{ suffix: "weight", axes: HWIO_TO_OIHW }, BIAS];
const DEPTHWISE: readonly Layout[] = [
  {
    suffix: "weight",
    axes: HWCM_TO_CMHW,
    reshape: ([height, width, channels, multiplier]) => [channels! * multiplier!, 1, height!, width!],
  },
  BIAS,
];
const DENSE: readonly Layout[] = [{ suffix: "weight", axes: TRANSPOSED }, BIAS];
const DENSE_AS_CONVOLUTION: readonly Layout[] = [
  { suffix: "weight", axes: TRANSPOSED, reshape: ([inputs, outputs]) => [outputs!, inputs!, 1, 1] },
  BIAS,
];
const BATCH_NORM: readonly Layout[] = ["weight", "bias", "running_mean", "running_var"]
  .map((suffix) => ({ suffix, axes: VECTOR }));

const LAYOUTS: ReadonlyMap<string, readonly Layout[]> = new Map([
  ["Conv2D", CONVOLUTION],
  ["GroupedConv2D", CONVOLUTION],
  ["DepthwiseConv2D", DEPTHWISE],
  ["Dense", DENSE],
  ["BatchNormalization", BATCH_NORM],
]);

/** Layers of squeeze-and-excitation, whose dense layers are 1x1 convolutions in PyTorch. */
const SQUEEZE_EXCITE = /\/se_(reduce|expand)$/;

/**
 * Every weight of the model with its name and layout in PyTorch, in the order of the layers.
 *
 * @param moduleOf From `networkModules`.
 * @throws {InputError} when a layer with weights has no counterpart there.
 */
export function torchTensors(model: tf.LayersModel, moduleOf: ModuleOfLayer): TorchTensor[] {
  return model.layers.flatMap((layer) => {
    const weights = layer.getWeights();
    if (weights.length === 0) return [];
    const layouts = layoutsOf(layer);
    const deploy = layouts !== undefined && layer.getClassName() !== "Dense" && weights.length === 2;
    const module = moduleOf(layer.name, deploy);
    if (layouts === undefined || module === undefined) {
      throw new InputError(
        `Cannot give layer ${layer.name} (${layer.getClassName()}) a PyTorch name: ` +
          `the networks of that family have no such layer.`,
      );
    }
    return weights.map((weight, i) => torchTensor(module, layer, i, weight.shape, layouts[i]!));
  });
}

function layoutsOf(layer: tf.layers.Layer): readonly Layout[] | undefined {
  if (SQUEEZE_EXCITE.test(layer.name)) return DENSE_AS_CONVOLUTION;
  return LAYOUTS.get(layer.getClassName());
}

function torchTensor(
  module: string,
  layer: tf.layers.Layer,
  position: number,
  shape: readonly number[],
  { suffix, axes, reshape }: Layout,
): TorchTensor {
  const permuted = permuteShape(shape, axes);
  return {
    name: `${module}.${suffix}`,
    shape: reshape?.(shape) ?? permuted,
    layer,
    position,
    toTorch: (values) => permute(values, shape, axes),
    fromTorch: (values) => permute(values, permuted, inversePermutation(axes)),
  };
}
