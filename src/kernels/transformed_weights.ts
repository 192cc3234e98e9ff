/**
 * Weights in the layout that a kernel wants, kept until somebody says that the array they were made from is gone or has
 * changed ({@link TransformedWeights.forget}).
 *
 * @module
 */
import { type ArrayView, type Heap, HeapBlock } from "./heap.ts";

/** A cache of transformed weights in the heap. */
export class TransformedWeights {
  private readonly blocks = new Map<object, Map<string, HeapBlock>>();

  constructor(private readonly heap: Heap) {}

  /**
   * The byte offset of an array's transformed data.
   *
   * @param layout Names the transformation with all that it depends on besides the data.
   * @param bytes How much memory it takes.
   * @param transform Writes it to the offset; called when it is not there yet.
   */
  get(array: ArrayView, layout: string, bytes: number, transform: (offset: number) => void): number {
    let layouts = this.blocks.get(array.dataId);
    if (layouts === undefined) this.blocks.set(array.dataId, layouts = new Map());
    let block = layouts.get(layout);
    if (block === undefined) {
      layouts.set(layout, block = new HeapBlock(this.heap, bytes));
      transform(block.offset);
    }
    return block.offset;
  }

  /** Bytes that are held for all arrays together. */
  bytes(): number {
    let sum = 0;
    for (const layouts of this.blocks.values()) for (const block of layouts.values()) sum += block.bytes;
    return sum;
  }

  /** Gives back what was made from this data. */
  forget(dataId: object): void {
    const layouts = this.blocks.get(dataId);
    if (layouts === undefined) return;
    this.blocks.delete(dataId);
    for (const block of layouts.values()) block.free();
  }

  /** Gives everything back. */
  dispose(): void {
    for (const dataId of [...this.blocks.keys()]) this.forget(dataId);
  }
}
