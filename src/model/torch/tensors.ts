/**
 * Each weight of a network as PyTorch has it: its name, its shape, and the way between the two layouts.
 *
 * | operation | here | PyTorch |
 * | --- | --- | --- |
 * | convolution, with groups and depthwise too | HWIO [kh, kw, C/groups, filters] | OIHW [filters, C/groups, kh, kw] |
 * | dense | [in, out] | [out, in], or [out, in, 1, 1] inside squeeze-and-excitation |
 * | batchNorm | γ, β, mean, variance | weight, bias, running_mean, running_var |
 *
 * @module
 */
import { InputError } from "../../errors.ts";
import { inversePermutation, permute, permuteShape } from "../../formats/permute.ts";
import { type Graph, type Operation, type WeightRef, weightsOf } from "../../graph/graph.ts";
import type { ModuleOfLayer } from "./modules.ts";

/** One weight on both sides. */
export interface TorchTensor {
  /** "stage1.0.rbr_dense.conv.weight" */
  readonly name: string;
  /** In PyTorch's order of axes. */
  readonly shape: readonly number[];
  /** Which weight of the network it is. */
  readonly ref: WeightRef;
  /** From our layout to PyTorch's. */
  toTorch(values: Float32Array): Float32Array<ArrayBuffer>;
  /** From PyTorch's layout to ours, into memory for as many numbers where it is given. */
  fromTorch(values: Float32Array, memory?: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer>;
}

/** One weight of an operation: what it is called in PyTorch, and how its axes lie there. */
interface Layout {
  readonly suffix: string;
  readonly ref: WeightRef | undefined;
  /** Axis k of PyTorch's tensor is axis `axes[k]` of ours. */
  readonly axes: readonly number[];
  /** Axes of length 1 that PyTorch's tensor has behind. */
  readonly ones?: readonly 1[];
}

const VECTOR = [0];
const HWIO_TO_OIHW = [3, 2, 0, 1];
const TRANSPOSED = [1, 0];

/** Layers of squeeze-and-excitation, whose dense layers are 1x1 convolutions in PyTorch. */
const SQUEEZE_EXCITE = /\/(?:se_reduce|se_expand|fc[12])$/;

/**
 * Every weight of the network with its name and layout in PyTorch, in the order of the operations.
 *
 * @param moduleOf From `networkModules`.
 * @throws {InputError} when an operation with weights has no counterpart there.
 */
export function torchTensors(graph: Graph, moduleOf: ModuleOfLayer): TorchTensor[] {
  return graph.operations.flatMap((operation) => {
    if (weightsOf(operation).length === 0) return [];
    const isDeploy = operation.op === "convolution" && operation.bias !== undefined;
    const module = moduleOf(operation.name, isDeploy);
    const layouts = layoutsOf(operation);
    if (layouts === undefined || module === undefined) {
      throw new InputError(
        `Cannot give layer ${operation.name} (${operation.origin?.kind ?? operation.op}) a PyTorch name: ` +
          `the networks of that family have no such layer.`,
      );
    }
    return layouts.flatMap((layout) =>
      layout.ref === undefined ? [] : [torchTensor(module, layout.ref, layout)]
    );
  });
}

function layoutsOf(operation: Operation): readonly Layout[] | undefined {
  switch (operation.op) {
    case "convolution":
      return [
        { suffix: "weight", ref: operation.kernel, axes: HWIO_TO_OIHW },
        { suffix: "bias", ref: operation.bias, axes: VECTOR },
      ];
    case "dense": {
      const ones = SQUEEZE_EXCITE.test(operation.name) ? [1, 1] as const : [];
      return [
        { suffix: "weight", ref: operation.kernel, axes: TRANSPOSED, ones },
        { suffix: "bias", ref: operation.bias, axes: VECTOR },
      ];
    }
    case "batchNorm":
      return [
        { suffix: "weight", ref: operation.gamma, axes: VECTOR },
        { suffix: "bias", ref: operation.beta, axes: VECTOR },
        { suffix: "running_mean", ref: operation.mean, axes: VECTOR },
        { suffix: "running_var", ref: operation.variance, axes: VECTOR },
      ];
    default:
      return undefined;
  }
}

function torchTensor(module: string, ref: WeightRef, { suffix, axes, ones = [] }: Layout): TorchTensor {
  const permuted = permuteShape(ref.shape, axes);
  return {
    name: `${module}.${suffix}`,
    shape: [...permuted, ...ones],
    ref,
    toTorch: (values) => permute(values, ref.shape, axes),
    fromTorch: (values, memory) => permute(values, permuted, inversePermutation(axes), memory),
  };
}
