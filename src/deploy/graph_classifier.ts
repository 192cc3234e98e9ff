/**
 * Networks that exports run on the runtime: the graph that is written, and what was written as a {@link Classifier}, from its
 * data alone: nothing that lies in a folder is run.
 *
 * @module
 */
import type { io } from "@tensorflow/tfjs";
import { type Classifier, imageCount, type ModelCard } from "../classify/classifier.ts";
import { normalizePixels } from "../data/normalization.ts";
import { InputError } from "../errors.ts";
import { type Graph, sizeOf } from "../graph/graph.ts";
import { withPrecision } from "../formats/tfjs/precision.ts";
import { readLayersModel } from "../formats/tfjs/read.ts";
import { openRuntime } from "../runtime/machine.ts";
import type { Plan } from "../runtime/plan.ts";

/** What to do with a network that is no classifier. */
const HINT = "Export it as tfjs or onnx, which take any model.";

/** Images at once, at most: more take memory and no less time. */
const MAXIMUM_BATCH = 32;

/**
 * What the runtime is to run of a classifier: its graph with weights in float32.
 *
 * @throws {InputError} when it is no LayersModel, or not the network that the card says.
 */
export function classifierGraph(artifacts: io.ModelArtifacts, card: ModelCard): Graph {
  const graph = readLayersModel(withPrecision(artifacts, "float32"));
  checkClassifier(graph, card);
  return graph;
}

/** That a network makes one number per class of one image. */
function checkClassifier(
  { name, values, inputs, outputs }: Graph,
  { inputSize, classNames }: ModelCard,
): void {
  const found = [inputs.map(({ value }) => value), outputs].map((ids) => ids.map((id) => values[id]!.shape));
  const expected = [inputSize, [classNames.length]];
  for (const [i, what] of ["input", "output"].entries()) {
    const [shape, ...others] = found[i]!;
    const wanted = expected[i]!;
    if (
      others.length === 0 && shape?.length === wanted.length + 1 &&
      wanted.every((length, axis) => shape[axis + 1] === length)
    ) continue;
    throw new InputError(
      `Cannot use ${name} as a classifier: expected one ${what} [N, ${
        wanted.join(", ")
      }] as its card says, found ` +
        `${
          found[i]!.map((shape) => `[${shape?.map((length) => length ?? "?") ?? "?"}]`).join(", ") || "none"
        }.`,
      HINT,
    );
  }
}

/**
 * What a file of JSON says.
 *
 * @param file Names it in the error.
 * @throws {InputError} when it is no JSON.
 */
export function parseJson(file: string, json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(json));
  } catch (error) {
    throw new InputError(`Cannot read ${file}: it is no JSON: ${(error as Error).message}`);
  }
}

/** Little-endian float32; what is left of a number that is cut off is left out. */
export function floatsOf(bytes: Uint8Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  return new Float32Array(
    bytes.slice(0, bytes.length - bytes.length % Float32Array.BYTES_PER_ELEMENT).buffer,
  );
}

/**
 * A classifier on the runtime.
 *
 * @throws {InputError} when it is not the network that the card says.
 */
export async function classifierOfGraph(graph: Graph, card: ModelCard): Promise<Classifier> {
  checkClassifier(graph, card);
  const runtime = await openRuntime();
  const plans = new Map<number, Plan>();
  const planFor = async (batch: number) => {
    let plan = plans.get(batch);
    if (plan === undefined) {
      // Whole batches, and what was left over last.
      for (const [size, old] of plans) {
        if (size === MAXIMUM_BATCH) continue;
        old.dispose();
        plans.delete(size);
      }
      plans.set(batch, plan = await runtime.compile(graph, { batch }));
    }
    return plan;
  };
  return {
    async classify(pixels) {
      const count = imageCount(pixels, card);
      const images = normalizePixels(pixels, card.normalization);
      const perImage = sizeOf(card.inputSize);
      const logits = new Float32Array(count * card.classNames.length);
      for (let start = 0; start < count; start += MAXIMUM_BATCH) {
        const batch = Math.min(MAXIMUM_BATCH, count - start);
        const plan = await planFor(batch);
        const [outputs] = plan.run([images.subarray(start * perImage, (start + batch) * perImage)]);
        logits.set(outputs!, start * card.classNames.length);
      }
      return logits;
    },
    dispose() {
      for (const plan of plans.values()) plan.dispose();
      return Promise.resolve();
    },
  };
}
