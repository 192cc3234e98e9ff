/**
 * Weights in the layout that a kernel wants, kept until somebody says that the array they were made from is gone or has
 * changed ({@link TransformedWeights.forget}).
 *
 * @module
 */
import { type ArrayView, type Heap, HeapBlock } from "./heap.ts";

/** One array in one layout. */
interface Transformed {
  readonly block: HeapBlock;
  readonly dataId: object;
  readonly layout: string;
}

/** A cache of transformed weights in the heap. */
export class TransformedWeights {
  private readonly blocks = new Map<object, Map<string, Transformed>>();
  /** The one that was asked for longest ago first. */
  private readonly byUse = new Set<Transformed>();
  private held = 0;

  /**
   * @param limit Bytes to hold at most: what was asked for longest ago makes way. For whoever asks at every launch; a plan that
   *   keeps the offsets has no limit.
   */
  constructor(private readonly heap: Heap, private readonly limit = Infinity) {}

  /**
   * The byte offset of an array's transformed data.
   *
   * @param layout Names the transformation with all that it depends on besides the data.
   * @param bytes How much memory it takes.
   * @param transform Writes it to the offset; called when it is not there yet.
   */
  get(array: ArrayView, layout: string, bytes: number, transform: (offset: number) => void): number {
    const { dataId } = array;
    const known = this.blocks.get(dataId)?.get(layout);
    if (known !== undefined) {
      this.byUse.delete(known);
      this.byUse.add(known);
      return known.block.offset;
    }
    for (const oldest of this.byUse) {
      if (this.held + bytes <= this.limit) break;
      this.drop(oldest);
    }
    const made = { block: new HeapBlock(this.heap, bytes), dataId, layout };
    const layouts = this.blocks.get(dataId) ?? new Map<string, Transformed>();
    this.blocks.set(dataId, layouts.set(layout, made));
    this.byUse.add(made);
    this.held += made.block.bytes;
    transform(made.block.offset);
    return made.block.offset;
  }

  /** Bytes that are held for all arrays together. */
  bytes(): number {
    return this.held;
  }

  /** Gives back what was made from this data. */
  forget(dataId: object): void {
    for (const transformed of this.blocks.get(dataId)?.values() ?? []) this.drop(transformed);
  }

  /** Gives everything back. */
  dispose(): void {
    for (const transformed of this.byUse) this.drop(transformed);
  }

  private drop(transformed: Transformed): void {
    const { block, dataId, layout } = transformed;
    const layouts = this.blocks.get(dataId)!;
    layouts.delete(layout);
    if (layouts.size === 0) this.blocks.delete(dataId);
    this.byUse.delete(transformed);
    this.held -= block.bytes;
    block.free();
  }
}
