/**
 * The two executors of a {@link Program} as engines of the benchmark: TensorFlow.js, as an exported page runs it, and the
 * compiled kernels alone, as an exported module runs it.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { graphOfProgram } from "../../runtime/graph_of_program.ts";
import { compilePlan, type Plan } from "../../runtime/plan.ts";
import type { Program } from "../../runtime/program.ts";
import { createTfjsNetwork } from "../../deploy/page/tfjs_network.ts";
import type { Engine, Footprint } from "../engine.ts";

/** A contest between runtimes compares times: memory, which they count in different ways, is not measured. */
export function noFootprint(): Promise<Footprint> {
  return Promise.reject(new Error("Memory is not measured here"));
}

/**
 * A program on the active TensorFlow.js backend.
 *
 * @param choose Called before each run: chooses the kernels.
 */
export function createProgramEngine(
  name: string,
  program: Program,
  weights: Float32Array,
  choose: () => void,
): Engine {
  const network = createTfjsNetwork(program, weights);
  let images: tf.Tensor4D | undefined;
  let result = new Float32Array(0);
  return {
    name,
    prepare(batch) {
      images?.dispose();
      images = tf.tensor4d(batch.images, [...batch.shape]);
    },
    run() {
      choose();
      const outputs = network.run(images!);
      result = outputs.dataSync<"float32">() as Float32Array<ArrayBuffer>;
      outputs.dispose();
    },
    output: () => result,
    footprint: noFootprint,
    dispose() {
      images?.dispose();
      network.dispose();
    },
  };
}

/**
 * A program on the compiled kernels alone, by the plan that an exported module carries.
 *
 * @param module The kernels, for memory that is not shared.
 */
export function createModuleEngine(
  name: string,
  program: Program,
  weights: Float32Array,
  module: WebAssembly.Module,
): Engine {
  const graph = graphOfProgram({ program, weights });
  let plan: Plan | undefined;
  let images = new Float32Array(0);
  let result = new Float32Array(0);
  return {
    name,
    async prepare(batch) {
      images = batch.images as Float32Array<ArrayBuffer>;
      const size = batch.shape[0];
      if (plan?.batch === size) return;
      plan?.dispose();
      plan = await compilePlan(graph, size, { kernels: module });
    },
    run() {
      result = plan!.run([images])[0]!;
    },
    output: () => result,
    footprint: noFootprint,
    dispose: () => plan?.dispose(),
  };
}
