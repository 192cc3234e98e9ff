/**
 * An operator as the version of the operators says it that a file names. Terms are made in the words of opset 17; what
 * other versions say otherwise stands here.
 *
 * Reference: https://github.com/onnx/onnx/blob/main/docs/Changelog.md
 *
 * @module
 */
import { type Application, type Attribute, ints, type Term } from "./term.ts";

/** Pads and bounds are operands since opset 11, and attributes before. */
const OPERANDS_SINCE_11 = 11;

/** The axes of reductions are an operand since opset 18, and an attribute before. */
const AXES_OPERAND_SINCE = 18;

/** The same in another version. */
export function inOpset(application: Application, opset: number): Application {
  const { opType, operands, attributes } = application;
  const [x, ...others] = operands;
  if (opset < OPERANDS_SINCE_11 && (opType === "Pad" || opType === "Clip")) {
    const names = opType === "Pad" ? ["pads"] : ["min", "max"];
    const given = names.map((name, i) => [name, asAttribute(others[i]!)] as const);
    return { opType, operands: [x!], attributes: { ...attributes, ...Object.fromEntries(given) } };
  }
  if (opset >= AXES_OPERAND_SINCE && (opType === "ReduceMean" || opType === "ReduceMax")) {
    const { axes, ...rest } = attributes;
    return {
      opType,
      operands: [x!, { integers: (axes as readonly bigint[]).map(Number) }],
      attributes: rest,
    };
  }
  return application;
}

function asAttribute(term: Term): Attribute {
  if (typeof term === "object" && "integers" in term) return ints(term.integers);
  return term as number;
}
