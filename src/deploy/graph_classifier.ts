/**
 * A written network as a {@link Classifier}, from its data alone: nothing that lies in a folder is run.
 *
 * @module
 */
import { type Classifier, imageCount, type ModelCard } from "../classify/classifier.ts";
import { normalizePixels } from "../data/normalization.ts";
import { InputError } from "../errors.ts";
import { type Graph, sizeOf } from "../graph/graph.ts";
import { openRuntime } from "../runtime/machine.ts";
import { unpackGraph } from "../runtime/read_graph.ts";
import type { Plan } from "../runtime/plan.ts";

/** Images at once, at most: more take memory and no less time. */
const MAXIMUM_BATCH = 32;

/**
 * The graph in the bytes of two files.
 *
 * @param file Names the first in the error.
 * @throws {InputError} when it is no graph, or the weights are another's.
 */
export function readGraphFiles(
  file: string,
  json: Uint8Array<ArrayBuffer>,
  weights: Uint8Array<ArrayBuffer>,
): Graph {
  return unpackGraph(parse(file, json), floatsOf(weights));
}

function parse(file: string, json: Uint8Array): unknown {
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

/** A classifier on the runtime. */
export async function classifierOfGraph(graph: Graph, card: ModelCard): Promise<Classifier> {
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
        if (outputs!.length !== batch * card.classNames.length) {
          throw new InputError(
            `Cannot use the network: it gives [${
              plan.outputShapes[0]
            }], but there are ${card.classNames.length} classes`,
          );
        }
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
