/**
 * Kernels of names of our own that have a plain reference made of `tf` operations. The reference is the kernel where there
 * is no SIMD, and is called directly on backends that do not know the name.
 *
 * They run through the engine alone; what also runs below it is written with {@link compose}.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** Named tensors, or a list of them where there may be any number. */
type Inputs = Record<string, tf.Tensor> | readonly tf.Tensor[];

/** A kernel and its reference. */
export interface Operation<In extends Inputs, Attrs extends object> {
  /** The name in the kernel registry. */
  readonly kernelName: string;
  /** Computes fresh outputs. */
  readonly fallback: (inputs: In, attrs: Attrs) => tf.Tensor[];
}

/** Runs the kernel where the active backend has it, else its reference. */
export function runOperation<In extends Inputs, Attrs extends object>(
  { kernelName, fallback }: Operation<In, Attrs>,
  inputs: In,
  attrs: Attrs,
): tf.Tensor[] {
  if (tf.getKernel(kernelName, tf.getBackend()) === undefined) return tf.tidy(() => fallback(inputs, attrs));
  return tf.engine().runKernel(
    kernelName,
    inputs as unknown as tf.NamedTensorMap,
    attrs as unknown as tf.NamedAttrMap,
  ) as tf.Tensor[];
}

/** The reference as a kernel. */
export function operationKernel<In extends Inputs, Attrs extends object>(
  { fallback }: Operation<In, Attrs>,
): tf.KernelConfig["kernelFunc"] {
  return ({ inputs, attrs }) => tf.tidy(() => fallback(inputs as unknown as In, attrs as unknown as Attrs));
}
