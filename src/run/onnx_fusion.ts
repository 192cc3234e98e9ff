/**
 * Fusion of an ONNX file, from disk to disk: the same format comes back, with the same names. Both files run in
 * onnxruntime, which is not ours, and a file that fails its proof is never written.
 *
 * @module
 */
import { basename } from "node:path";
import { type Answers, compareForms, type Numbers } from "../classify/equivalence.ts";
import type { FusionRecord } from "../classify/fusion_record.ts";
import { InputError } from "../errors.ts";
import { writeFileAtomically } from "../files/atomic_write.ts";
import { sha256 } from "../files/hash.ts";
import { checkOutputFolder } from "../files/output_folder.ts";
import { readOnnxFile } from "../formats/onnx/disk.ts";
import { type JudgeTensor, openNetwork } from "../formats/onnx/judge.ts";
import {
  type OnnxInput,
  onnxInputs,
  onnxOutputs,
  originalWithOutputs,
  sharedTensors,
  withOutputs,
} from "../formats/onnx/probe.ts";
import { writeOnnx } from "../formats/onnx/write.ts";
import { fuseGraph } from "../fuse/fuse.ts";
import { sizeOf } from "../graph/graph.ts";
import type { Progress } from "../progress.ts";
import { Random } from "../random.ts";
import { formatCount } from "../text/quantities.ts";
import {
  describeFusion,
  type FusionRequest,
  type FusionResult,
  OPEN_SIDE,
  placeOf,
  PROOF_SEED,
  writeProved,
} from "./fusion_output.ts";

/** Inputs in the proof at most, and at least: as many as a network of this many MACs takes in some seconds. */
const [MOST, LEAST, MACS] = [200, 8, 1e10] as const;

/** Inputs at once where the file leaves their number open; two, so that a fault that mixes them shows. */
const OPEN_BATCH = 2;

/**
 * Fuses an ONNX file and proves it on random inputs.
 *
 * @param path Of the file. Weights may lie in other files of its folder; they come into the fused one.
 * @throws {InputError} when it is not an ONNX file, or onnxruntime cannot run it.
 * @throws {GateError} when the forms differ; nothing is left at the output.
 */
export async function fuseOnnxFile(path: string, request: FusionRequest): Promise<FusionResult> {
  const { output, tolerance, progress } = request;
  const place = placeOf(request, [path]);
  const graph = await readOnnxFile(path);
  await checkOutputFolder(place);
  const { graph: fused, report } = fuseGraph(graph);
  progress.log(describeFusion(path, report));
  const after = writeOnnx(fused);
  const tensors = sharedTensors(graph, fused, report.regions.map((region) => region.fused.layer));
  const regions = report.regions.flatMap(({ name }, i) =>
    tensors[i] === undefined ? [] : [{ name, tensor: tensors[i], borderWidth: 0 }]
  );
  const wanted = regions.map(({ tensor }) => tensor);
  const outputs = onnxOutputs(graph);
  const forms = {
    before: originalWithOutputs(graph, wanted),
    after: withOutputs(after, wanted),
    tensors: wanted,
    inputs: onnxInputs(graph),
    outputs,
  };
  const proof = await compareForms({
    regions,
    outputs,
    answers: answers(forms, path, report.before.macs, progress),
    tolerance,
  });
  const record: FusionRecord = {
    source: path,
    snapshotHash: await sha256(originalWithOutputs(graph, [])),
    proof,
    ...report,
  };
  const file = basename(path);
  await writeProved(place, record, (folder) => writeFileAtomically(`${folder}/${file}`, after));
  return { output, file, record };
}

/** Two files that are to be one function: the one that was read, as it came, and the one that would be written. */
interface Forms {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** Tensors from within that both give out beside their outputs. */
  readonly tensors: readonly string[];
  readonly inputs: readonly OnnxInput[];
  readonly outputs: readonly string[];
}

/** What both files answer to noise. */
async function* answers(
  { before, after, tensors, inputs, outputs }: Forms,
  path: string,
  macs: number | null,
  progress: Progress,
): AsyncGenerator<Answers> {
  const count = macs === null ? LEAST : Math.min(MOST, Math.max(LEAST, Math.round(MACS / macs)));
  const random = Random.from(PROOF_SEED, "proof");
  const reference = await openNetwork(before, path);
  const candidate = await openNetwork(after, `${path}, fused`);
  try {
    for (let images = 0; images < count;) {
      progress.update("proof", `${images} of ${formatCount(count, "input")} compared`);
      const batch = new Map(inputs.map((input) => [input.name, noise(input, path, random)]));
      const [expected, found] = [await reference.run(batch), await candidate.run(batch)];
      const size = [...batch.values()][0]!.shape[0] ?? 1;
      images += size;
      const wanted = [...tensors, ...outputs];
      yield { images: size, expected: wanted.map(numbersIn(expected)), found: wanted.map(numbersIn(found)) };
    }
  } finally {
    await reference.release();
    await candidate.release();
  }
}

function numbersIn(tensors: ReadonlyMap<string, JudgeTensor>): (name: string) => Numbers {
  return (name) => {
    const { numbers, shape } = tensors.get(name)!;
    // Images are [N, C, H, W] here: their borders are not told apart.
    return { read: () => numbers, shape: shape.length === 4 ? [numbers.length] : shape };
  };
}

/** Uniform noise: bytes where the network takes whole numbers, and -1 to 1 elsewhere. */
function noise({ name, shape, dtype }: OnnxInput, path: string, random: Random): JudgeTensor {
  if (shape === undefined) {
    throw new InputError(
      `Cannot prove the fusion of ${path}: its input ${name} has no known number of axes.`,
    );
  }
  const sides = shape.map((length, axis) => length ?? (axis === 0 ? OPEN_BATCH : OPEN_SIDE));
  const draw = NOISE[dtype] ?? NOISE.int32!;
  return { numbers: Float32Array.from({ length: sizeOf(sides) }, () => draw(random)), shape: sides };
}

const floats = (random: Random) => random.uniform(-1, 1);
const bytes = (random: Random) => random.integer(256);

/** What the numbers of an input are, by data type. */
const NOISE: Readonly<Record<string, (random: Random) => number>> = {
  float32: floats,
  float16: floats,
  float64: floats,
  bool: (random) => random.integer(2),
  int8: (random) => random.integer(256) - 128,
  int32: bytes,
  int64: bytes,
  uint8: bytes,
};
