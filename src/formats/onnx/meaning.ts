/**
 * What each operator of ONNX means: the one place where a node becomes operations. A new operator is one entry in
 * {@link RULES}; what is not there is opaque, with its shape where `shapes.ts` tells it.
 *
 * Images are [N, C, H, W] in the file and [N, H, W, C] in the graph: a tensor of the file carries the order of its axes,
 * and a Transpose changes nothing but that.
 *
 * Reference: https://github.com/onnx/onnx/blob/main/docs/Operators.md
 *
 * @module
 */
import { isReal } from "../../graph/graph.ts";
import { type Refusal, refuse } from "../../graph/refusal.ts";
import type { FileTensor, NodeCall } from "./node_call.ts";
import { activation, clip, joined, leaky, scaled, shifted, unchanged } from "./number_by_number.ts";
import { globalPool, pad, pool, reduced } from "./pooling.ts";
import { typeAfter } from "./shapes.ts";
import { upsampling } from "./upsampling.ts";
import { concatenation, reshaping, transposition } from "./rearranging.ts";
import type { Reading, Rule } from "./rule.ts";
import { batchNormalization, convolution, convolutionTranspose, dense, gemm } from "./weighted.ts";

const RULES: Readonly<Record<string, Rule>> = {
  Conv: convolution,
  ConvTranspose: convolutionTranspose,
  BatchNormalization: batchNormalization,
  Gemm: gemm,
  MatMul: (call) => {
    const x = call.tensor(0);
    const shape = call.constant(1)?.shape;
    return x !== undefined && shape?.length === 2 ? dense(call, x, shape[0]!, shape[1]!) : undefined;
  },
  Add: (call) => joined(call, "add") ?? shifted(call, 1, 1),
  Sum: (call) => joined(call, "add"),
  Sub: (call) => shifted(call, 1, -1) ?? shifted(call, -1, 1),
  Mul: (call) => joined(call, "multiply") ?? scaled(call, (factor) => factor),
  Div: (call) => call.tensor(0) === undefined ? undefined : scaled(call, (factor) => 1 / factor),
  Max: (call) => joined(call, "maximum"),
  Min: (call) => joined(call, "minimum"),
  Mean: (call) => joined(call, "average"),
  Pad: pad,
  MaxPool: (call) => pool(call, "maxPool"),
  AveragePool: (call) => pool(call, "averagePool"),
  GlobalAveragePool: (call) => globalPool(call, "globalAveragePool", undefined, true),
  GlobalMaxPool: (call) => globalPool(call, "globalMaxPool", undefined, true),
  Resize: upsampling,
  ReduceMean: (call) => reduced(call, "globalAveragePool"),
  ReduceMax: (call) => reduced(call, "globalMaxPool"),
  Concat: concatenation,
  Relu: activation("relu"),
  Sigmoid: activation("sigmoid"),
  Tanh: activation("tanh"),
  Softplus: activation("softplus"),
  Softsign: activation("softsign"),
  Mish: activation("mish"),
  Gelu: (call) => activation(call.text("approximate", "none") === "tanh" ? "gelu_new" : "gelu")(call),
  Selu: (call) => call.has("alpha") || call.has("gamma") ? undefined : activation("selu")(call),
  HardSigmoid: (call) => hardSigmoid(call, call.float("alpha", 0.2), call.float("beta", 0.5)),
  Elu: (call) => {
    const alpha = call.float("alpha", 1);
    return activation("elu", alpha === 1 ? {} : { alpha })(call);
  },
  LeakyRelu: (call) => leaky(call, call.float("alpha", 0.01)),
  PRelu: (call) => {
    const slopes = call.constant(1)?.numbers();
    return slopes?.length
      ? slopes.every((slope) => slope === slopes[0]) ? leaky(call, slopes[0]!) : undefined
      : undefined;
  },
  Clip: clip,
  Identity: unchanged,
  Dropout: (call) =>
    call.constant(2)?.numbers()[0] || call.node.output.slice(1).some((name) => name !== "")
      ? refuse("inference", "it is in training mode, or its mask is read", "Export the network in eval mode.")
      : unchanged(call),
  Cast: (call) => typeAfter(call) === call.tensor(0)?.dtype ? unchanged(call) : undefined,
  Transpose: transposition,
  Flatten: reshaping,
  Reshape: reshaping,
  Squeeze: reshaping,
  Unsqueeze: reshaping,
  Softmax: softmax,
};

/** Operators on integers that stand for others. */
const QUANTIZED: ReadonlySet<string> = new Set(["ConvInteger", "QLinearConv"]);

const ROUNDED = refuse(
  "layout",
  "it is quantized: what is folded into its integers would be rounded a second time",
  "Fuse the network in float32, and quantize the fused one.",
);

/** Operators that somebody expects to merge. */
const WEIGHTED: ReadonlySet<string> = new Set(["Conv", "ConvTranspose", "BatchNormalization"]);

function ofAnotherType({ name, dtype }: FileTensor): Refusal {
  return refuse(
    "layout",
    dtype === "unknown"
      ? `the data type of "${name}", which it reads, is not known`
      : `"${name}", which it reads, is ${dtype}, and float32 and float16 alone are folded`,
    dtype === "unknown" ? "Run onnx.shape_inference on the file first." : "Export the network in float32.",
  );
}

/** Operators whose attributes meant something else before opset 7, which is where we begin. */
const CHANGED_IN_7 = new Set(["Add", "BatchNormalization", "Div", "Dropout", "Gemm", "Mul", "PRelu", "Sub"]);

/**
 * What a node computes.
 *
 * @throws {InputError} when its attributes or the shape of a weight are broken.
 */
export function meaningOf(call: NodeCall): Reading | Refusal | undefined {
  const { domain, opType } = call.node;
  if (QUANTIZED.has(opType)) return ROUNDED;
  const other = call.operands.find((operand) => operand?.kind === "tensor" && !isReal(operand.tensor.dtype));
  if (other !== undefined) {
    if (!WEIGHTED.has(opType)) return undefined;
    const x = call.tensor(0);
    if (x !== undefined && !isReal(x.dtype)) return ofAnotherType(x);
  }
  if (call.opset < 7 && CHANGED_IN_7.has(opType)) return undefined;
  if ((domain !== "" && domain !== "ai.onnx") || !Object.hasOwn(RULES, opType)) return undefined;
  return RULES[opType]!(call);
}

function softmax(call: NodeCall): Reading | undefined {
  const x = call.tensor(0);
  if (x?.shape === undefined || x.axes === undefined) return undefined;
  const isOfAllBehind = call.opset < 13;
  const inFile = call.int("axis", isOfAllBehind ? 1 : -1);
  const axis = x.axes.at(inFile);
  // Before opset 13 it goes over all axes from this one on.
  if (axis === undefined || (isOfAllBehind && x.axes.indexOf(axis) !== x.axes.length - 1)) return undefined;
  return { parts: [{ op: "softmax", axis, shape: x.shape }], inputs: [x], axes: x.axes };
}

/** clip(α·x + β, 0, 1): of other numbers than Keras has it is a scale and a ReLU that ends at 1. */
function hardSigmoid(call: NodeCall, alpha: number, beta: number): Reading | undefined {
  if (isNear(alpha, 0.2) && isNear(beta, 0.5)) return activation("hard_sigmoid")(call);
  const x = call.tensor(0);
  // Before opset 7 a Mul does not repeat numbers, so that the scale could not be written.
  if (x === undefined || call.opset < 7) return undefined;
  return {
    parts: [
      { op: "scale", factors: [alpha], offsets: [beta], shape: x.shape },
      { op: "activation", activation: "relu", limit: 1, shape: x.shape },
    ],
    inputs: [x],
    axes: x.axes,
  };
}

function isNear(value: number, wanted: number): boolean {
  return Math.abs(value - wanted) < 1e-6;
}
