/**
 * The proof that a fused ONNX file computes the same function, with both files in onnxruntime, which is not ours.
 *
 * @module
 */
import type { LightOnnx } from "../formats/onnx/bytes.ts";
import { intoFile, outOfFile } from "../formats/onnx/file_order.ts";
import { type JudgeTensor, type OnnxNetwork, openNetwork } from "../formats/onnx/judge.ts";
import { axesInFile, MadeOnnx, onnxOutputs, originalWithOutputs } from "../formats/onnx/probe.ts";
import type { FusedGraph } from "../fuse/fuse.ts";
import { type Graph, isReal, sizeOf, type ValueId } from "../graph/graph.ts";
import { decodeHalves, encodeHalves } from "../graph/half_float.ts";
import type { Answers, Numbers } from "./answers.ts";
import { compareForms, type FusionProof } from "./equivalence.ts";
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
  const fused = new MadeOnnx(file);
  const made = fused.names();
  const nameOf = (value: ValueId) => graph.values[value]!.name!;
  const sections = sectionsOf(fusion, (value) => {
    const { name, dtype } = graph.values[value]!;
    const before = source.values[counterparts.get(value)!]!.name;
    return name !== undefined && name === before && made.has(name) && isReal(dtype);
  });
  const cuts = [...new Set(sections.flatMap(({ inputs }) => inputs))].map(nameOf);
  const results = sections.map(({ value }) => nameOf(value));
  const outputs = onnxOutputs(source);
  const training = originalWithOutputs(source, [...cuts, ...results]);
  const halves = new Set(
    graph.values.flatMap(({ name, dtype }) => name !== undefined && dtype === "float16" ? [name] : []),
  );
  const { file: apart, given } = fused.cutApart(cuts, results, halves);
  return await compareForms({ fusion, sections, outputs, answers: answers(), tolerance });

  async function* answers(): AsyncGenerator<Answers> {
    const numbersIn = reader(source);
    const order = axesInFile(source);
    const named = new Map(
      [...source.inputs, ...source.values.map(({ name }, value) => ({ name, value }))].map(
        ({ name, value }) => [name, value],
      ),
    );
    const batches = proofBatches(inputs);
    let done = 0;
    for (let expected = await nextExpected(); expected.length > 0; expected = await nextExpected()) {
      const found: Tensors[] = [];
      for await (const answer of runs(fused.whole(), `${name}, fused`, expected.map(({ batch }) => batch))) {
        found.push(answer);
      }
      const cutInputs = expected.map(({ batch, answer }) =>
        new Map([...batch, ...[...given].map(([tensor, input]) => [input, answer.get(tensor)!] as const)])
      );
      const ofSections = sections.length === 0 ? undefined : runs(apart, `${name}, fused`, cutInputs);
      try {
        for (const [i, { batch, answer }] of expected.entries()) {
          onProgress(done);
          const apartAnswer: Tensors | undefined = (await ofSections?.next())?.value;
          done += inputs.batch;
          yield {
            images: inputs.batch,
            training: new Map(
              [...batch, ...answer].map((
                [tensor, numbers],
              ) => [named.get(tensor)!, numbersIn(tensor, numbers)]),
            ),
            sections: results.map((tensor) => numbersIn(tensor, apartAnswer!.get(tensor)!)),
            outputs: outputs.map((tensor) => numbersIn(tensor, found[i]!.get(tensor)!)),
          };
        }
      } finally {
        await ofSections?.return(undefined);
      }
    }

    /** What the training form computes for as many batches as may be kept. */
    async function nextExpected(): Promise<readonly { readonly batch: Tensors; readonly answer: Tensors }[]> {
      const found: { readonly batch: Tensors; readonly answer: Tensors }[] = [];
      let bytes = 0;
      const fed: Tensors[] = [];
      const waiting = (function* () {
        while (bytes < KEPT_BYTES) {
          const { value: arrays } = batches.next();
          if (arrays === undefined) return;
          const batch = new Map(
            source.inputs.map((
              { name, value },
              i,
            ) => [
              name,
              intoFile(
                { numbers: as(source.values[value]!.dtype, arrays[i]!.data), shape: arrays[i]!.shape },
                order.get(name),
              ),
            ]),
          );
          fed.push(batch);
          yield batch;
        }
      })();
      for await (const answer of runs(training, name, waiting)) {
        for (const { numbers } of answer.values()) bytes += numbers.length * Float32Array.BYTES_PER_ELEMENT;
        found.push({ batch: fed.at(-1)!, answer });
      }
      return found;
    }
  }
}

/** Bytes of the training form's tensors that are kept at most (but for one batch) while the fused form runs. */
const KEPT_BYTES = 64e6;

/** Numbers as a network takes them, so that what is compared with float64 began from the same. */
function as(dtype: string, numbers: Float32Array): Float32Array {
  return dtype === "float16" ? decodeHalves(encodeHalves(numbers)) : numbers;
}

type Tensors = ReadonlyMap<string, JudgeTensor>;

/** Runs a file on one batch after another. It takes memory from the first batch to the last. */
async function* runs(
  { bytes, external }: LightOnnx,
  name: string,
  batches: Iterable<Tensors>,
): AsyncGenerator<Tensors, undefined> {
  let network: OnnxNetwork | undefined;
  try {
    for (const batch of batches) {
      network ??= await openNetwork(bytes, name, { external });
      yield await network.run(batch);
    }
  } finally {
    await network?.release();
  }
}

/** Tensors of the file as a comparison takes them. */
function reader(graph: Graph): (name: string, tensor: JudgeTensor) => Numbers {
  const order = axesInFile(graph);
  return (name, tensor) => ({
    read: () => tensor.numbers,
    // Images are [N, C, H, W] here: their borders are not told apart.
    shape: tensor.shape.length === 4 ? [tensor.numbers.length] : tensor.shape,
    image(index) {
      const { numbers, shape } = outOfFile(tensor, order.get(name));
      const one = shape.map((length, axis) => axis === 0 ? 1 : length);
      const size = sizeOf(one);
      return { data: numbers.subarray(index * size, (index + 1) * size), shape: one };
    },
  });
}
