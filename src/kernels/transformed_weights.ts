/**
 * Weights in the layout that a kernel wants, kept as long as the tensor they were made from. A tensor's data never
 * changes while it lives: assigning to a `tf.Variable` gives it new data, under a new data id. A kernel that does write
 * into existing data must call {@link TransformedWeights.forget}.
 *
 * @module
 */
import { HeapBlock, onDispose, type TensorInfo, type WasmBackend } from "./heap.ts";

/** A cache of transformed weights in the heap. */
export class TransformedWeights {
  private readonly blocks = new Map<object, Map<string, HeapBlock>>();
  private readonly stopListening: () => void;

  constructor(private readonly backend: WasmBackend) {
    this.stopListening = onDispose(backend, (dataId) => this.forget(dataId));
  }

  /**
   * The byte offset of a tensor's transformed data.
   *
   * @param layout Names the transformation with all that it depends on besides the data.
   * @param bytes How much memory it takes.
   * @param transform Writes it to the offset; called when it is not there yet.
   */
  get(tensor: TensorInfo, layout: string, bytes: number, transform: (offset: number) => void): number {
    let layouts = this.blocks.get(tensor.dataId);
    if (layouts === undefined) this.blocks.set(tensor.dataId, layouts = new Map());
    let block = layouts.get(layout);
    if (block === undefined) {
      layouts.set(layout, block = new HeapBlock(this.backend, bytes));
      transform(block.offset);
    }
    return block.offset;
  }

  /** Bytes that are held for all tensors together. */
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
    this.stopListening();
    for (const dataId of [...this.blocks.keys()]) this.forget(dataId);
  }
}
