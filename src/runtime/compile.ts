/**
 * From a LayersModel to a {@link Program}: the layers that are needed at inference, in the order of their computation,
 * and their weights one after the other as float32.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { InputError } from "../errors.ts";
import { readGraph } from "../fuse/topology.ts";
import { WeightStore } from "../fuse/weights.ts";
import { fixedShape, HINT, ProgramBuilder } from "./builder.ts";
import { addLayer } from "./layer_steps.ts";
import type { Program } from "./program.ts";

/** A program with its weights. */
export interface CompiledNetwork {
  /** What is computed. */
  readonly program: Program;
  /** What {@link Program} refers to by offsets. */
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
  const builder = new ProgramBuilder(new WeightStore(artifacts));
  builder.assign(input, 0);
  for (const call of graph.calls) {
    if (call.layer.className === "InputLayer") continue;
    builder.assign({ call, index: 0, shape: call.shape }, addLayer(builder, call));
  }
  if (fixedShape(output).length !== 1) {
    throw new InputError(
      `Cannot export ${graph.name}: its output [${fixedShape(output)}] is not one number per class.`,
      HINT,
    );
  }
  const value = builder.valueOf(output);
  return {
    program: {
      inputShape: inputShape as [number, number, number],
      steps: builder.steps,
      output: value,
      givesProbabilities: builder.steps[value - 1]?.op === "softmax",
      weightCount: builder.weightCount,
    },
    weights: builder.weights(),
  };
}
