/**
 * One fault of the stock kernels, mended, so that they can be held against others on every network. "Same" padding of a
 * window that is smaller than its stride pads nothing; XNNPACK, which counts without a sign, reads far outside the image
 * instead. With the padding in numbers, which cost it nothing, it computes what the cpu backend does.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** The kernels with the fault, and whether their filters are depthwise. */
const FAULTY = {
  Conv2D: false,
  FusedConv2D: false,
  DepthwiseConv2dNative: true,
  FusedDepthwiseConv2D: true,
};

/** What the kernels are given, as far as it is read here. */
interface Convolution {
  readonly inputs: Readonly<Record<"x" | "filter", tf.TensorInfo>>;
  readonly attrs: {
    readonly pad: "same" | "valid" | number | tf.backend_util.ExplicitPadding;
    readonly strides: number | [number, number];
    readonly dilations: number | [number, number];
  };
}

/** Mends the kernels of a backend. */
export function mendStockPadding(backend: string): void {
  for (const [name, isDepthwise] of Object.entries(FAULTY)) {
    const stock = tf.getKernel(name, backend);
    tf.unregisterKernel(name, backend);
    tf.registerKernel({
      ...stock,
      kernelFunc: (args) => stock.kernelFunc({ ...args, attrs: withPadding(args, isDepthwise) }),
    });
  }
}

type KernelArguments = Parameters<tf.KernelConfig["kernelFunc"]>[0];

function withPadding(args: KernelArguments, isDepthwise: boolean): tf.NamedAttrMap {
  const { inputs: { x, filter }, attrs: { pad, strides, dilations } } = args as unknown as Convolution;
  if (pad !== "same") return args.attrs!;
  const { padInfo } = tf.backend_util.computeConv2DInfo(
    x.shape as [number, number, number, number],
    filter.shape as [number, number, number, number],
    strides,
    dilations ?? 1,
    pad,
    "floor",
    isDepthwise,
  );
  const { top, bottom, left, right } = padInfo;
  return { ...args.attrs, pad: [[0, 0], [top, bottom], [left, right], [0, 0]] };
}
