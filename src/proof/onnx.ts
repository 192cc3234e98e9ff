/**
 * The proof that a fused ONNX file computes the same function, with both files in onnxruntime, which is not ours.
 *
 * @module
 */
import { type JudgeTensor, openNetwork } from "../formats/onnx/judge.ts";
import { axesInFile, cutApart, madeIn, onnxOutputs, originalWithOutputs } from "../formats/onnx/probe.ts";
import { inversePermutation, permute, permuteShape } from "../formats/permute.ts";
import type { FusedGraph } from "../fuse/fuse.ts";
import { type Graph, sizeOf, type ValueId } from "../graph/graph.ts";
import type { PlainArray } from "../runtime/reference.ts";
import { type Answers, compareForms, type FusionProof, type Numbers } from "./equivalence.ts";
import { proofBatches, type ProofInputs } from "./inputs.ts";
import { sectionsOf } from "./sections.ts";

/** What {@link verifyOnnxFusion} needs. */
export interface OnnxVerification {
  readonly fusion: Pick<FusedGraph, "source" | "graph" | "counterparts">;
  /** The file that would be written. */
  readonly file: Uint8Array;
  /** What to call the network in an error: its path. */
  readonly name: string;
  readonly inputs: ProofInputs;
  /** As in `verifyFusion`. */
  readonly tolerance?: number | undefined;
  /** Told how many inputs were compared. */
  readonly onProgress: (done: number) => void;
}

/**
 * Compares the file that a network was read from with the one that was made of it.
 *
 * @throws {InputError} when onnxruntime cannot run one of them.
 */
export async function verifyOnnxFusion(request: OnnxVerification): Promise<FusionProof> {
  const { fusion, file, name, inputs, tolerance, onProgress } = request;
  const { source, graph, counterparts } = fusion;
  const made = madeIn(file);
  const nameOf = (value: ValueId) => graph.values[value]!.name!;
  const sections = sectionsOf(fusion, (value) => {
    const { name, dtype } = graph.values[value]!;
    const before = source.values[counterparts.get(value)!]!.name;
    return name !== undefined && name === before && made.has(name) && dtype === "float32";
  });
  const cuts = [...new Set(sections.flatMap(({ inputs }) => inputs))].map(nameOf);
  const results = sections.map(({ value }) => nameOf(value));
  const outputs = onnxOutputs(source);
  const cut = cutApart(file, cuts, results);
  const reference = await openNetwork(originalWithOutputs(source, [...cuts, ...results]), name);
  const whole = await openNetwork(file, `${name}, fused`);
  const apart = sections.length === 0 ? undefined : await openNetwork(cut.bytes, `${name}, fused`);
  try {
    return await compareForms({ fusion, sections, outputs, answers: answers(), tolerance });
  } finally {
    for (const network of [reference, whole, apart]) await network?.release();
  }

  async function* answers(): AsyncGenerator<Answers> {
    const numbersIn = reader(source);
    const named = new Map(
      [...source.inputs, ...source.values.map(({ name }, value) => ({ name, value }))].map(
        ({ name, value }) => [name, value],
      ),
    );
    let done = 0;
    for (const arrays of proofBatches(inputs)) {
      onProgress(done);
      const batch = new Map(source.inputs.map(({ name }, i) => [name, inFile(source, name, arrays[i]!)]));
      const expected = new Map([...batch, ...await reference.run(batch)]);
      const found = await whole.run(batch);
      const given = [...cut.given].map(([tensor, input]) => [input, expected.get(tensor)!] as const);
      const ofSections = await apart?.run(new Map([...batch, ...given]));
      done += inputs.batch;
      yield {
        images: inputs.batch,
        training: new Map(
          [...expected].map(([tensor, numbers]) => [named.get(tensor)!, numbersIn(tensor, numbers)]),
        ),
        sections: results.map((tensor) => numbersIn(tensor, ofSections!.get(tensor)!)),
        outputs: outputs.map((tensor) => numbersIn(tensor, found.get(tensor)!)),
      };
    }
  }
}

/** An input in the order in which the file has its axes. */
function inFile(graph: Graph, name: string, { data, shape }: PlainArray): JudgeTensor {
  const axes = axesInFile(graph).get(name) ?? shape.map((_, axis) => axis);
  return { numbers: permute(data, shape, axes), shape: permuteShape(shape, axes) };
}

/** Tensors of the file as a comparison takes them. */
function reader(graph: Graph): (name: string, tensor: JudgeTensor) => Numbers {
  const order = axesInFile(graph);
  return (name, { numbers, shape }) => ({
    read: () => numbers,
    // Images are [N, C, H, W] here: their borders are not told apart.
    shape: shape.length === 4 ? [numbers.length] : shape,
    image(index) {
      const axes = inversePermutation(order.get(name) ?? shape.map((_, axis) => axis));
      const one = permuteShape(shape, axes).map((length, axis) => axis === 0 ? 1 : length);
      const all = permute(numbers, shape, axes);
      const size = sizeOf(one);
      return { data: all.subarray(index * size, (index + 1) * size), shape: one };
    },
  });
}
