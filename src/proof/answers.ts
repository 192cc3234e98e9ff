/**
 * What two forms of a network make of the same inputs, whoever ran them.
 *
 * @module
 */
import type { ValueId } from "../graph/graph.ts";
import type { PlainArray } from "../runtime/reference.ts";

/** A tensor of an answer. */
export interface Numbers {
  /** Row by row. Not kept. */
  read(): ArrayLike<number> | Promise<ArrayLike<number>>;
  /** Images are [N, H, W, C] where a border is to be told from the interior. */
  readonly shape: readonly number[];
  /** That of one image of the batch, as the graph has it. */
  image(index: number): PlainArray | Promise<PlainArray>;
}

/** What both forms make of the same inputs. */
export interface Answers {
  readonly images: number;
  /** What the training form computes, by its values: the network's inputs, the sections' inputs and results, the outputs. */
  readonly training: ReadonlyMap<ValueId, Numbers>;
  /** What each section of the fused form makes of the training form's tensors. */
  readonly sections: readonly Numbers[];
  /** What the fused form gives. */
  readonly outputs: readonly Numbers[];
}
