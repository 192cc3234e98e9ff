/**
 * A {@link Graph} as a {@link Classifier} on the runtime, for any number of images: they are cut into parts of one size, so
 * that one plan serves all of them.
 *
 * @module
 */
import { normalizePixels } from "../data/normalization.ts";
import { type Graph, sizeOf } from "../graph/graph.ts";
import type { Plan } from "../runtime/plan.ts";
import type { Runtime } from "../runtime/runtime.ts";
import { schedule } from "../runtime/schedule.ts";
import { type Classifier, imageCount, type ModelCard } from "./classifier.ts";

/** Images at once, at most: more take memory and no less time. */
const MAXIMUM_BATCH = 32;

/** What the values of one plan may take, where one image does not take more alone. In bytes. */
const MAXIMUM_ARENA_BYTES = 2 ** 28;

/**
 * A classifier around a network.
 *
 * @param graph One input [N, height, width, channels], one output [N, classes].
 */
export function runtimeClassifier(graph: Graph, card: ModelCard, runtime: Runtime): Classifier {
  const plans = new PlansBySize(graph, runtime);
  const arenaBytes = schedule(graph, 1).length * Float32Array.BYTES_PER_ELEMENT;
  const most = Math.max(1, Math.min(MAXIMUM_BATCH, Math.floor(MAXIMUM_ARENA_BYTES / arenaBytes)));
  const imageBytes = sizeOf(card.inputSize);
  return {
    async classify(pixels) {
      const count = imageCount(pixels, card);
      const size = Math.ceil(count / Math.ceil(count / most));
      let logits = new Float32Array(0);
      for (let start = 0; start < count; start += size) {
        const plan = await plans.holding(size);
        const part = pixels.subarray(start * imageBytes, Math.min(start + size, count) * imageBytes);
        const images = new Float32Array(plan.batch * imageBytes);
        images.set(normalizePixels(part, card.normalization));
        const [outputs] = plan.run([images]);
        const classes = outputs!.length / plan.batch;
        if (start === 0) logits = new Float32Array(count * classes);
        logits.set(outputs!.subarray(0, part.length / imageBytes * classes), start * classes);
      }
      return logits;
    },
    dispose() {
      plans.dispose();
      return Promise.resolve();
    },
  };
}

/** Plans of a network for several batch sizes: few, and none that is much larger than what it is used for. */
class PlansBySize {
  private readonly plans = new Map<number, Plan>();

  constructor(private readonly graph: Graph, private readonly runtime: Runtime) {}

  /** A plan for at least so many images, and at most twice as many. */
  async holding(size: number): Promise<Plan> {
    const fitting = [...this.plans.keys()].filter((batch) => batch >= size && batch <= 2 * size);
    if (fitting.length > 0) return this.plans.get(Math.min(...fitting))!;
    const plan = await this.runtime.compile(this.graph, { batch: size });
    // The new one serves in the place of those.
    for (const [batch, old] of this.plans) {
      if (batch > size || 2 * batch < size) continue;
      old.dispose();
      this.plans.delete(batch);
    }
    this.plans.set(size, plan);
    return plan;
  }

  dispose(): void {
    for (const plan of this.plans.values()) plan.dispose();
    this.plans.clear();
  }
}
